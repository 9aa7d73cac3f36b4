"""An original as it may be handed out again: without place, time, camera, and whatever else a phone writes into a photo.

JPEG, PNG and WebP are copied piece by piece, so not a pixel changes; HEIC, whose pieces point at each other, is written anew
as JPEG. What turns the picture upright stays.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from roomtally import errors
from roomtally.analysis import decode

JPEG_QUALITY: Final = 92  # of a HEIC that becomes a JPEG

_START_OF_SCAN: Final = 0xDA
_END: Final = 0xD9
_ICC: Final = b"ICC_PROFILE\x00"
_COLOUR_SEGMENTS: Final = frozenset({0xE0, 0xEE})  # JFIF and Adobe: without them colours are read wrongly
_COMMENT: Final = 0xFE
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in scan data FF is followed by 00 or a restart marker
_PNG_KEPT: Final = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs",
})  # fmt: skip
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
_WEBP_HAS_XMP, _WEBP_HAS_EXIF = 0x04, 0x08


def strip_metadata(data: bytes, *, max_pixels: int = decode.MAX_PIXELS) -> tuple[bytes, str]:
    """(bytes, media type) of the same picture; raises `errors.Invalid` for anything that is not a sound photo."""
    kind = decode.accepted_type(data)
    try:
        turn = decode.orientation(decode.open_header(data, kind, max_pixels))
        match kind:
            case "image/jpeg":
                return b"".join(_jpeg(data, turn)), kind
            case "image/png":
                return b"".join(_png(data, turn)), kind
            case "image/webp":
                return _webp(data, turn), kind
            case _:
                return _as_jpeg(data, max_pixels), "image/jpeg"
    except (errors.Invalid, MemoryError):
        raise
    except Exception as error:  # as in `decode`: whatever a broken file leads a reader to
        raise decode.damaged() from error


def _exif(turn: int) -> bytes:
    """A TIFF header and a directory of one entry: the orientation."""
    return b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, decode.ORIENTATION, 3, 1, turn, 0, 0)


def _jpeg(data: bytes, turn: int) -> Iterator[bytes]:
    yield data[:2]
    if turn != 1:
        content = b"Exif\x00\x00" + _exif(turn)
        yield b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content
    at = 2
    while at < len(data):
        at, marker = _marker(data, at)
        if marker == _END:
            break  # what follows is a second picture, with metadata of its own
        (length,) = struct.unpack_from(">H", data, at)
        end = at + length
        if end > len(data):
            raise ValueError("a segment reaches beyond the file")
        if marker == _START_OF_SCAN:
            end = _end_of_scan(data, end)
        if _is_kept(marker, data[at + 2 : at + 2 + len(_ICC)]):
            yield data[at - 2 : end]
        at = end
    yield bytes([0xFF, _END])


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """(position behind the marker, marker); fill bytes are skipped."""
    if data[at] != 0xFF:
        raise ValueError(f"no marker at {at}")
    while data[at] == 0xFF:
        at += 1
    return at + 1, data[at]


def _end_of_scan(data: bytes, at: int) -> int:
    found = _NEXT_MARKER.search(data, at)
    return len(data) if found is None else found.start()


def _is_kept(marker: int, head: bytes) -> bool:
    is_metadata = marker == _COMMENT or 0xE0 <= marker <= 0xEF
    return not is_metadata or marker in _COLOUR_SEGMENTS or (marker == 0xE2 and head == _ICC)


def _png(data: bytes, turn: int) -> Iterator[bytes]:
    yield data[:8]
    at, name = 8, b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if name in _PNG_KEPT:
            yield data[at : at + 12 + length]
        if name == b"IHDR" and turn != 1:
            yield _png_chunk(b"eXIf", _exif(turn))
        at += 12 + length


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _webp(data: bytes, turn: int) -> bytes:
    chunks = [(name, content) for name, content in _riff(data) if name in _WEBP_KEPT]
    if turn != 1:
        chunks.append((b"EXIF", _exif(turn)))
    body = b"".join(
        name + struct.pack("<I", len(content)) + _flagged(name, content, turn) + b"\x00" * (len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while at + 8 <= end:
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _flagged(name: bytes, content: bytes, turn: int) -> bytes:
    """The header chunk says which others there are."""
    if name != b"VP8X":
        return content
    flags = content[0] & ~(_WEBP_HAS_XMP | _WEBP_HAS_EXIF)
    return bytes([flags | (_WEBP_HAS_EXIF if turn != 1 else 0)]) + content[1:]


def _as_jpeg(data: bytes, max_pixels: int) -> bytes:
    out = BytesIO()
    decode.decode(data, max_pixels=max_pixels, reduced=False).image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
