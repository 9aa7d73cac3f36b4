"""Bytes to an upright RGB picture, no larger than the engines need. Everything that can be wrong is the photo's fault."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from roomtally import errors
from roomtally.analysis import webp
from roomtally.storage.sniff import HEAD_BYTES, READABLE, sniff

MAX_PIXELS: Final = 50_000_000
MIN_SIDE: Final = 32  # pixels; on less nothing can be told, and a picture of 1 x 1 is a tracker, not a photo
WORKING_SIDE: Final = 608
"""Pixels of the shorter side that are enough: no view of an engine is higher, so that every later resize still shrinks."""

ORIENTATION: Final = 0x0112  # the EXIF tag
_UPRIGHT: Final[Mapping[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_REDUCIBLE: Final = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
_SIXTEEN_BITS: Final = frozenset({"I", "I;16", "I;16B", "I;16L"})


class Decoded(msgspec.Struct, frozen=True):
    """`image` is upright RGB, reduced; width and height are the upright original's, in pixels."""

    image: Image.Image
    width: int
    height: int
    content_type: str


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, reduced: bool = True) -> Decoded:
    """Reads JPEG, PNG, WebP or HEIC; raises `errors.Invalid` with a sentence for the person whose photo it is.

    Sizes are read from the header and refused before a pixel is decoded. Nothing global of Pillow is touched.
    """
    kind = accepted_type(data)
    try:
        source = open_header(data, kind, max_pixels)
        return _upright(source, kind, reduced=reduced)
    except (errors.Invalid, MemoryError):
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error and more; each means a broken file
        raise damaged() from error


def accepted_type(data: bytes) -> str:
    """The media type of `data` (its first bytes are enough); raises `errors.Invalid` where it is not one we read."""
    if not data:
        raise errors.Invalid("photo-empty", "The file is empty. Upload the photo again.")
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise errors.Invalid(
            "photo-not-an-image", "This file is not a picture. Upload the photo as JPEG, PNG, WebP or HEIC."
        )
    if kind not in READABLE:
        name = kind.partition("/")[2].upper()
        raise errors.Invalid(
            "photo-type-unsupported", f"{name} files cannot be read. Upload the photo as JPEG, PNG, WebP or HEIC."
        )
    return kind


def damaged() -> errors.Invalid:
    return errors.Invalid(
        "photo-damaged", "The file is incomplete or damaged. Copy the photo from the camera or phone again."
    )


def open_header(data: bytes, kind: str, max_pixels: int) -> ImageFile:
    """The picture with its header read and nothing decoded; raises `errors.Invalid` for too many or too few pixels."""
    if kind == "image/webp":  # its decoder makes room for the whole picture as soon as it is opened
        _check_size(webp.size(data[: webp.HEADER_BYTES]), max_pixels)
    source = _OPENERS[kind](BytesIO(data))
    _check_size(source.size, max_pixels)
    if kind in _MAY_MOVE and getattr(source, "is_animated", False):
        raise errors.Invalid("photo-animated", "This picture moves. Upload a still photo of the room.")
    return source


def orientation(source: Image.Image) -> int:
    """The EXIF orientation by the header, 1..8; 1 where it is missing or unreadable: a broken tag must not cost the photo."""
    if isinstance(source, PngImagePlugin.PngImageFile) and "exif" not in source.info:
        return 1  # Pillow would decode the whole picture to look for a tag behind it
    try:
        value = source.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow's EXIF reader raises whatever the broken bytes lead it to
        return 1
    return value if value in _UPRIGHT else 1


def _upright(source: ImageFile, kind: str, *, reduced: bool) -> Decoded:
    (width, height), turn = source.size, orientation(source)
    if reduced:
        _shrink_while_decoding(source)
    source.load()
    image = _plain(source)
    if reduced:
        image = _shrunk(image)
    if turn in _UPRIGHT:
        image = image.transpose(_UPRIGHT[turn])
    if turn in _SIDEWAYS:
        width, height = height, width
    return Decoded(image=_on_white(image), width=width, height=height, content_type=kind)


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if not width * height:  # no camera makes that: the header is broken
        raise damaged()
    if width * height > max_pixels:
        raise errors.Invalid(
            "photo-too-many-pixels",
            f"The picture has {width * height / 1e6:.0f} megapixels; up to {max_pixels / 1e6:.0f} can be read."
            " Save it smaller and upload it again.",
        )
    if min(size) < MIN_SIDE:
        raise errors.Invalid(
            "photo-too-small",
            f"The picture is {width} x {height} pixels; at least {MIN_SIDE} x {MIN_SIDE} are needed to see anything on it.",
        )


def _shrink_while_decoding(source: ImageFile) -> None:
    """JPEG only: the decoder can leave out detail (1/2, 1/4, 1/8), which takes a third of the time."""
    factor = min(source.size) / WORKING_SIDE
    if isinstance(source, JpegImagePlugin.JpegImageFile) and factor >= 2:
        source.draft(source.mode, (int(source.width / factor), int(source.height / factor)))


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in _REDUCIBLE and not (image.mode in {"L", "RGB"} and image.has_transparency_data):
        return image
    if image.mode in _SIXTEEN_BITS:
        return image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _shrunk(image: Image.Image) -> Image.Image:
    factor = min(image.size) // WORKING_SIDE
    return image.reduce(factor) if factor >= 2 else image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(colours, mask=colours.getchannel("A"))
    return paper


def _open_heic(file: BytesIO) -> ImageFile:
    import pillow_heif  # loads libheif, 10 MB: only where a HEIC photo comes

    return pillow_heif.HeifImageFile(file)


# The classes themselves, not Image.open: that one guards by a global limit and reads kinds we do not take.
_OPENERS: Final[Mapping[str, Callable[[BytesIO], ImageFile]]] = {
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/png": PngImagePlugin.PngImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/heic": _open_heic,
}
_MAY_MOVE: Final = frozenset({"image/png", "image/webp"})  # a HEIC with many pictures is a burst: its first one counts
