"""The papers of the model files say what the manifest says."""

import subprocess
import sys
from importlib import resources

import pytest

from roomtally.analysis.models import manifest

FOLDER = resources.files("roomtally.analysis.models")
PAPERS = (FOLDER / "MODELS.md").read_text()


@pytest.mark.parametrize("model", manifest.MODELS, ids=lambda model: model.file)
def test_the_papers_name_each_file_and_its_origin(model: manifest.Model) -> None:
    assert f"{model.sha256}  {model.file}" in PAPERS
    assert f"{model.archive_sha256}  {model.archive}" in PAPERS
    assert f"`{model.package}` {model.version}" in PAPERS


def test_the_licences_are_whole() -> None:
    texts = {text.name: text.read_text() for text in (FOLDER / "licences").iterdir()}
    assert all(f"licences/{name}" in PAPERS for name in texts)
    assert "END OF TERMS AND CONDITIONS" in texts["ssdlite.Apache-2.0.txt"]
    assert "END OF TERMS AND CONDITIONS" in texts["nanodet.Apache-2.0.txt"]
    assert "Copyright 2020-2021 RangiLyu" in texts["nanodet.Apache-2.0.txt"]
    assert "Vladimir Mandic" in texts["human-models.MIT.txt"]
    assert "ML Illustrated" in texts["efficientnet-lite2.Apache-2.0.txt"]


def test_the_build_can_import_the_conversion_without_the_product() -> None:
    """An isolated build has numpy and onnx, nothing else; whatever the packages above import would break it."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from roomtally.analysis.conversion import pipeline\n"
        "print([name for name in set(sys.modules) - before if name.startswith('roomtally')"
        " and not name.startswith('roomtally.analysis.conversion')])\n"
        "print([name for name in ('PIL', 'msgspec', 'onnxruntime', 'litestar') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert set(eval(out[0])) == {  # noqa: S307 - our own output
        "roomtally", "roomtally.analysis", "roomtally.analysis.models", "roomtally.analysis.models.manifest",
    }  # fmt: skip
    assert out[1] == "[]"
