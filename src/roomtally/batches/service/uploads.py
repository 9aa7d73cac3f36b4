"""Receiving photos: streamed into the store first, written down when they are whole."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

import msgspec
import structlog

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches.service.quota import Quota
from roomtally.batches.store import uploads as store
from roomtally.batches.store.uploads import NewUpload
from roomtally.db import idempotency
from roomtally.db.pool import Pool, transaction
from roomtally.names import clean_filename
from roomtally.storage.intake import Intake, too_large
from roomtally.storage.photos import PhotoStorage, original_key
from roomtally.storage.sniff import READABLE
from roomtally.telemetry import metrics

UNKNOWN_TYPE = "application/octet-stream"
IMAGES = "JPEG, PNG, WebP or HEIC"

log = structlog.get_logger()


class UploadLimits(msgspec.Struct, frozen=True):
    photo_bytes: int
    quota_bytes: int
    hours: float


class Received(msgspec.Struct, frozen=True):
    """A photo that is in the store; `digest` (SHA-256) is empty where none was asked for."""

    upload: NewUpload
    digest: bytes


class Uploads:
    def __init__(self, pool: Pool, storage: PhotoStorage, limits: UploadLimits) -> None:
        self._pool = pool
        self._storage = storage
        self._quota = Quota(pool, limits.quota_bytes)
        self.limits = limits

    async def receive(
        self, user_id: UserId, filename: str, chunks: AsyncIterator[bytes], announced: int | None, key: str | None
    ) -> UUID:
        """Store one photo; its id, or the id that the same Idempotency-Key and photo got before.

        Raises errors.Invalid (empty), errors.Unsupported (nothing a worker can read), errors.TooLarge (photo, quota),
        errors.Conflict (key).
        """
        if announced is not None and announced > self.limits.photo_bytes:
            raise too_large(self.limits.photo_bytes)
        name, digest = clean_filename(filename), key is not None
        if key and await self._came_before(user_id, key):  # it will be kept once, however full the user's room is
            received = await self._put(name, self._intake(chunks, digest=digest), strict=True)
        else:
            received = await self.take(user_id, name, chunks, announced=announced or 0, digest=digest, strict=True)
        try:
            return await self.write_down(user_id, received, key)
        except BaseException:
            await self.drop_files([received])
            raise

    async def write_down(self, user_id: UserId, received: Received, key: str | None = None) -> UUID:
        """The photo's id, or the one that `key` stands for: then the file is gone. Raises errors.TooLarge, errors.Conflict.

        Locks: the key, the user's room, and no row of anybody else's.
        """
        new_id = upload_id = received.upload.id
        async with transaction(self._pool) as conn:
            if key:
                upload_id = await idempotency.claim(conn, user_id, key, _fingerprint(received), new_id)
            if upload_id == new_id:
                await self._quota.claim(conn, user_id, received.upload.bytes)
                await store.add_upload(conn, user_id, received.upload, self.limits.hours)
        if upload_id != new_id:
            await self.drop_files([received])
        return upload_id

    async def check_room(self, user_id: UserId, more: int) -> None:
        """Raises errors.TooLarge where `more` bytes would not fit into the user's quota."""
        await self._quota.check(user_id, more)

    async def take(
        self,
        user_id: UserId,
        filename: str,
        chunks: AsyncIterator[bytes],
        *,
        announced: int = 0,
        digest: bool = False,
        strict: bool = False,
    ) -> Received:
        """Put a photo into the store without writing it down. `strict` refuses what no worker could look at.

        Raises errors.TooLarge (photo, quota) as soon as more than is allowed has come, errors.Invalid, errors.Unsupported.
        """
        async with self._quota.arriving(user_id, chunks, announced) as arriving:
            return await self._put(filename, self._intake(arriving, digest=digest), strict=strict)

    def _intake(self, chunks: AsyncIterator[bytes], *, digest: bool) -> Intake:
        return Intake(chunks, limit=self.limits.photo_bytes, digest=digest)

    async def _came_before(self, user_id: UserId, key: str) -> bool:
        async with self._pool.connection() as conn:
            return await idempotency.is_taken(conn, user_id, key)

    async def _put(self, filename: str, intake: Intake, *, strict: bool) -> Received:
        head = await intake.head()
        if strict:
            _refuse_unusable(head, intake.content_type)
        upload_id = uuid4()
        upload_key = original_key(upload_id)
        if head:
            await self._storage.put_stream(upload_key, aiter(intake))
        else:
            await self._storage.put(upload_key, b"")
        metrics.UPLOAD_BYTES.inc(intake.size)
        content_type = intake.content_type or UNKNOWN_TYPE
        return Received(NewUpload(upload_id, upload_key, filename, content_type, intake.size), intake.digest)

    async def forget(self, photos: Sequence[Received]) -> None:
        """Undo `take` and `write_down`, but for what a batch took."""
        if not photos:
            return
        async with self._pool.connection() as conn:
            bound = await store.delete_unbound(conn, [photo.upload.id for photo in photos])
        await self.drop_files([photo for photo in photos if photo.upload.id not in bound])

    async def drop_files(self, photos: Sequence[Received]) -> None:
        """Never raises: what cannot be removed is logged, and costs space only."""
        keys = [photo.upload.storage_key for photo in photos]
        with suppress(errors.Unavailable):
            await self._storage.delete(keys)
            return
        log.warning("files_left_behind", keys=keys)


def _refuse_unusable(head: bytes, content_type: str | None) -> None:
    if not head:
        raise errors.Invalid("empty-photo", "The file is empty; choose the photo again.")
    if content_type is None:
        raise errors.Unsupported("unsupported-photo", f"This file is not a photo; send a {IMAGES} file.")
    if content_type not in READABLE:
        name = content_type.partition("/")[2].upper()
        raise errors.Unsupported("unsupported-photo", f"{name} files cannot be read; send a {IMAGES} file.")


def _fingerprint(received: Received) -> bytes:
    return hashlib.sha256(f"upload\n{received.upload.filename}\n".encode() + received.digest).digest()
