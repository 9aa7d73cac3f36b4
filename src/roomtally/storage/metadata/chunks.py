"""PNG and WebP: rows of named chunks."""

from collections.abc import Iterator

PNG_START = b"\x89PNG\r\n\x1a\n"
# What the picture is drawn from, plus what its colours mean; texts, times, EXIF and unknown chunks go.
PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"}
    | {b"acTL", b"fcTL", b"fdAT", b"cICP"}
)
WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
WEBP_HIDDEN_FLAGS = 0x08 | 0x04  # EXIF and XMP in the flags of VP8X


def strip_png(body: bytes) -> bytes:
    """Raises ValueError for a broken file. What follows IEND goes too."""
    if not body.startswith(PNG_START):
        raise ValueError("no PNG")
    return PNG_START + b"".join(body[start:end] for name, start, end in _png_chunks(body) if name in PNG_KEPT)


def _png_chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    at, name = len(PNG_START), b""
    while name != b"IEND":
        name, end = body[at + 4 : at + 8], at + 12 + int.from_bytes(body[at : at + 4], "big")
        if end > len(body):
            raise ValueError("a chunk that goes beyond the file")
        yield name, at, end
        at = end


def strip_webp(body: bytes) -> bytes:
    """Raises ValueError for a broken file."""
    if body[:4] != b"RIFF" or body[8:12] != b"WEBP":
        raise ValueError("no WebP")
    kept = b"WEBP" + b"".join(_without_flags(name, chunk) for name, chunk in _webp_chunks(body) if name in WEBP_KEPT)
    return b"RIFF" + len(kept).to_bytes(4, "little") + kept


def _webp_chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, whole = 12, min(len(body), 8 + int.from_bytes(body[4:8], "little"))
    while at + 8 <= whole:
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if at + 8 + size > len(body):
            raise ValueError("a chunk that goes beyond the file")
        yield body[at : at + 4], body[at:end]
        at = end


def _without_flags(name: bytes, chunk: bytes) -> bytes:
    if name != b"VP8X":
        return chunk
    return chunk[:8] + bytes([chunk[8] & ~WEBP_HIDDEN_FLAGS]) + chunk[9:]
