"""The bundled engine: 0.45 s of one core a photo, no network, no GPU."""

from typing import Final

from PIL import Image

from roomtally.analysis.bundled import extras, rooms, weights
from roomtally.analysis.bundled.efficientnet import EfficientNet
from roomtally.analysis.bundled.fusion import View, fuse
from roomtally.analysis.bundled.geometry import Detection, shaped
from roomtally.analysis.bundled.nanodet import NanoDet
from roomtally.analysis.bundled.sessions import open_session
from roomtally.analysis.bundled.ssdlite import SsdLite
from roomtally.analysis.labels import FURNITURE
from roomtally.analysis.model import Analysis, Box, Found
from roomtally.analysis.models import manifest

THRESHOLD: Final = 0.43  # of the fused score; best F1 on 58 photos


class BundledAnalyzer:
    """One session per model, shared by all threads; each may use `threads` cores."""

    name = "bundled"

    def __init__(self, threads: int) -> None:
        self._ssdlite = SsdLite(open_session(weights.read(manifest.SSDLITE), threads))
        self._nanodet = NanoDet(open_session(weights.read(manifest.NANODET), threads))
        self._efficientnet = EfficientNet(open_session(weights.read(manifest.EFFICIENTNET), threads))

    def analyze(self, image: Image.Image) -> Analysis:
        views = self._views(image)
        probabilities = self._efficientnet.probabilities(image)
        room, share = rooms.tell(probabilities[0], fuse(views[:2]))
        items = _counted(fuse(views))
        for found in extras.seen(probabilities, room):
            items.setdefault(found.label, found)
        for found in extras.companions(room, items.keys()):
            items[found.label] = found
        surest_first = sorted(items.values(), key=lambda item: (item.proposed, -item.confidence))
        return Analysis(room_type=room, room_confidence=share, items=tuple(surest_first))

    def _views(self, image: Image.Image) -> list[View]:
        """One look by SSDLite, three by NanoDet, at different sizes and proportions; the first two also tell the room."""
        sizes = [(416, 416), shaped(image.size, 416, 32), shaped(image.size, 608, 32)]
        ssdlite = View(SsdLite.name, self._ssdlite.look(image, shaped(image.size, 300, 4)))
        return [ssdlite, *(View(NanoDet.name, self._nanodet.look(image, size)) for size in sizes)]


def _counted(detections: list[Detection]) -> dict[str, Found]:
    """By label, what moves house and is sure enough. Detections come surest first."""
    boxes: dict[str, list[Detection]] = {}
    for detection in detections:
        if detection.score >= THRESHOLD and detection.label in FURNITURE:
            boxes.setdefault(detection.label, []).append(detection)
    return {
        label: Found(
            label=label,
            count=len(found),
            confidence=found[0].score,
            boxes=tuple(Box(*map(float, d.box)) for d in found),
        )
        for label, found in boxes.items()
    }
