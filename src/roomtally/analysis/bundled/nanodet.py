"""NanoDet-g, on COCO's 80 classes: a generalised focal loss head that answers distances as distributions over 11 bins."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from roomtally.analysis import labels
from roomtally.analysis.bundled.geometry import Detection, Floats, Ints, suppress
from roomtally.analysis.bundled.pixels import BLUE_FIRST, Pyramid, planes
from roomtally.analysis.bundled.sessions import Session

FLOOR: Final = 0.05
STRIDES: Final = (8, 16, 32)
BINS: Final = 11
# blue, green, red; from the model's configuration
MEAN: Final = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION: Final = np.array([57.375, 57.12, 58.395], np.float32)

Candidates = tuple[Floats, Floats, Ints]  # boxes [n, 4], scores [n], classes [n]


class NanoDet:
    """Looks once, at any size in multiples of 32."""

    name = "nanodet"

    def __init__(self, session: Session) -> None:
        self._session = session

    def look(self, photo: Pyramid, size: tuple[int, int]) -> list[Detection]:
        """Detections on the photo as it looks when resized to `size` (width, height)."""
        view = photo.resized(size, Image.Resampling.BILINEAR)
        answers = self._session.run(None, {"image": planes(view, MEAN, DEVIATION, BLUE_FIRST)})
        by_shape: dict[tuple[int, ...], Floats] = {answer.shape[1:]: answer[0] for answer in answers}
        boxes, scores, classes = (np.concatenate(parts) for parts in zip(*_candidates(by_shape, size), strict=True))
        return [
            Detection(labels.COCO[classes[i]], float(scores[i]), np.clip(boxes[i], 0, 1).tolist())
            for i in suppress(boxes, scores, classes)
        ]


def _candidates(answers: dict[tuple[int, ...], Floats], size: tuple[int, int]) -> Iterator[Candidates]:
    """What each stride proposes. Outputs are told apart by shape: cells x classes (already sigmoid), cells x sides."""
    width, height = size
    for stride in STRIDES:
        across = width // stride
        cells = across * (height // stride)
        scores = answers[cells, len(labels.COCO)]
        cell, label = np.where(scores >= FLOOR)
        left, top, right, bottom = (_expected(answers[cells, 4 * BINS][cell].reshape(-1, 4, BINS)) * stride).T
        x, y = (cell % across + 0.5) * stride, (cell // across + 0.5) * stride
        corners = [(x - left) / width, (y - top) / height, (x + right) / width, (y + bottom) / height]
        yield np.stack(corners, 1), scores[cell, label], label


def _expected(bins: Floats) -> Floats:
    """Softmax over the bins, then the mean distance, in strides."""
    weights = np.exp(bins - bins.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True) * np.arange(BINS)).sum(-1)
