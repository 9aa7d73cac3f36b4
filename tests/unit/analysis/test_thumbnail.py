import io

from PIL import Image

from roomtally.analysis.thumbnail import LONGEST_SIDE, thumbnail


def test_it_is_small_and_tells_nothing_but_the_picture() -> None:
    image = Image.new("RGB", (1600, 1200), "teal")
    image.info["exif"] = b"Exif\x00\x00somewhere"
    small = Image.open(io.BytesIO(thumbnail(image)))
    assert (small.format, small.size) == ("WEBP", (LONGEST_SIDE, LONGEST_SIDE * 3 // 4))
    assert not {"exif", "xmp", "icc_profile"} & small.info.keys()
    assert image.size == (1600, 1200)


def test_a_small_picture_is_not_blown_up() -> None:
    assert Image.open(io.BytesIO(thumbnail(Image.new("RGB", (40, 60))))).size == (40, 60)
