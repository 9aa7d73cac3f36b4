"""Settings for an engine: no server is needed."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from roomtally.settings import Settings


@pytest.fixture
def engine_settings() -> Callable[..., Settings]:
    def make(**changes: Any) -> Settings:
        return Settings(database_url="none", redis_url="none", storage_url="none", **changes)

    return make


@pytest.fixture
def wide_photo() -> Image.Image:
    return Image.new("RGB", (400, 200), (90, 120, 150))
