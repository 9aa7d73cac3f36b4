"""Many looks at one photo become one list: calibrate, cluster, average, drop what is the same thing twice."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from roomtally.analysis.bundled.geometry import TINY, Detection, area, overlap, shared_area

HALF_SURE: Final = {"ssdlite": 0.25, "nanodet": 0.35}
"""The score at which each model is right one time in two; mapped to .5 by a power law, so that models can be averaged."""

SAME: Final = 0.5  # overlap from which boxes of one label in two views are one thing
NESTED: Final = 0.8  # share of the smaller box from which it is a part of the larger, not a second thing
UNSURE: Final = 0.3
"""Below, only the surest of a label is kept: it may still speak for a room, but is never counted."""
OTHER_NAME: Final = 0.6  # overlap from which two labels below name one thing

_NEVER_IN_ANOTHER: Final = frozenset({
    "bed", "couch", "dining_table", "refrigerator", "oven", "tv", "chair", "toilet", "potted_plant",
})  # fmt: skip
_TAKEN_FOR: Final = {"chair": ("couch",), "bed": ("couch",), "couch": ("chair", "bed")}


class View(NamedTuple):
    """One look: which model, and what it found."""

    model: str
    detections: Sequence[Detection]


class _Cluster:
    def __init__(self, label: str, view: int, score: float, box: Sequence[float]) -> None:
        self.label = label
        self.box = box
        self._seen = {view: (score, box)}

    @property
    def score_sum(self) -> float:
        return sum(score for score, _ in self._seen.values())

    def fit(self, view: int, box: Sequence[float]) -> float:
        """How well the box belongs here, 0..1; a view has one say in a cluster."""
        return 0.0 if view in self._seen else overlap(self.box, box)

    def add(self, view: int, score: float, box: Sequence[float]) -> None:
        """Takes the box in; the cluster's own becomes the mean, weighted by score."""
        self._seen[view] = (score, box)
        total = self.score_sum
        self.box = [sum(s * b[side] for s, b in self._seen.values()) / total for side in range(4)]


def fuse(views: Sequence[View]) -> list[Detection]:
    """One detection per thing, its score the mean over all views (a view that missed it counts 0), surest first."""
    fused = [Detection(c.label, c.score_sum / len(views), c.box) for c in _clusters(views)]
    kept: dict[str, list[Detection]] = {}
    for detection in sorted(fused, key=lambda d: -d.score):
        label = detection.label
        if detection.score < UNSURE and label in kept:
            continue
        surer = itertools.chain(kept.get(label, ()), *(kept.get(other, ()) for other in _TAKEN_FOR.get(label, ())))
        if not any(_is_same_thing(each, detection) for each in surer):
            kept.setdefault(label, []).append(detection)
    return sorted(itertools.chain.from_iterable(kept.values()), key=lambda d: -d.score)


def _clusters(views: Sequence[View]) -> Iterator[_Cluster]:
    found = [
        (detection.score ** (math.log(0.5) / math.log(HALF_SURE[view.model])), index, detection)
        for index, view in enumerate(views)
        for detection in view.detections
    ]
    clusters: dict[str, list[_Cluster]] = {}
    for score, view, (label, _, box) in sorted(found, key=lambda entry: -entry[0]):
        known = clusters.setdefault(label, [])
        fits = [cluster.fit(view, box) for cluster in known]
        best = max(fits, default=0.0)
        if best > SAME:
            known[fits.index(best)].add(view, score, box)
        else:
            known.append(_Cluster(label, view, score, box))
    return itertools.chain.from_iterable(clusters.values())


def _is_same_thing(surer: Detection, other: Detection) -> bool:
    """Of one label, or of two that are taken for each other."""
    if surer.label != other.label:
        return overlap(surer.box, other.box) > OTHER_NAME
    if overlap(surer.box, other.box) > SAME:
        return True
    inside = shared_area(surer.box, other.box) / (min(area(surer.box), area(other.box)) + TINY)
    return other.label in _NEVER_IN_ANOTHER and inside > NESTED
