"""The build hook: a wheel carries the models with their papers, and the machinery that made them stays behind."""

import shutil
import subprocess
import sys
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from roomtally.analysis.conversion import fetch, pipeline
from roomtally.analysis.models import manifest

ROOT = Path(__file__).parents[3]
MODELS = Path(str(resources.files("roomtally.analysis.models")))
SOURCES = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "src/roomtally/__init__.py",
    "src/roomtally/analysis",
    "src/roomtally/web_dist",  # the page as it is made: making it anew would fetch packages, and is tested by itself
    "src/web",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The sources as git has them: without model files."""
    target = tmp_path / "clone"
    for name in SOURCES:
        source, place = ROOT / name, target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.onnx", "__pycache__", "node_modules"))
        else:
            shutil.copy(source, place)
    return target


def test_a_wheel_from_a_clone_carries_the_models(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the cache, and without any client that could fetch: a second install needs no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = pipeline.cache_folder({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    pipeline.provide(cache, MODELS)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PATH", str(tmp_path))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "-w",
        str(tmp_path),
        ".",
    ]
    subprocess.run(command, cwd=clone, check=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        for model in manifest.MODELS:
            assert manifest.matches(content.read(f"roomtally/analysis/models/{model.file}"), model.sha256)
    papers = {path.relative_to(MODELS).as_posix() for path in (MODELS / "licences").iterdir()} | {"MODELS.md"}
    assert {f"roomtally/analysis/models/{paper}" for paper in papers} <= names
    assert not any("conversion" in name for name in names)


def test_without_network_and_cache_the_build_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(fetch.FetchError, match="no npm, and none could be installed"):
        pipeline.provide(tmp_path / "target", tmp_path / "cache")
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / "cache").exists()
