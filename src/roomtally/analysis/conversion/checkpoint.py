"""Reads a PyTorch checkpoint of the old format without PyTorch, and without running anything that is in it.

A pickle may name any function to call. This reader knows three names, all of them harmless, and refuses every other.
"""

import collections
import pickle
import struct
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAGIC: Final = 0x1950A86A20F9469CFC6C


class _Tensor(NamedTuple):
    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.types: dict[str, str] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in {"FloatStorage", "LongStorage"}:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a checkpoint")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.types[key] = kind
        return key


def load(path: Path) -> dict[str, Array]:
    """Arrays by name; raises `pickle.UnpicklingError` for anything but tensors."""
    with path.open("rb") as file:
        if _Reader(file).load() != MAGIC:
            raise pickle.UnpicklingError("not a checkpoint of the old PyTorch format")
        for _ in ("protocol", "system"):
            _Reader(file).load()
        reader = _Reader(file)
        tensors: dict[str, _Tensor] = reader.load()
        order: list[str] = _Reader(file).load()
        storages = {key: _storage(file, reader.types[key]) for key in order}
    return {name: _array(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}


def _storage(file: BinaryIO, kind: str) -> Array:
    (count,) = struct.unpack("<q", file.read(8))
    element = np.dtype(np.int64 if kind == "LongStorage" else np.float32)
    return np.frombuffer(file.read(count * element.itemsize), element)


def _array(tensor: _Tensor, storage: Array) -> Array:
    """Tensors may be stored transposed: the strides say so."""
    start = storage[tensor.offset :]
    strides = [step * start.itemsize for step in tensor.strides]
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(start, tensor.shape, strides))
