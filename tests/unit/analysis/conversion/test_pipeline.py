"""What the build does when it has everything already, and when it is given something wrong."""

import shutil
from importlib import resources
from pathlib import Path

import pytest

from roomtally.analysis.conversion import fetch, pipeline
from roomtally.analysis.models import manifest

MODELS = Path(str(resources.files("roomtally.analysis.models")))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No client is found, and none can be installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    for model in manifest.MODELS:
        shutil.copy(MODELS / model.file, folder)
    return folder


@pytest.mark.usefixtures("no_network")
def test_a_second_install_takes_the_cache_and_needs_no_network(cache: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert pipeline.provide(target, cache) == "cache"
    assert sorted(path.name for path in target.iterdir()) == sorted(model.file for model in manifest.MODELS)
    assert pipeline.provide(target, tmp_path / "no-such-cache") == "present"


@pytest.mark.usefixtures("no_network")
def test_a_damaged_file_in_place_is_replaced(cache: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    pipeline.provide(target, cache)
    damaged = target / manifest.SSDLITE.file
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    assert pipeline.provide(target, cache) == "cache"
    assert manifest.matches(damaged.read_bytes(), manifest.SSDLITE.sha256)


def test_another_package_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho tampered > {manifest.SSDLITE.archive}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    with pytest.raises(fetch.FetchError, match="is not the package that was pinned"):
        pipeline.provide(tmp_path / "target", tmp_path / "cache")


def test_the_cache_is_the_users_own() -> None:
    digest = pipeline.cache_folder({"HOME": "/srv/ada"}).name
    assert pipeline.cache_folder({"HOME": "/srv/ada"}) == Path("/srv/ada/.cache/roomtally/models") / digest
    assert pipeline.cache_folder({"XDG_CACHE_HOME": "/x", "HOME": "/y"}) == Path("/x/roomtally/models") / digest
