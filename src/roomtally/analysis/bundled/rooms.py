"""Which room a photo shows: evidence from the classifier on the whole photo and from what the detectors found.

Weights and thresholds were set on 58 photos of real rooms; on others about four rooms of five come out right.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from roomtally.analysis import labels, model
from roomtally.analysis.bundled.geometry import Detection, Floats

# ImageNet class: how much it speaks for the room
_SCENES: Final[dict[str, dict[int, float]]] = {
    "bathroom": {435: 1, 876: 1, 896: 1, 861: 1, 648: 1, 794: 1, 804: 0.6, 999: 0.5},
    "kitchen": {
        651: 1, 534: 1, 827: 1, 760: 1, 859: 1, 891: 0.7, 550: 0.7, 567: 0.7, 544: 0.7, 659: 0.5, 729: 0.5, 505: 0.6,
        909: 0.7, 521: 0.6, 897: 0.5,
    },
    "bedroom": {750: 1, 564: 1, 721: 1, 520: 1, 431: 1, 516: 1, 894: 0.3, 493: 0.5},
    "living_room": {831: 1, 598: 0.8, 548: 1, 851: 0.5, 765: 0.8, 453: 0.5, 624: 0.3, 854: 0.3},
    "dining_room": {532: 1, 762: 0.6, 495: 0.5},
    "office": {
        526: 1, 527: 1, 553: 1, 664: 0.7, 782: 0.5, 508: 1, 673: 1, 423: 0.7, 681: 0.7, 742: 0.8, 713: 0.8,
    },
    "other": {736: 2},
}  # fmt: skip
_OTHER_FLOOR: Final = 0.08  # a photo that shows hardly anything is "other" before it is a wrong room
_CERTAIN: Final = 0.42  # of a fused score
_NOTHING_TELLS: Final = 0.2
"""All evidence together, where nothing certain stands about, from which a photo is no photo of a room. Of 50 photos of rooms
the least had 0.37; plain colours, noise, a page of text, a portrait have up to 0.17."""
_INDOORS: Final = labels.FURNITURE | labels.FIXTURES


def tell(whole: Floats, detections: Sequence[Detection]) -> tuple[str, float]:
    """(room, its share of all evidence); `unknown` where nothing tells. `whole`: [1000] probabilities; detections fused from
    two views, as the weights were set on two."""
    evidence = _evidence(whole, detections)
    if sum(evidence.values()) < _NOTHING_TELLS + _OTHER_FLOOR and not any(map(_is_certain, detections)):
        return model.UNKNOWN, 0.0
    best = max(evidence, key=lambda room: evidence[room])
    return best, evidence[best] / sum(evidence.values())


def _is_certain(detection: Detection) -> bool:
    return detection.score >= _CERTAIN and detection.label in _INDOORS


def _evidence(whole: Floats, detections: Sequence[Detection]) -> dict[str, float]:
    evidence = {room: _scene(whole, weights) for room, weights in _SCENES.items()}
    evidence["other"] += _OTHER_FLOOR
    top: dict[str, float] = defaultdict(float)
    for label, score, _ in detections:
        top[label] = max(top[label], score)
    certain = Counter(detection.label for detection in detections if _is_certain(detection))
    for room, more in _furnishing(top, certain).items():
        evidence[room] += more
    return evidence


def _scene(whole: Floats, weights: Mapping[int, float]) -> float:
    return sum(weight * float(whole[label]) for label, weight in weights.items())


def _furnishing(top: Mapping[str, float], certain: Mapping[str, int]) -> dict[str, float]:
    """`top`: best score by label, 0 where not seen; `certain`: how many of a label were seen for sure."""

    def at_least(label: str, least: float) -> float:
        return top[label] if top[label] >= least else 0.0

    chairs, table, sink = certain["chair"], top["dining_table"], top["sink"]
    desk_chairs = 0.25 if chairs >= 3 and table < 0.35 else 0.0
    easy_chairs = 0.15 if 0 < chairs < 3 and table <= 0.35 else 0.0
    return {
        "bedroom": 1.5 * at_least("bed", 0.45),
        "living_room": 0.8 * at_least("couch", 0.4) + 0.1 * top["tv"] + easy_chairs,
        "bathroom": 2 * at_least("toilet", 0.35) + 0.3 * sink,
        "kitchen": 0.2 * sink + 0.8 * sum(at_least(label, 0.3) for label in ("oven", "refrigerator", "microwave")),
        "dining_room": (0.6 if chairs >= 2 else 0.0) * table + 0.25 * table,
        "office": 0.4 * max(top["keyboard"], top["mouse"]) + 0.25 * top["laptop"] + desk_chairs
        + (0.3 if certain["tv"] >= 2 else 0.0),
    }  # fmt: skip
