"""The photo store on a folder and in memory: the same behaviour on both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roomtally import errors
from roomtally.storage.photos import MARKER, PhotoStorage, open_storage
from tests.fixtures.waiting import until

MIB = 1024 * 1024


@pytest.fixture(params=["file", "memory"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> PhotoStorage:
    return await marked((tmp_path / "new" / "store").as_uri() if request.param == "file" else "memory:///")


async def marked(url: str) -> PhotoStorage:
    storage = open_storage(url)
    await storage.mark()
    return storage


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]


async def pieces(count: int, fail: Exception | None = None) -> AsyncIterator[bytes]:
    for n in range(count):
        yield bytes([n]) * (MIB // 2)
    if fail:
        raise fail


async def read(storage: PhotoStorage, key: str) -> bytes:
    return b"".join([piece async for piece in await storage.get_stream(key)])


@pytest.mark.parametrize("count", [1, 2, 3, 9])
async def test_a_stream_is_stored_whole(storage: PhotoStorage, count: int):
    await storage.put_stream("originals/a", pieces(count))
    whole = b"".join([piece async for piece in pieces(count)])
    assert await storage.get("originals/a") == whole
    assert await read(storage, "originals/a") == whole


async def test_small_files_empty_ones_and_new_versions(storage: PhotoStorage):
    for body in (b"first", b"", b"third"):
        await storage.put("thumbnails/a.webp", body)
        assert await storage.get("thumbnails/a.webp") == body


@pytest.mark.parametrize("reason", [errors.TooLarge("x", "y"), RuntimeError("left")])
async def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path, reason: Exception):
    storage = await marked(tmp_path.as_uri())
    with pytest.raises(type(reason)):
        await storage.put_stream("originals/a", pieces(5, reason))
    await until(lambda: not files(tmp_path))
    with pytest.raises(errors.NotFound, match="photo-file-gone"):
        await storage.get("originals/a")


async def test_a_cancelled_upload_leaves_nothing(tmp_path: Path):
    storage = await marked(tmp_path.as_uri())
    never = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        async for piece in pieces(5):
            yield piece
        await never.wait()

    task = asyncio.create_task(storage.put_stream("originals/a", slow()))
    await until(lambda: list(tmp_path.rglob("*#*")), what="the file is half written")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not files(tmp_path))


async def test_a_file_that_is_not_there(storage: PhotoStorage):
    with pytest.raises(errors.NotFound, match="photo-file-gone"):
        await storage.get("originals/none")
    with pytest.raises(errors.NotFound, match="photo-file-gone"):
        await storage.get_stream("originals/none")


async def test_deleting_what_is_there_and_what_is_not(storage: PhotoStorage):
    await storage.put("originals/a", b"x")
    await storage.delete(["originals/none", "originals/a", "originals/a"])
    with pytest.raises(errors.NotFound):
        await storage.get("originals/a")


async def test_a_store_that_cannot_be_written_is_the_infrastructures_fault(tmp_path: Path):
    storage = await marked(tmp_path.as_uri())
    (tmp_path / "originals").write_text("a file where a folder must be")
    with pytest.raises(errors.Unavailable, match="storage-unavailable"):
        await storage.put("originals/a", b"x")
    with pytest.raises(errors.Unavailable, match="storage-unavailable"):
        await storage.put_stream("originals/a", pieces(3))


@pytest.mark.parametrize(
    "url",
    ["", "photos", "/var/photos", "ftp://host/x", "s3://", "gs://", "foo://y", "s3://[x", "file://", "file://host/x"],
)
def test_urls_that_name_no_store(url: str):
    """In one sentence: obstore says twenty lines."""
    with pytest.raises(errors.Invalid, match="invalid-storage-url") as refused:
        open_storage(url)
    assert refused.value.detail.startswith("ROOMTALLY_STORAGE_URL cannot be used: ")
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize("url", ["s3://bucket/moves", "gs://bucket/moves", "az://container/moves"])
def test_clouds_are_opened_by_url(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "moves")
    assert isinstance(open_storage(url), PhotoStorage)
