"""The build hook: makes the model files that the wheel, or an editable install, carries."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelsHook(BuildHookInterface[Any]):
    """Fetches and converts the pinned models at the first build; later ones find them in the user's cache folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root) / "src"
        sys.path.insert(0, str(source))  # the package itself is not installed yet
        try:
            from roomtally.analysis.conversion import pipeline
        finally:
            sys.path.remove(str(source))
        came_from = pipeline.provide(source / "roomtally/analysis/models", pipeline.cache_folder(os.environ))
        self.app.display_info(f"models: {came_from}")
        build_data["artifacts"].append("/src/roomtally/analysis/models/*.onnx")
