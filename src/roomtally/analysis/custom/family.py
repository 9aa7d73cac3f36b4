"""What the families of detectors have in common: a picture in, detections out, and a check before the first photo."""

from typing import Any, Protocol

from PIL import Image

from roomtally import errors
from roomtally.analysis.bundled.geometry import Detection


class Family(Protocol):
    """How one kind of network is fed and read."""

    def check(self) -> None:
        """Runs the network once on an empty picture; raises `errors.Invalid` where shapes are not those of the family."""
        ...

    def detect(self, image: Image.Image) -> list[Detection]: ...


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


def shape_text(array: Any) -> str:
    return "x".join(map(str, array.shape))
