"""EfficientNet-Lite2 on ImageNet's 1,000 classes: what a picture, or a part of it, shows."""

from typing import Final

import numpy as np
from PIL import Image

from roomtally.analysis.bundled.geometry import Floats
from roomtally.analysis.bundled.sessions import Session

SIDE: Final = 260
# left, top, side, as fractions: four corners of 60 %, three windows of 50 % down the middle
WINDOWS: Final = (
    (0.0, 0.0, 0.6), (0.4, 0.0, 0.6), (0.0, 0.4, 0.6), (0.4, 0.4, 0.6), (0.25, 0.0, 0.5), (0.25, 0.5, 0.5), (0.25, 0.25, 0.5),
)  # fmt: skip


class EfficientNet:
    def __init__(self, session: Session) -> None:
        self._session = session

    def probabilities(self, image: Image.Image) -> Floats:
        """[8, 1000]: of the whole photo, then of each window. One run a tile: as fast as a batch, and less memory."""
        return np.concatenate([self._run(tile) for tile in tiles(image)])

    def _run(self, tile: Image.Image) -> Floats:
        pixels = np.asarray(tile.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
        normal = np.ascontiguousarray(((pixels - 127) / 128).transpose(2, 0, 1))
        return self._session.run(None, {"image": normal[None]})[0]


def tiles(image: Image.Image) -> list[Image.Image]:
    """The photo and its windows."""
    w, h = image.size
    corners = [(int(w * x), int(h * y), int(w * x + w * s), int(h * y + h * s)) for x, y, s in WINDOWS]
    return [image, *(image.crop(corner) for corner in corners)]
