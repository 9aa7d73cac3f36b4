"""What the families of detectors have in common: a picture in, detections out, and a check before the first photo."""

from typing import Any, Final, Protocol

import numpy as np
from PIL import Image

from roomtally import errors
from roomtally.analysis.bundled.geometry import Detection, Floats, Ints

ROUNDING: Final = 1e-3  # half precision makes a little more than 1 of 1


class Family(Protocol):
    """How one kind of network is fed and read."""

    def check(self) -> None:
        """Detects once on an empty picture, so that what `detect` raises is raised before the first photo."""
        ...

    def detect(self, image: Image.Image) -> list[Detection]:
        """Raises `errors.Invalid` where kinds, shapes or scores are not those of the family; a box that is nowhere is dropped."""
        ...


class Network(Protocol):
    """The part of an onnxruntime session that a family uses."""

    def run(self, names: Any, feed: dict[str, Any]) -> list[Any]: ...

    def get_inputs(self) -> list[Any]: ...

    def get_outputs(self) -> list[Any]: ...


def unfit(detail: str) -> errors.Invalid:
    return errors.Invalid("onnx-model-unfit", f"The ONNX model cannot be used: {detail}")


def run(network: Network, feed: dict[str, Any]) -> list[Any]:
    """The outputs; raises `errors.Invalid` with the runtime's own words where the network refuses its input."""
    try:
        return network.run(None, feed)
    except Exception as error:  # onnxruntime's exceptions have no common base but this one
        raise unfit(f"it does not run on this input: {str(error).strip()[:300]}") from error


def floats(array: Any, name: str) -> Floats:
    return _tensor(array, name, np.floating, "floating-point numbers").astype(np.float32)


def whole_numbers(array: Any, name: str) -> Ints:
    return _tensor(array, name, np.integer, "whole numbers").astype(np.intp)


def _tensor(array: Any, name: str, kind: Any, wanted: str) -> Any:
    """onnxruntime gives lists and dicts for ONNX's sequences and maps."""
    if not hasattr(array, "dtype"):
        raise unfit(f"its {name} must be a tensor of {wanted}; this one gives a {type(array).__name__}.")
    if not np.issubdtype(array.dtype, kind):
        raise unfit(f"its {name} must be a tensor of {wanted}; this one gives {array.dtype} {shape_text(array)}.")
    return array


def require_scores(scores: Floats, name: str) -> None:
    """0..1; NaN is none either."""
    within = (scores >= -ROUNDING) & (scores <= 1 + ROUNDING)
    if not within.all():
        raise unfit(
            f"its {name} must be 0 to 1; this one gives {float(scores[~within][0]):g}. Export it with the sigmoid or softmax."
        )


def detection(label: str, score: float, box: Floats) -> Detection:
    """`box` in fractions of the photo."""
    return Detection(label, min(max(float(score), 0.0), 1.0), np.clip(box, 0, 1).tolist())


def shape_text(array: Any) -> str:
    return "x".join(map(str, array.shape))
