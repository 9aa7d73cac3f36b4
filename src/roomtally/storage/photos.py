"""The photo store. Keys: `originals/<upload>` as sent, `thumbnails/<photo>.webp` as made by the worker; and its marker."""

import asyncio
import re
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID, uuid4

import obstore
import structlog
from obstore import exceptions as obstore_errors
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from roomtally import errors
from roomtally.telemetry import metrics

if TYPE_CHECKING:  # the stubs alone have it
    from obstore import GetResult

MIB = 1024 * 1024
PART_BYTES_LOCAL = MIB  # written as it comes: an upload costs the process 1 MiB, whatever its size
PART_BYTES_REMOTE = 5 * MIB  # the smallest part that S3 takes
PARTS_AT_ONCE = 2  # one on its way while the next fills
READ_BYTES = 256 * 1024
PAGE = 1000  # keys that S3 lists at once
MARKER = "roomtally-store"
SCHEMES = "file:///folder, s3://bucket, gs://bucket or az://container"
HALF = re.compile(r"#\d+$")

log = structlog.get_logger()


def original_key(upload_id: UUID) -> str:
    return f"originals/{upload_id}"


def thumbnail_key(photo_id: UUID) -> str:
    return f"thumbnails/{photo_id}.webp"


class PhotoStorage:
    """All calls raise errors.Unavailable when the store cannot be reached, reads errors.NotFound when the file is gone.

    A store has a marker, made once. Where a file is missed and the marker too, the store is away: unmounted, removed, another one.
    A folder is never made anew by a write, so nothing is put where nobody will look for it.
    """

    def __init__(self, store: ObjectStore, part_bytes: int, folder: Path | None = None) -> None:
        self._store = store
        self._part_bytes = part_bytes
        self._folder = folder
        self._marker = b""  # what it held when first seen
        self._told: bool | None = None

    @property
    def is_folder(self) -> bool:
        """Of this machine: another may still have its own."""
        return self._folder is not None

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store what `chunks` yields, whole or not at all: when it raises, or the task is cancelled, nothing stays."""
        await self._require_folder()
        with _told_plainly():
            await obstore.put_async(
                self._store, key, chunks, chunk_size=self._part_bytes, max_concurrency=PARTS_AT_ONCE, use_multipart=True
            )

    async def put(self, key: str, body: bytes) -> None:
        await self._require_folder()
        with _told_plainly():
            await obstore.put_async(self._store, key, body, use_multipart=False)

    async def get(self, key: str) -> bytes:
        result = await self._open(key)
        with _told_plainly():
            return bytes(await result.bytes_async())

    async def get_stream(self, key: str) -> AsyncIterator[bytes]:
        """Open the file (errors come here), then hand out its bytes piece by piece."""
        return _pieces(await self._open(key))

    async def list_old(self, prefix: str, before: datetime) -> AsyncIterator[list[str]]:
        """Keys under `prefix` that were last written before `before`, page by page as the store gives them."""
        with _told_plainly():
            async for page in obstore.list(self._store, prefix, chunk_size=PAGE):
                yield [entry["path"] for entry in page if entry["last_modified"] < before]

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove what is there; a key without a file is no error while the store is there."""
        missed = 0
        for key in keys:
            try:
                with _told_plainly(FileNotFoundError):
                    await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                missed += 1
        if missed and not await self.is_there():
            raise _away()

    async def delete_halves(self, before: datetime) -> int:
        """What a killed process left half-written in a folder (the store does not list it); returns how many."""
        return await asyncio.to_thread(_delete_halves, self._folder, before.timestamp()) if self._folder else 0

    # --- the store itself

    async def is_there(self) -> bool:
        """Whether its marker is there, and the same as before; each change is a line in the log."""
        found = await self._read_marker()
        self._marker = self._marker or found
        there = found != b"" and found == self._marker
        metrics.owned(metrics.STORAGE_PRESENT).set(there)
        if not there and self._told is not False:
            log.error(
                "storage_away", reason="another store is in its place" if found else "it has no marker that can be read"
            )
        elif there and self._told is False:
            log.info("storage_back")
        self._told = there
        return there

    async def is_marked(self) -> bool:
        return bool(await self._read_marker())

    async def holds_photos(self) -> bool:
        """As one that is older than its marker."""
        with _told_plainly():
            async for page in obstore.list(self._store, "originals/", chunk_size=1):
                return bool(page)
        return False

    async def mark(self) -> None:
        """On the first start; where another process is quicker, its marker counts."""
        with _told_plainly(), suppress(obstore_errors.AlreadyExistsError):
            await obstore.put_async(self._store, MARKER, uuid4().hex.encode(), mode="create", use_multipart=False)

    async def _read_marker(self) -> bytes:
        """Empty where there is none, or no answer."""
        with suppress(obstore_errors.BaseError, OSError):
            return bytes(await (await obstore.get_async(self._store, MARKER)).bytes_async())
        return b""

    async def _require_folder(self) -> None:
        if self.is_folder and not await self.is_there():
            raise _away()

    async def _open(self, key: str) -> "GetResult":
        try:
            with _told_plainly(FileNotFoundError):
                return await obstore.get_async(self._store, key)
        except FileNotFoundError as error:
            if not await self.is_there():
                raise _away() from error
            raise errors.NotFound("photo-file-gone", "The file of this photo is not in the store any more.") from error


