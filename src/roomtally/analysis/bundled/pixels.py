"""Pictures to the arrays that networks read, without work that brings nothing."""

from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from roomtally.analysis.bundled.geometry import Floats

RED_FIRST: Final = (0, 1, 2)
BLUE_FIRST: Final = (2, 1, 0)


STILL_SHRINKS: Final = 1.4  # times, of the half; closer to the view's own size the classifier's shares begin to move


class Window(NamedTuple):
    """A part of a picture: its left and top edge and its share of both sides, as fractions."""

    left: float
    top: float
    share: float


WHOLE: Final = Window(0, 0, 1)


class Pyramid:
    """One picture at full and at half size: a resize costs by the pixels it reads, so a small view reads the half."""

    def __init__(self, image: Image.Image) -> None:
        self.size = image.size
        self._full = image
        self._half = image.reduce(2)

    def resized(self, size: tuple[int, int], how: Image.Resampling, window: Window = WHOLE) -> Image.Image:
        """The part in `window` at `size` (width, height)."""
        shrinks = min(self._half.width * window.share / size[0], self._half.height * window.share / size[1])
        enough = shrinks >= STILL_SHRINKS
        return _cut(self._half if enough else self._full, window).resize(size, how)


def _cut(image: Image.Image, window: Window) -> Image.Image:
    if window == WHOLE:
        return image
    (width, height), (left, top, share) = image.size, window
    corners = (width * left, height * top, width * left + width * share, height * top + height * share)
    return image.crop((int(corners[0]), int(corners[1]), int(corners[2]), int(corners[3])))


def planes(image: Image.Image, mean: Floats, deviation: Floats, order: tuple[int, ...] = RED_FIRST) -> Floats:
    """[1, 3, height, width] of (value - mean) / deviation; `mean` and `deviation` are in the order of the result."""
    values = np.asarray(image)
    result = np.empty((1, 3, image.height, image.width), np.float32)
    for place, band in enumerate(order):
        np.subtract(values[:, :, band], mean[place], out=result[0, place], dtype=np.float32)
        result[0, place] /= deviation[place]
    return result
