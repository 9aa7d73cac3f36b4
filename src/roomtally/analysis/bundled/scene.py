"""What detectors leave open: the room, the furniture they have no class for, and what nearly always stands beside it."""

from collections.abc import Collection, Iterable, Sequence

from roomtally.analysis.bundled import extras, rooms, weights
from roomtally.analysis.bundled.efficientnet import EfficientNet
from roomtally.analysis.bundled.geometry import Detection
from roomtally.analysis.bundled.pixels import Pyramid
from roomtally.analysis.bundled.sessions import open_session
from roomtally.analysis.labels import FURNITURE
from roomtally.analysis.model import Analysis, Box, Found
from roomtally.analysis.models import manifest


class Scene:
    """Looks at the photo as a whole and at parts of it."""

    def __init__(self, threads: int) -> None:
        self._classifier = EfficientNet(open_session(weights.read(manifest.EFFICIENTNET), threads))

    def complete(
        self,
        photo: Pyramid,
        detections: Iterable[Detection],
        telling: Sequence[Detection],
        detectable: Collection[str] = (),
    ) -> Analysis:
        """`detections` are counted; `telling` speak for a room. Labels in `detectable` are left to the detector."""
        probabilities = self._classifier.probabilities(photo)
        room, share = rooms.tell(probabilities[0], telling)
        items = _counted(detections)
        for found in extras.seen(probabilities, room):
            if found.label not in detectable:
                items.setdefault(found.label, found)
        for found in extras.companions(room, items.keys()):
            if found.label not in detectable:
                items[found.label] = found
        surest_first = sorted(items.values(), key=lambda item: (item.proposed, -item.confidence))
        return Analysis(room_type=room, room_confidence=share, items=tuple(surest_first))


def _counted(detections: Iterable[Detection]) -> dict[str, Found]:
    """By label, what moves house; the surest of a label comes first."""
    groups: dict[str, list[Detection]] = {}
    for detection in sorted(detections, key=lambda each: -each.score):
        if detection.label in FURNITURE:
            groups.setdefault(detection.label, []).append(detection)
    return {label: _found(label, group) for label, group in groups.items()}


def _found(label: str, group: Sequence[Detection]) -> Found:
    boxes = tuple(Box(*map(float, detection.box)) for detection in group)
    return Found(label=label, count=len(group), confidence=group[0].score, boxes=boxes)
