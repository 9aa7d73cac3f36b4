"""The build hook: makes the page and the model files that the wheel, or an editable install, carries."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class MadeFilesHook(BuildHookInterface[Any]):
    """What was made before is kept: the models in the user's cache folder, the page while nothing in src/web changes."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root) / "src"
        self.app.display_info(f"models: {_models(source)}")
        self.app.display_info(f"page: {_page(source)}")
        build_data["artifacts"] += ["/src/roomtally/analysis/models/*.onnx", "/src/roomtally/web_dist"]


def _models(source: Path) -> str:
    with _importable(source):  # the package itself is not installed yet
        from roomtally.analysis.conversion import pipeline
    return pipeline.provide(source / "roomtally/analysis/models", pipeline.cache_folder(os.environ))


def _page(source: Path) -> str:
    with _importable(source / "web"):
        import build_page
    return build_page.make()


@contextmanager
def _importable(folder: Path) -> Generator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
