"""EfficientNet-Lite2 on ImageNet's 1,000 classes: what a picture, or a part of it, shows."""

from typing import Final

import numpy as np
from PIL import Image

from roomtally.analysis.bundled.geometry import Floats
from roomtally.analysis.bundled.pixels import WHOLE, Pyramid, Window, planes
from roomtally.analysis.bundled.sessions import Session

SIDE: Final = 260
MEAN: Final = np.full(3, 127, np.float32)
DEVIATION: Final = np.full(3, 128, np.float32)
TILES: Final = (
    WHOLE,
    *(Window(left, top, 0.6) for top in (0.0, 0.4) for left in (0.0, 0.4)),
    *(Window(0.25, top, 0.5) for top in (0.0, 0.5, 0.25)),
)
"""The photo, its four corners, three windows down its middle."""


class EfficientNet:
    def __init__(self, session: Session) -> None:
        self._session = session

    def probabilities(self, photo: Pyramid) -> Floats:
        """[8, 1000]: of the whole photo, then of each part. One run a tile: as fast as a batch, and less memory."""
        return np.concatenate([self._run(photo, tile) for tile in TILES])

    def _run(self, photo: Pyramid, tile: Window) -> Floats:
        view = photo.resized((SIDE, SIDE), Image.Resampling.BICUBIC, tile)
        return self._session.run(None, {"image": planes(view, MEAN, DEVIATION)})[0]
