"""The bundled engine: 0.3 to 0.5 s of one core a photo, no network, no GPU."""

from typing import Final

from PIL import Image

from roomtally.analysis.bundled import weights
from roomtally.analysis.bundled.fusion import View, fuse
from roomtally.analysis.bundled.geometry import shaped
from roomtally.analysis.bundled.nanodet import NanoDet
from roomtally.analysis.bundled.pixels import Pyramid
from roomtally.analysis.bundled.scene import Scene
from roomtally.analysis.bundled.sessions import open_session
from roomtally.analysis.bundled.ssdlite import SsdLite
from roomtally.analysis.model import Analysis
from roomtally.analysis.models import manifest

THRESHOLD: Final = 0.43  # of the fused score; best F1 on 58 photos


class BundledAnalyzer:
    """One session per model, shared by all threads; each may use `threads` cores."""

    name = "bundled"

    def __init__(self, threads: int) -> None:
        self._ssdlite = SsdLite(open_session(weights.read(manifest.SSDLITE), threads))
        self._nanodet = NanoDet(open_session(weights.read(manifest.NANODET), threads))
        self._scene = Scene(threads)

    def analyze(self, image: Image.Image) -> Analysis:
        photo = Pyramid(image)
        views = self._views(photo)
        sure = [detection for detection in fuse(views) if detection.score >= THRESHOLD]
        return self._scene.complete(photo, sure, telling=fuse(views[:2]))

    def _views(self, photo: Pyramid) -> list[View]:
        """One look by SSDLite, three by NanoDet, at different sizes and proportions; the first two also tell the room."""
        sizes = [(416, 416), shaped(photo.size, 416, 32), shaped(photo.size, 608, 32)]
        ssdlite = View(SsdLite.name, self._ssdlite.look(photo, shaped(photo.size, 300, 4)))
        return [ssdlite, *(View(NanoDet.name, self._nanodet.look(photo, size)) for size in sizes)]
