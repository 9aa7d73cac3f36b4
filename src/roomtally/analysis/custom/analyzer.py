"""The engine over a person's own detector."""

from pathlib import Path
from typing import Final

from PIL import Image

from roomtally import errors
from roomtally.analysis import labels
from roomtally.analysis.bundled.pixels import Pyramid
from roomtally.analysis.bundled.scene import Scene
from roomtally.analysis.bundled.sessions import open_session
from roomtally.analysis.custom.detr import Detr
from roomtally.analysis.custom.family import Family, Network, unfit
from roomtally.analysis.custom.yolox import Yolox
from roomtally.analysis.model import Analysis
from roomtally.settings import Settings

_FAMILIES: Final = {"yolox": Yolox, "detr": Detr}


class CustomAnalyzer:
    """Checks the file when it is made, so that a wrong one is refused at the start and not photo by photo."""

    name = "onnx"

    def __init__(self, settings: Settings) -> None:
        path = _existing(settings.onnx_path)
        names = read_labels(settings.onnx_labels)
        family = _FAMILIES[settings.onnx_family]
        network = _open(path, settings.analyzer_threads)
        self._family: Family = family(network, names, settings.onnx_input_size, settings.onnx_score)
        self._family.check()
        self._detectable = frozenset(names)
        self._scene = Scene(settings.analyzer_threads)

    def analyze(self, image: Image.Image) -> Analysis:
        try:
            detections = self._family.detect(image)
        except (
            errors.Invalid
        ) as error:  # the check found nothing on an empty picture: still the model's fault, not the photo's
            raise errors.Unavailable("onnx-model-failed", error.detail, retry_after=60) from error
        return self._scene.complete(Pyramid(image), detections, telling=detections, detectable=self._detectable)


def read_labels(setting: str | None) -> tuple[str, ...]:
    """The network's classes in its own order, spelt our way. `setting`: names with commas between, or the path of a file
    with one a line; COCO's 80 where it is not set. Raises `errors.Invalid` where no furniture is among them.
    """
    if setting is None:
        return labels.COCO
    lines = setting.split(",") if "," in setting else _lines(Path(setting))
    names = tuple(labels.ours(line) for line in lines if line.strip())
    if not labels.FURNITURE.intersection(names):
        raise errors.Invalid(
            "onnx-labels-unfit",
            "ROOMTALLY_ONNX_LABELS names no furniture that we know; give the model's classes in its order, in English.",
        )
    return names


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise errors.Invalid(
            "onnx-labels-missing",
            f"ROOMTALLY_ONNX_LABELS is neither a list with commas nor a file that can be read: {path}",
        ) from error
    except UnicodeDecodeError as error:
        raise errors.Invalid(
            "onnx-labels-unfit", f"ROOMTALLY_ONNX_LABELS names a file that is no text in UTF-8: {path}"
        ) from error


def _existing(setting: str | None) -> Path:
    if setting is None:
        raise errors.Invalid("onnx-path-missing", "ROOMTALLY_ANALYZER is onnx: set ROOMTALLY_ONNX_PATH to your model.")
    path = Path(setting)
    if not _is_file(path):
        raise errors.Invalid("onnx-path-missing", f"There is no file {path}; ROOMTALLY_ONNX_PATH must name your model.")
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _open(path: Path, threads: int) -> Network:
    try:
        return open_session(str(path), threads)
    except Exception as error:  # onnxruntime's exceptions have no common base but this one
        raise unfit(f"{path} is not a model that onnxruntime can load: {str(error).strip()[:300]}") from error
