"""A photo's files for its owner."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches.service import reading
from roomtally.batches.service.context import Context
from roomtally.storage.metadata import strip_metadata
from roomtally.storage.photos import PhotoStorage


class Original(msgspec.Struct, frozen=True):
    filename: str
    content_type: str
    body: bytes


async def open_thumbnail(
    context: Context, storage: PhotoStorage, user_id: UserId, photo_id: UUID
) -> AsyncIterator[bytes]:
    """Raises errors.NotFound: no such photo, not theirs, or not looked at yet."""
    photo = await reading.get_photo_file(context, user_id, photo_id)
    if photo.thumbnail_key is None:
        raise errors.NotFound("no-thumbnail", "This photo has no small picture (yet); follow its batch.")
    return await storage.get_stream(photo.thumbnail_key)


async def read_original(context: Context, storage: PhotoStorage, user_id: UserId, photo_id: UUID) -> Original:
    """Without what cameras hide in it: place, time, device. Raises errors.NotFound, errors.Unsupported."""
    photo = await reading.get_photo_file(context, user_id, photo_id)
    body = await storage.get(photo.storage_key)
    stripped = await asyncio.to_thread(strip_metadata, body, photo.content_type)
    return Original(photo.filename, photo.content_type, stripped)
