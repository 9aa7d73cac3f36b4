import numpy as np
from PIL import Image

from roomtally.analysis.bundled.pixels import BLUE_FIRST, Pyramid, Window, planes

NEAREST = Image.Resampling.NEAREST


def quarters() -> Image.Image:
    """400 x 200: red, green over blue, white."""
    image = Image.new("RGB", (400, 200))
    for colour, corner in {"red": (0, 0), "lime": (200, 0), "blue": (0, 100), "white": (200, 100)}.items():
        image.paste(colour, (*corner, corner[0] + 200, corner[1] + 100))
    return image


def test_planes_are_normalised_band_by_band_in_the_order_asked_for() -> None:
    image = Image.new("RGB", (4, 2), (10, 20, 30))
    mean, deviation = np.array([1, 2, 3], np.float32), np.array([1, 2, 4], np.float32)
    assert planes(image, mean, deviation)[0, :, 0, 0].tolist() == [9, 9, 6.75]
    assert planes(image, mean, deviation, BLUE_FIRST)[0, :, 0, 0].tolist() == [29, 9, 1.75]
    assert planes(image, mean, deviation).shape == (1, 3, 2, 4)


def test_a_window_is_the_same_part_of_the_full_and_of_the_half_size() -> None:
    photo, blue = Pyramid(quarters()), Window(0.0, 0.5, 0.5)
    for size in ((200, 100), (20, 10)):
        part = photo.resized(size, NEAREST, blue)
        assert (part.size, part.getpixel((0, 0)), part.getpixel((size[0] - 1, size[1] - 1))) == (
            size,
            (0, 0, 255),
            (0, 0, 255),
        )


def test_the_half_is_read_only_where_it_still_shrinks() -> None:
    """One white column in two is grey at half size, and white or black at full size."""
    stripes = np.zeros((200, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    photo = Pyramid(Image.fromarray(stripes))

    def colours(size: tuple[int, int]) -> set[object]:
        return {colour for _, colour in photo.resized(size, NEAREST).getcolors(9) or []}

    assert colours((150, 75)) <= {(0, 0, 0), (255, 255, 255)}
    assert colours((100, 50)) == {(128, 128, 128)}
