"""Every kind of photo a person may bring, and every kind of thing that is none."""

import io
import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from roomtally import errors
from roomtally.analysis.decode import WORKING_SIDE, decode

RED, BLUE = (220, 30, 30), (30, 30, 220)


def halves(width: int = 800, height: int = 600) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def heic(image: Image.Image) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=80)
    return out.getvalue()


def is_near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(pixel[band] - colour[band]) < 40 for band in range(3))


def sixteen_bits() -> bytes:
    gradient = np.linspace(0, 65535, 200 * 100).reshape(100, 200).astype(np.uint16)
    return saved(Image.fromarray(gradient), "PNG")


def alpha() -> bytes:
    image = halves().convert("RGBA")
    image.putalpha(0)
    return saved(image, "PNG")


def palette() -> bytes:
    return saved(halves().convert("P", palette=Image.Palette.ADAPTIVE), "PNG")


GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "jpeg": (lambda: saved(halves(), "JPEG"), "image/jpeg"),
    "progressive jpeg": (lambda: saved(halves(), "JPEG", progressive=True), "image/jpeg"),
    "grey jpeg": (lambda: saved(halves().convert("L"), "JPEG"), "image/jpeg"),
    "cmyk jpeg": (lambda: saved(halves().convert("CMYK"), "JPEG"), "image/jpeg"),
    "png": (lambda: saved(halves(), "PNG"), "image/png"),
    "palette png": (palette, "image/png"),
    "one-bit png": (lambda: saved(halves().convert("1"), "PNG"), "image/png"),
    "webp": (lambda: saved(halves(), "WEBP"), "image/webp"),
    "lossless webp": (lambda: saved(halves(), "WEBP", lossless=True), "image/webp"),
    "heic": (lambda: heic(halves()), "image/heic"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_each_kind_becomes_upright_rgb(kind: str) -> None:
    make, content_type = GOOD[kind]
    decoded = decode(make())
    assert (decoded.image.mode, decoded.image.size) == ("RGB", (800, 600))
    assert (decoded.width, decoded.height, decoded.content_type) == (800, 600, content_type)


@pytest.mark.parametrize("kind", ["jpeg", "cmyk jpeg", "png", "palette png", "webp", "heic"])
def test_colours_stay_where_they_were(kind: str) -> None:
    image = decode(GOOD[kind][0]()).image
    assert is_near(image.getpixel((100, 300)), RED)
    assert is_near(image.getpixel((700, 300)), BLUE)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    image = decode(sixteen_bits()).image
    middle = image.getpixel((100, 50))
    assert is_near(middle, (127, 127, 127))


def test_what_is_transparent_is_white() -> None:
    assert decode(alpha()).image.getpixel((10, 10)) == (255, 255, 255)


# What a viewer must do with each EXIF orientation to a picture whose left half is red.
TURNS = {
    1: ((0.1, 0.5), False), 2: ((0.9, 0.5), False), 3: ((0.9, 0.5), False), 4: ((0.1, 0.5), False),
    5: ((0.5, 0.1), True), 6: ((0.5, 0.1), True), 7: ((0.5, 0.9), True), 8: ((0.5, 0.9), True),
}  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_photo_is_turned_upright(turn: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    decoded = decode(saved(halves(), kind, exif=exif))
    (x, y), sideways = TURNS[turn]
    assert decoded.image.size == ((600, 800) if sideways else (800, 600)) == (decoded.width, decoded.height)
    assert is_near(decoded.image.getpixel((int(x * decoded.width), int(y * decoded.height))), RED)


def test_a_heic_is_not_turned_twice() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    pillow_heif.from_pillow(halves()).save(out, exif=exif.tobytes())
    decoded = decode(out.getvalue())
    assert decoded.image.size == (decoded.width, decoded.height)
    red_on_top = is_near(decoded.image.getpixel((decoded.width // 2, decoded.height // 10)), RED)
    red_on_the_left = is_near(decoded.image.getpixel((decoded.width // 10, decoded.height // 2)), RED)
    assert red_on_top != red_on_the_left


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_orientation_does_not_cost_the_photo() -> None:
    data = saved(halves(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert decode(data).image.size == (800, 600)


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (6000, 1500)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_photo_is_reduced_but_never_below_what_the_engines_see(size: tuple[int, int], kind: str) -> None:
    options = {"compress_level": 1} if kind == "PNG" else {}
    decoded = decode(saved(halves(*size), kind, **options))
    assert WORKING_SIDE <= min(decoded.image.size) < 2 * WORKING_SIDE
    assert (decoded.width, decoded.height) == size


def test_the_whole_picture_on_demand() -> None:
    assert decode(saved(halves(4032, 3024), "JPEG"), reduced=False).image.size == (4032, 3024)


# --- refused, each with its own sentence


def gif() -> bytes:
    return saved(halves(), "GIF", save_all=True, append_images=[halves().transpose(Image.Transpose.ROTATE_180)])


def moving(kind: str) -> bytes:
    frames = [halves().transpose(Image.Transpose.ROTATE_180)]
    return saved(halves(), kind, save_all=True, append_images=frames, duration=100)


def bomb_png(width: int, height: int) -> bytes:
    """A header that promises more than the file holds: what a bomb looks like before it goes off."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1000))
    chunks = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, pixels)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def bomb_webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\x10\x00\x00\x00" + sides


def bomb_jpeg(width: int, height: int) -> bytes:
    data = bytearray(saved(halves(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def truncated(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def noise(kind: str) -> bytes:
    """So that a file's end matters: plain colours are complete early."""
    pixels = np.random.default_rng(7).integers(0, 255, (300, 400, 3), np.uint8)
    return saved(Image.fromarray(pixels), kind)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "photo-empty"),
    "text": (lambda: b"Dear movers, please come on Monday.", "photo-not-an-image"),
    "pdf": (lambda: b"%PDF-1.7\n" + b"x" * 100, "photo-not-an-image"),
    "gif": (lambda: saved(halves(), "GIF"), "photo-type-unsupported"),
    "animated gif": (gif, "photo-type-unsupported"),
    "bmp": (lambda: saved(halves(), "BMP"), "photo-type-unsupported"),
    "tiff": (lambda: saved(halves(), "TIFF"), "photo-type-unsupported"),
    "animated webp": (lambda: moving("WEBP"), "photo-animated"),
    "animated png": (lambda: moving("PNG"), "photo-animated"),
    "one pixel": (lambda: saved(Image.new("RGB", (1, 1)), "PNG"), "photo-too-small"),
    "one line": (lambda: saved(Image.new("RGB", (800, 1)), "JPEG"), "photo-too-small"),
    "100 megapixels of jpeg": (lambda: bomb_jpeg(10_000, 10_000), "photo-too-many-pixels"),
    "100 megapixels of png": (lambda: bomb_png(10_000, 10_000), "photo-too-many-pixels"),
    "268 megapixels of webp": (lambda: bomb_webp(16_383, 16_383), "photo-too-many-pixels"),
    "four billion megapixels": (lambda: bomb_png(2**31 - 1, 2**31 - 1), "photo-too-many-pixels"),
    "half a jpeg": (lambda: truncated(noise("JPEG"), 0.5), "photo-damaged"),
    "most of a jpeg": (lambda: truncated(noise("JPEG"), 0.95), "photo-damaged"),
    "half a png": (lambda: truncated(noise("PNG"), 0.5), "photo-damaged"),
    "half a webp": (lambda: truncated(noise("WEBP"), 0.5), "photo-damaged"),
    "half a heic": (lambda: truncated(heic(halves()), 0.5), "photo-damaged"),
    "a jpeg's first bytes": (lambda: b"\xff\xd8\xff\xe0" + b"\x00" * 40, "photo-damaged"),
    "a webp's first bytes": (lambda: b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"\x00" * 8, "photo-damaged"),
    "a webp of a chunk that nobody knows": (lambda: b"RIFF\x20\x00\x00\x00WEBPVP9 " + b"\x01" * 24, "photo-damaged"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_used_is_refused_with_a_plain_reason(kind: str) -> None:
    make, slug = REFUSED[kind]
    with pytest.raises(errors.Invalid) as refusal:
        decode(make())
    assert refusal.value.slug == slug
    assert refusal.value.detail.endswith(".")
    assert not any(word in refusal.value.detail for word in ("Error", "exception", "None", "PIL"))


def test_the_limit_is_the_callers() -> None:
    with pytest.raises(
        errors.Invalid, match="photo-too-many-pixels: The picture has 0 megapixels; up to 0 can be read"
    ):
        decode(saved(halves(), "JPEG"), max_pixels=400_000)


def test_nothing_global_of_pillow_changes() -> None:
    before = (Image.MAX_IMAGE_PIXELS, Image.OPEN.keys() - {"HEIF"}, TiffImagePlugin.READ_LIBTIFF)
    decode(heic(halves()))
    assert before == (Image.MAX_IMAGE_PIXELS, Image.OPEN.keys() - {"HEIF"}, TiffImagePlugin.READ_LIBTIFF)
    assert "HEIF" not in Image.OPEN


def test_many_threads_decode_at_once() -> None:
    data = [make() for make, _ in GOOD.values()]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for photo in data:
                assert decode(photo).image.size == (800, 600)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
