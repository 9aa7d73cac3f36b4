"""HEIC and AVIF: boxes; EXIF and XMP are items that the file's directory points to. They are overwritten with zeros in their
place, so that no other offset of the file moves."""

from collections.abc import Iterator
from typing import NamedTuple

HIDDEN_ITEMS = frozenset({b"Exif", b"mime", b"uri "})
PICTURE_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free"})


class Box(NamedTuple):
    name: bytes
    start: int  # of the content
    end: int


class Extent(NamedTuple):
    in_idat: bool
    offset: int
    length: int


def strip_heif(body: bytes) -> bytes:
    """Raises ValueError for a broken file."""
    top = list(_boxes(body, 0, len(body)))
    meta = next((box for box in top if box.name == b"meta"), None)
    if meta is None:
        raise ValueError("no directory")
    inside = {box.name: box for box in _boxes(body, meta.start + 4, meta.end)}
    hidden = set(_hidden_items(body, inside[b"iinf"])) if b"iinf" in inside else set[int]()
    clean = bytearray(body)
    for extent in _extents(body, inside[b"iloc"], hidden) if hidden else ():
        base = inside[b"idat"].start if extent.in_idat else 0
        _zero(clean, base + extent.offset, extent.length or len(body) - extent.offset)
    for box in top:
        if box.name not in PICTURE_BOXES:  # uuid and others: XMP of some programs
            _zero(clean, box.start, box.end - box.start)
    return bytes(clean)


def _zero(clean: bytearray, start: int, length: int) -> None:
    if start + length > len(clean):
        raise ValueError("an item that goes beyond the file")
    clean[start : start + length] = bytes(length)


def _boxes(body: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, head = int.from_bytes(body[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(body[at + 8 : at + 16], "big"), 16
        stop = end if size == 0 else at + size
        if stop > end or stop < at + head:
            raise ValueError("a box that goes beyond its parent")
        yield Box(body[at + 4 : at + 8], at + head, stop)
        at = stop


def _hidden_items(body: bytes, iinf: Box) -> Iterator[int]:
    count_bytes = 2 if body[iinf.start] == 0 else 4
    for entry in _boxes(body, iinf.start + 4 + count_bytes, iinf.end):
        version = body[entry.start]
        if entry.name != b"infe" or version < 2:
            continue
        id_bytes = 2 if version == 2 else 4
        item = int.from_bytes(body[entry.start + 4 : entry.start + 4 + id_bytes], "big")
        kind = entry.start + 4 + id_bytes + 2
        if body[kind : kind + 4] in HIDDEN_ITEMS:
            yield item


class _Reader:
    def __init__(self, body: bytes, at: int) -> None:
        self._body, self._at = body, at

    def number(self, size: int) -> int:
        value = int.from_bytes(self._body[self._at : self._at + size], "big")
        self._at += size
        if self._at > len(self._body):
            raise ValueError("the directory ends too soon")
        return value


def _extents(body: bytes, iloc: Box, wanted: set[int]) -> Iterator[Extent]:
    """ISO/IEC 14496-12, 8.11.3: sizes of the fields come first, then one entry an item."""
    read = _Reader(body, iloc.start)
    version = read.number(1)
    read.number(3)
    sizes, more = read.number(1), read.number(1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version in {1, 2} else 0
    for _ in range(read.number(2 if version < 2 else 4)):
        item = read.number(2 if version < 2 else 4)
        method = read.number(2) & 15 if version in {1, 2} else 0
        read.number(2)
        base = read.number(base_size)
        for _ in range(read.number(2)):
            read.number(index_size)
            offset, length = base + read.number(offset_size), read.number(length_size)
            if item in wanted and method in {0, 1}:
                yield Extent(method == 1, offset, length)
