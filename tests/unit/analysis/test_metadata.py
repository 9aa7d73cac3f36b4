"""An original goes out without what the phone wrote into it, and not a pixel changed."""

import io
import struct
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageChops, PngImagePlugin

from roomtally import errors
from roomtally.analysis.metadata import strip_metadata

SECRET = b"home at 48.8566"
LATITUDE = 2


def photo() -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 255, (120, 160, 3), np.uint8)
    return Image.fromarray(pixels)


def exif(turn: int = 6) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = turn
    tags[0x010E] = SECRET.decode()
    tags.get_ifd(0x8825)[LATITUDE] = (48.0, 51.0, 24.0)
    return tags


def saved(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    photo().save(out, kind, exif=exif(), **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode(), zip=False)
    return info


FULL: dict[str, bytes] = {
    "jpeg": saved("JPEG", comment=SECRET, xmp=SECRET, quality=90),
    "progressive jpeg": saved("JPEG", comment=SECRET, progressive=True),
    "png": saved("PNG", pnginfo=png_text()),
    "webp": saved("WEBP", xmp=SECRET),
    "lossless webp": saved("WEBP", lossless=True, xmp=SECRET),
}


@pytest.mark.parametrize("kind", FULL)
def test_no_place_and_no_word_is_left(kind: str) -> None:
    assert SECRET in FULL[kind]
    stripped, content_type = strip_metadata(FULL[kind])
    assert SECRET not in stripped
    image = opened(stripped)
    assert Image.MIME[str(image.format)] == content_type
    assert dict(image.getexif()) == {0x0112: 6}
    assert not image.getexif().get_ifd(0x8825)


@pytest.mark.parametrize("kind", FULL)
def test_not_a_pixel_changes(kind: str) -> None:
    stripped, _ = strip_metadata(FULL[kind])
    assert ImageChops.difference(opened(stripped), opened(FULL[kind])).getbbox() is None


def test_what_follows_a_jpeg_goes_too() -> None:
    """Phones append a second picture (depth, motion) with a place of its own."""
    stripped, _ = strip_metadata(FULL["jpeg"] + FULL["jpeg"])
    assert SECRET not in stripped
    assert stripped.count(b"\xff\xd8\xff") == 1


def test_colours_keep_their_profile() -> None:
    profile = b"a profile" * 20
    stripped, _ = strip_metadata(saved("JPEG", icc_profile=profile))
    assert opened(stripped).info["icc_profile"] == profile


def test_an_upright_photo_carries_no_exif_at_all() -> None:
    out = io.BytesIO()
    photo().save(out, "JPEG", exif=exif(turn=1))
    stripped, _ = strip_metadata(out.getvalue())
    assert b"Exif" not in stripped


def test_a_jpeg_without_its_end_gets_one() -> None:
    whole = FULL["jpeg"]
    assert whole.endswith(b"\xff\xd9")
    stripped, _ = strip_metadata(whole[:-2])
    assert stripped.endswith(b"\xff\xd9")


def test_a_heic_becomes_a_jpeg_without_metadata() -> None:
    out = io.BytesIO()
    pillow_heif.from_pillow(photo()).save(out, exif=exif().tobytes(), quality=90)
    stripped, content_type = strip_metadata(out.getvalue())
    image = opened(stripped)
    assert (content_type, image.format, dict(image.getexif())) == ("image/jpeg", "JPEG", {})
    assert SECRET not in stripped


def test_half_a_header_is_refused() -> None:
    with pytest.raises(errors.Invalid, match="photo-damaged"):
        strip_metadata(FULL["progressive jpeg"][:250])


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(errors.Invalid, match="photo-not-an-image"):
        strip_metadata(b"hello")


def test_a_segment_that_reaches_beyond_the_file_is_refused() -> None:
    broken = FULL["jpeg"][:2] + b"\xff\xe5" + struct.pack(">H", 60_000) + FULL["jpeg"][2:400]
    with pytest.raises(errors.Invalid):
        strip_metadata(broken)
