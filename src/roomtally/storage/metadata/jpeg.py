"""JPEG: a row of segments, each with a marker and a length, then scans of coded data."""

import re
from collections.abc import Iterator

SOI, EOI, SOS, APP1, COM = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
# JFIF (density), ICC profile (colours), Adobe (CMYK or not): without these the picture looks different.
KEPT = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
ORIENTATION_TAG = 0x0112
# After a scan begins, the next marker is 0xFF and anything but a stuffed zero, a restart or a fill byte.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def strip_jpeg(body: bytes) -> bytes:
    """Ends at the end of the image: some phones append films. The way up is kept. Raises ValueError for a broken file."""
    if body[:2] != b"\xff\xd8":
        raise ValueError("no start of image")
    orientation, kept = 1, list[bytes]()
    for marker, start, end in _segments(body):
        if marker == APP1 and body[start + 4 : start + 10] == b"Exif\0\0":
            orientation = _orientation(body[start + 10 : end])
        elif _is_kept(marker, body, start):
            kept.append(body[start:end])
    way_up = _orientation_segment(orientation) if orientation != 1 else b""
    return b"".join([b"\xff\xd8", way_up, *kept])


def _segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) up to and with the end of the image; a scan's coded data belongs to its segment."""
    at = 2
    while True:
        at = _skip_fill(body, at)
        marker = body[at + 1]
        if marker == EOI:
            yield marker, at, at + 2
            return
        end = at + 2 if marker in STANDALONE else at + 2 + int.from_bytes(body[at + 2 : at + 4], "big")
        if marker == SOS:
            found = NEXT_MARKER.search(body, end)
            if not found:
                yield marker, at, len(body)  # truncated: the scan is all there is
                return
            end = found.start()
        if end > len(body) or end < at + 2:
            raise ValueError("a segment that goes beyond the file")
        yield marker, at, end
        at = end


def _skip_fill(body: bytes, at: int) -> int:
    if body[at] != 0xFF:
        raise ValueError("no marker where one must be")
    while body[at + 1] == 0xFF:
        at += 1
    return at


def _is_kept(marker: int, body: bytes, start: int) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return any(marker == kind and body.startswith(name, start + 4) for kind, name in KEPT)
    return marker != COM


def _orientation(tiff: bytes) -> int:
    """Of an EXIF block; 1 (upright) where it says nothing that makes sense."""
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    directory = number(4, 4)
    for n in range(min(number(directory, 2), 200)):
        entry = directory + 2 + 12 * n
        if number(entry, 2) == ORIENTATION_TAG:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def _orientation_segment(value: int) -> bytes:
    """An EXIF block that says nothing but which way is up."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + value.to_bytes(2, "big") + b"\0\0"
    tiff = b"MM\0*\0\0\0\x08" + b"\0\x01" + entry + b"\0\0\0\0"
    block = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