async def _pieces(result: "GetResult") -> AsyncIterator[bytes]:
    with _told_plainly():
        async for piece in result.stream(min_chunk_size=READ_BYTES):
            yield bytes(piece)


@contextmanager
def _told_plainly(*passed: type[Exception]) -> Generator[None]:
    try:
        yield
    except passed:
        raise
    except (obstore_errors.BaseError, OSError) as error:
        raise _away() from error


def _away() -> errors.Unavailable:
    return errors.Unavailable(
        "storage-unavailable", "The photo store does not answer; try again in a moment.", retry_after=5
    )


def _delete_halves(folder: Path, before: float) -> int:
    """A file that is being written is `<key>#<number>`. What goes away meanwhile, or may not be touched, is left alone."""
    deleted = 0
    for part in ("originals", "thumbnails"):
        for path in (folder / part).glob("*#*"):
            with suppress(OSError):
                if HALF.search(path.name) and path.stat().st_mtime < before:
                    path.unlink()
                    deleted += 1
    return deleted


def open_storage(url: str) -> PhotoStorage:
    """The store that `url` names: `file:///folder` (made where missing), `memory:///`, `s3://`, `gs://`, `az://`.

    Credentials of the clouds come from their usual environment variables. Raises errors.Invalid for any other URL.
    """
    try:
        return _open(url)
    except (obstore_errors.BaseError, OSError, ValueError) as error:
        raise _unusable(_first_sentence(error)) from error


def _open(url: str) -> PhotoStorage:
    parts = urlsplit(url)
    match parts.scheme:
        case "":
            raise _unusable(f"it needs a scheme: {SCHEMES}")
        case "file" if not parts.path:
            raise _unusable("it names no folder; one looks like file:///srv/photos")
        case "file":
            return PhotoStorage(LocalStore.from_url(url, mkdir=True), PART_BYTES_LOCAL, Path(url2pathname(parts.path)))
        case "memory":
            return PhotoStorage(MemoryStore(), PART_BYTES_LOCAL)
        case _:
            return PhotoStorage(from_url(url), PART_BYTES_REMOTE)


def _first_sentence(error: Exception) -> str:
    """Behind it obstore prints its own structures, twenty lines of them."""
    said = str(error).partition("\n")[0].strip()
    return f"no store has such an address; it is one of {SCHEMES}" if "Unable to recognise URL" in said else said


def _unusable(why: str) -> errors.Invalid:
    return errors.Invalid("invalid-storage-url", f"ROOMTALLY_STORAGE_URL cannot be used: {why}.")
