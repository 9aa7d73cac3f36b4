"""A checkpoint is a pickle, and a pickle may run anything: this reader must not."""

import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roomtally.analysis.conversion import checkpoint


class _Storage:
    """Pickles as a reference to a storage of floats."""


class _Pickler(pickle._Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return ("storage", _Name("torch", "FloatStorage"), "0", "cpu", 6, None) if isinstance(obj, _Storage) else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
        if isinstance(obj, _Name):
            self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
            return None
        return super().save(obj, save_persistent_id)


class _Name:
    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.shape, self.strides = shape, strides

    def __reduce__(self) -> Any:
        return _Rebuild(), (_Storage(), 0, self.shape, self.strides, False, OrderedDict())


class _Rebuild(_Name):
    def __init__(self) -> None:
        super().__init__("torch._utils", "_rebuild_tensor_v2")

    def __call__(self) -> None: ...


def written(path: Path, state: Any) -> Path:
    with path.open("wb") as file:
        for part in (checkpoint.MAGIC, 1001, {"little_endian": True}):
            pickle.dump(part, file, protocol=2)
        _Pickler(file, protocol=2).dump(state)
        pickle.dump(["0"], file, protocol=2)
        file.write(struct.pack("<q", 6) + np.arange(6, dtype=np.float32).tobytes())
    return path


def test_tensors_are_read_and_strides_honoured(tmp_path: Path) -> None:
    state = OrderedDict(plain=_Tensor((2, 3), (3, 1)), turned=_Tensor((3, 2), (1, 3)))
    arrays = checkpoint.load(written(tmp_path / "a.pth", state))
    assert arrays["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]


class _Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/roomtally-was-here",)


def test_anything_else_is_refused_before_it_runs(tmp_path: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match="system is not allowed"):
        checkpoint.load(written(tmp_path / "evil.pth", OrderedDict(weights=_Evil())))
    assert not Path("/tmp/roomtally-was-here").exists()


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(pickle.dumps(1))
    with pytest.raises(pickle.UnpicklingError, match="not a checkpoint"):
        checkpoint.load(path)
