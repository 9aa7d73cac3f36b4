"""Model bytes to an onnxruntime session with a known number of threads."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import onnxruntime
from numpy.typing import NDArray

_RUNTIME: Any = onnxruntime  # ships no types
WARNINGS_AND_WORSE_ARE_SILENT = 3  # severity: error


class Session(Protocol):
    """The part of onnxruntime's untyped session that we use. It may run in many threads at once."""

    def run(self, names: Sequence[str] | None, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]: ...


def open_session(model: bytes | str, threads: int) -> Any:
    """A CPU session of a model's bytes, or of the file at a path. `threads` bounds the cores that one `run` may use."""
    options = _RUNTIME.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = WARNINGS_AND_WORSE_ARE_SILENT
    return _RUNTIME.InferenceSession(model, options, providers=["CPUExecutionProvider"])
