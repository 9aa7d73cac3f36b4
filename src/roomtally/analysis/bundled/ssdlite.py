"""SSDLite-MobileNetV2 of the TensorFlow Object Detection API (2018), on COCO's 80 classes."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from roomtally.analysis import labels
from roomtally.analysis.bundled.geometry import Detection, Floats, suppress
from roomtally.analysis.bundled.pixels import Pyramid
from roomtally.analysis.bundled.sessions import Session

FLOOR: Final = 0.05  # scores below say nothing, and there are thousands of them
FLOOR_LOGIT: Final = math.log(FLOOR / (1 - FLOOR))
LEARNED_AT: Final = 300  # pixels; anchors keep the size they were learned at, whatever the input's
LAYERS: Final = 6
SCALES: Final = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)  # of 300 pixels; the last one only pairs with the sixth
CENTRE_VARIANCE: Final = 10
SIZE_VARIANCE: Final = 5

# The API numbers COCO's classes 1..90 and leaves these out.
_GAPS: Final = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_CLASS_OF_COLUMN: Final = np.full(91, -1)
_CLASS_OF_COLUMN[[n for n in range(1, 91) if n not in _GAPS]] = np.arange(80)


class SsdLite:
    """Looks once. Any input size works; near 300 x 300 pixels in area is what it learned."""

    name = "ssdlite"

    def __init__(self, session: Session) -> None:
        self._session = session

    def look(self, photo: Pyramid, size: tuple[int, int]) -> list[Detection]:
        """Detections on the photo as it looks when resized to `size` (width, height)."""
        pixels = np.asarray(photo.resized(size, Image.Resampling.BILINEAR), np.float32) * np.float32(2 / 255) - 1
        encoded, logits = self._session.run(None, {"image": pixels[None]})
        anchor, column = np.where(logits[0] >= FLOOR_LOGIT)
        known = _CLASS_OF_COLUMN[column] >= 0  # column 0 is the background
        anchor, column = anchor[known], column[known]
        boxes = _decode(encoded.reshape(-1, 4)[anchor], _anchors(*size)[anchor])
        classes, sure = _CLASS_OF_COLUMN[column], 1 / (1 + np.exp(-logits[0][anchor, column]))
        return [
            Detection(labels.COCO[classes[i]], float(sure[i]), np.clip(boxes[i], 0, 1).tolist())
            for i in suppress(boxes, sure, classes)
        ]


def _decode(encoded: Floats, anchors: Floats) -> Floats:
    """(dy, dx, dh, dw) relative to (cy, cx, h, w) anchors -> corners."""
    centres = encoded[:, :2] / CENTRE_VARIANCE * anchors[:, 2:] + anchors[:, :2]
    halves = np.exp(encoded[:, 2:] / SIZE_VARIANCE) * anchors[:, 2:] / 2
    return np.concatenate([(centres - halves)[:, ::-1], (centres + halves)[:, ::-1]], 1)


@lru_cache(maxsize=64)
def _anchors(width: int, height: int) -> Floats:
    """[n, 4] rows of centre y, x and height, width, in fractions, in the order of the model's outputs."""
    across, down = width, height
    for _ in range(3):
        across, down = _half(across), _half(down)
    layers: list[Floats] = []
    for layer in range(LAYERS):
        across, down = _half(across), _half(down)
        layers.append(_layer(across, down, _shapes(layer), (width, height)))
    return np.concatenate(layers)


def _half(cells: int) -> int:
    return -(-cells // 2)


def _shapes(layer: int) -> list[tuple[float, float]]:
    """(scale, width / height) of each anchor of a cell; the first layer has only three, by the model's configuration."""
    if layer == 0:
        return [(0.1, 1.0), (SCALES[0], 2.0), (SCALES[0], 0.5)]
    between = (SCALES[layer] * SCALES[layer + 1]) ** 0.5
    return [(SCALES[layer], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)] + [(between, 1.0)]


def _layer(across: int, down: int, shapes: list[tuple[float, float]], size: tuple[int, int]) -> Floats:
    row, column, kind = np.mgrid[:down, :across, : len(shapes)]
    scale, ratio = np.array(shapes).T
    height = (scale / ratio**0.5)[kind] * LEARNED_AT / size[1]
    width = (scale * ratio**0.5)[kind] * LEARNED_AT / size[0]
    return np.stack([(row + 0.5) / down, (column + 0.5) / across, height, width], -1).reshape(-1, 4).astype(np.float32)
