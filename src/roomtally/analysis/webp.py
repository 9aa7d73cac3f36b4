"""The size of a WebP picture by its header; Pillow tells it only after it has made room for the whole picture."""

from typing import Final

HEADER_BYTES: Final = 30


def size(head: bytes) -> tuple[int, int]:
    """Width and height by the first HEADER_BYTES; (0, 0) for a chunk that no decoder knows, or a broken one."""
    chunk = head[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return 0, 0
