"""Boxes as rows x1, y1, x2, y2 in fractions of the photo."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.intp]

TINY = 1e-9  # keeps a division by an empty area finite


class Detection(NamedTuple):
    """One thing one look found; `score` is 0..1 on the detector's own scale."""

    label: str
    score: float
    box: Sequence[float]


def shaped(size: tuple[int, int], side: int, multiple: int) -> tuple[int, int]:
    """Width and height near `side` x `side` pixels in area, in the proportions of `size` (at most 1:2), in multiples."""
    ratio = min(max(size[0] / size[1], 0.5), 2.0)
    height = side / ratio**0.5
    return _rounded(height * ratio, multiple), _rounded(height, multiple)


def _rounded(length: float, multiple: int) -> int:
    return max(multiple, round(length / multiple) * multiple)


def area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def shared_area(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union, 0..1."""
    shared = shared_area(a, b)
    return shared / (area(a) + area(b) - shared + TINY)


def suppress(boxes: Floats, scores: Floats, classes: Ints, *, most: float = 0.5, top: int = 100) -> list[int]:
    """Indices of the surest boxes, surest first, none of which overlaps a surer one of its class by more than `most`."""
    order = scores.argsort()[::-1]
    kept: list[int] = []
    for label in np.unique(classes):
        of_label = order[classes[order] == label]
        kept += of_label[_surest(boxes[of_label], most)].tolist()
    return sorted(kept, key=lambda index: -scores[index])[:top]


def _surest(boxes: Floats, most: float) -> NDArray[np.bool_]:
    """[n]: which stay; `boxes` come surest first. One table of all overlaps is cheaper than a row for each box."""
    alive = np.ones(len(boxes), bool)
    twins = _overlaps(boxes) > most
    for place in range(len(boxes)):
        if alive[place]:
            alive[place + 1 :] &= ~twins[place, place + 1 :]
    return alive


def _overlaps(boxes: Floats) -> Floats:
    """[n, n] intersections over unions."""
    shared = _shared_lengths(boxes[:, 0], boxes[:, 2]) * _shared_lengths(boxes[:, 1], boxes[:, 3])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return shared / (areas[:, None] + areas - shared + TINY)


def _shared_lengths(low: Floats, high: Floats) -> Floats:
    return np.maximum(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0)
