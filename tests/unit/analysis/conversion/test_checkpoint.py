"""A checkpoint is a pickle, and a pickle may run anything: this reader must not."""

import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from roomtally.analysis.conversion import checkpoint


class FloatStorage:
    """Stands for torch's; pickled by name only."""


def _rebuild_tensor_v2() -> None: ...


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Just enough of PyTorch to write a checkpoint by the names it uses."""
    for name, thing in {"torch": FloatStorage, "torch._utils": _rebuild_tensor_v2}.items():
        module = ModuleType(name)
        setattr(module, thing.__name__, thing)
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(thing, "__module__", name)


class Tensor:
    def __init__(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.shape = shape
        self.strides = strides

    def __reduce__(self) -> Any:
        hooks: OrderedDict[str, object] = OrderedDict()
        return _rebuild_tensor_v2, (FloatStorage(), 0, self.shape, self.strides, False, hooks)


class Writer(pickle.Pickler):
    def persistent_id(self, obj: Any, /) -> Any:
        return ("storage", FloatStorage, "0", "cpu", 6, None) if isinstance(obj, FloatStorage) else None


def written(path: Path, **state: object) -> Path:
    with path.open("wb") as file:
        for part in (checkpoint.MAGIC, 1001, {"little_endian": True}):
            pickle.dump(part, file, protocol=2)
        Writer(file, protocol=2).dump(OrderedDict(state))
        pickle.dump(["0"], file, protocol=2)
        file.write(struct.pack("<q", 6) + np.arange(6, dtype=np.float32).tobytes())
    return path


def test_tensors_are_read_and_strides_honoured(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pth", plain=Tensor((2, 3), (3, 1)), turned=Tensor((3, 2), (1, 3)))
    arrays = checkpoint.load(path)
    assert arrays["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_anything_else_is_refused_before_it_runs(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    with pytest.raises(pickle.UnpicklingError, match="is not allowed in a checkpoint"):
        checkpoint.load(written(tmp_path / "evil.pth", weights=Evil()))
    assert not trace.exists()


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(pickle.dumps(1))
    with pytest.raises(pickle.UnpicklingError, match="not a checkpoint"):
        checkpoint.load(path)
