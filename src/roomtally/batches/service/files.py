"""A photo's files for its owner."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import PurePath
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.analysis.metadata import strip_metadata
from roomtally.batches.service import reading
from roomtally.batches.service.context import Context
from roomtally.storage.photos import PhotoStorage

AT_ONCE = 2  # originals in memory: 25 MiB each, and 150 MB more where a HEIC of 50 megapixels is decoded


class Original(msgspec.Struct, frozen=True):
    filename: str
    content_type: str
    body: bytes


class PhotoFiles:
    def __init__(self, context: Context, storage: PhotoStorage) -> None:
        self._context = context
        self._storage = storage
        self._room = asyncio.Semaphore(AT_ONCE)

    async def open_thumbnail(self, user_id: UserId, photo_id: UUID) -> AsyncIterator[bytes]:
        """Raises errors.NotFound: no such photo, not theirs, or not looked at yet."""
        photo = await reading.get_photo_file(self._context, user_id, photo_id)
        if photo.thumbnail_key is None:
            raise errors.NotFound("no-thumbnail", "This photo has no small picture (yet); follow its batch.")
        return await self._storage.get_stream(photo.thumbnail_key)

    async def read_original(self, user_id: UserId, photo_id: UUID) -> Original:
        """Without what cameras hide in it: place, time, device. Raises errors.NotFound, errors.Unsupported."""
        photo = await reading.get_photo_file(self._context, user_id, photo_id)
        async with self._room:
            body = await self._storage.get(photo.storage_key)
            try:
                stripped, content_type = await asyncio.to_thread(strip_metadata, body)
            except errors.Invalid as error:
                raise errors.Unsupported(
                    "original-not-served",
                    "The file as sent may hold the place and time it was taken, which cannot be removed from it, so it is not given"
                    f" out again. {error.detail}",
                ) from error
        return Original(_named(photo.filename, photo.content_type, content_type), content_type, stripped)


def _named(filename: str, before: str, now: str) -> str:
    """With the ending of what it has become."""
    return filename if before == now else PurePath(filename).stem + "." + now.removeprefix("image/")
