"""A TensorFlow.js graph model on disk: its nodes, and its weights as arrays."""

import json
from pathlib import Path
from typing import Any, Final, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_TYPES: Final = {"float32": np.float32, "int32": np.int32}


class Node(TypedDict):
    name: str
    op: str
    input: NotRequired[list[str]]
    attr: NotRequired[dict[str, Any]]


class _Quantization(TypedDict):
    dtype: str


class _Weight(TypedDict):
    name: str
    shape: list[int]
    dtype: str
    quantization: NotRequired[_Quantization]


def load(path: Path) -> tuple[list[Node], dict[str, Array]]:
    """Nodes in file order and weights by node name, half floats widened to float32."""
    model = json.loads(path.read_text())
    weights: dict[str, Array] = {}
    for group in model["weightsManifest"]:
        content = b"".join((path.parent / part).read_bytes() for part in group["paths"])
        weights |= _unpack(group["weights"], content)
    return model["modelTopology"]["node"], weights


def _unpack(entries: list[_Weight], content: bytes) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        stored = _stored_type(entry)
        flat = np.frombuffer(content, stored, int(np.prod(entry["shape"])), offset)
        offset += flat.nbytes
        weights[entry["name"]] = flat.astype(_TYPES[entry["dtype"]], copy=False).reshape(entry["shape"])
    if offset != len(content):
        raise ValueError(f"the manifest tells of {offset} bytes of weights, the file has {len(content)}")
    return weights


def _stored_type(entry: _Weight) -> type[Any]:
    quantized = entry.get("quantization")
    if quantized is None:
        return _TYPES[entry["dtype"]]
    if quantized["dtype"] != "float16":
        raise ValueError(f"weights of {quantized['dtype']} are not handled")
    return np.float16
