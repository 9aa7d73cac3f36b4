"""What a file is, judged by its first bytes; what the sender says it is counts for nothing."""

HEAD_BYTES = 32  # enough for every signature below

READABLE = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})  # of what `sniff` knows

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def sniff(head: bytes) -> str | None:
    """The image type that the first `HEAD_BYTES` of a file show, or None where they show no image."""
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if (
        head[:2] == b"BM" and len(head) >= 14 and head[6:10] == b"\x00\x00\x00\x00"
    ):  # two letters alone begin many texts
        return "image/bmp"
    return _heif(head)


def _heif(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return None
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(len(head), HEAD_BYTES), 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & _HEIF_BRANDS else None
