"""Photos on their way into the store, without HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from roomtally.settings import Settings


class Part:
    """One part of a form, as the parser of `http/form.py` hands it out."""

    def __init__(self, name: str, filename: str | None, *chunks: bytes, stalls: bool = False) -> None:
        self.name = name
        self.filename = filename
        self._chunks = chunks
        self._stalls = stalls

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._stalls:
            await asyncio.Event().wait()

    async def text(self, longest: int) -> str:
        return b"".join(self._chunks).decode()[:longest]


def files(settings: Settings) -> list[Path]:
    """Of photos, those that are half written too."""
    folder = Path(settings.storage_url.removeprefix("file://")) / "originals"
    return list(folder.iterdir()) if folder.exists() else []


async def allowed(_project: UUID) -> None:
    return None
