"""The photo store. Keys: `originals/<upload>` as sent, `thumbnails/<photo>.webp` as made by the worker."""

from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import obstore
from obstore import exceptions as obstore_errors
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from roomtally import errors

if TYPE_CHECKING:  # the stubs alone have it
    from obstore import GetResult

MIB = 1024 * 1024
PART_BYTES_LOCAL = MIB  # written as it comes: an upload costs the process 1 MiB, whatever its size
PART_BYTES_REMOTE = 5 * MIB  # the smallest part that S3 takes
PARTS_AT_ONCE = 2  # one on its way while the next fills
READ_BYTES = 256 * 1024
PAGE = 1000  # keys that S3 lists at once


def original_key(upload_id: UUID) -> str:
    return f"originals/{upload_id}"


def thumbnail_key(photo_id: UUID) -> str:
    return f"thumbnails/{photo_id}.webp"


class PhotoStorage:
    """All calls raise errors.Unavailable when the store cannot be reached, reads errors.NotFound when the file is gone."""

    def __init__(self, store: ObjectStore, part_bytes: int) -> None:
        self._store = store
        self._part_bytes = part_bytes

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store what `chunks` yields, whole or not at all: when it raises, or the task is cancelled, nothing stays."""
        with _told_plainly():
            await obstore.put_async(
                self._store, key, chunks, chunk_size=self._part_bytes, max_concurrency=PARTS_AT_ONCE, use_multipart=True
            )

    async def put(self, key: str, body: bytes) -> None:
        with _told_plainly():
            await obstore.put_async(self._store, key, body, use_multipart=False)

    async def get(self, key: str) -> bytes:
        with _told_plainly():
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())

    async def get_stream(self, key: str) -> AsyncIterator[bytes]:
        """Open the file (errors come here), then hand out its bytes piece by piece."""
        with _told_plainly():
            result = await obstore.get_async(self._store, key)
        return _pieces(result)

    async def list_old(self, prefix: str, before: datetime) -> AsyncIterator[list[str]]:
        """Keys under `prefix` that were last written before `before`, page by page as the store gives them."""
        with _told_plainly():
            async for page in obstore.list(self._store, prefix, chunk_size=PAGE):
                yield [entry["path"] for entry in page if entry["last_modified"] < before]

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove what is there; a key without a file is no error."""
        for key in keys:
            with _told_plainly():
                try:
                    await obstore.delete_async(self._store, key)
                except FileNotFoundError:
                    continue


async def _pieces(result: "GetResult") -> AsyncIterator[bytes]:
    with _told_plainly():
        async for piece in result.stream(min_chunk_size=READ_BYTES):
            yield bytes(piece)


@contextmanager
def _told_plainly() -> Generator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise errors.NotFound("photo-file-gone", "The file of this photo is not in the store any more.") from error
    except (obstore_errors.BaseError, OSError) as error:
        raise errors.Unavailable(
            "storage-unavailable", "The photo store does not answer; try again in a moment.", retry_after=5
        ) from error


def open_storage(url: str) -> PhotoStorage:
    """The store that `url` names: `file:///folder` (made where missing), `memory:///`, `s3://`, `gs://`, `az://`.

    Credentials of the clouds come from their usual environment variables. Raises errors.Invalid for any other URL.
    """
    scheme = urlsplit(url).scheme
    try:
        if scheme == "file":
            return PhotoStorage(LocalStore.from_url(url, mkdir=True), PART_BYTES_LOCAL)
        if scheme == "memory":
            return PhotoStorage(MemoryStore(), PART_BYTES_LOCAL)
        if scheme:
            return PhotoStorage(from_url(url), PART_BYTES_REMOTE)
    except (obstore_errors.BaseError, OSError, ValueError) as error:
        raise errors.Invalid("invalid-storage-url", f"ROOMTALLY_STORAGE_URL cannot be used: {error}") from error
    raise errors.Invalid("invalid-storage-url", "ROOMTALLY_STORAGE_URL needs a scheme: file, s3, gs or az.")
