"""A store that vanishes is told from a file that is gone."""

import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from roomtally import errors
from roomtally.batches.service import storing
from roomtally.storage.photos import MARKER, PhotoStorage, open_storage
from roomtally.telemetry import metrics
from tests.fixtures.batches import Person, World


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
async def storage(folder: Path) -> PhotoStorage:
    storage = open_storage(folder.as_uri())
    await storage.mark()
    await storage.put("originals/a", b"photo")
    return storage


def away() -> "pytest.RaisesExc[errors.Unavailable]":
    return pytest.raises(errors.Unavailable, match="storage-unavailable")


async def test_what_vanished_is_away_and_not_gone_and_told_once(storage: PhotoStorage, folder: Path):
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()  # the mount point stays when a disk is unmounted
    with capture_logs() as said:
        for _ in range(2):
            with away():
                await storage.get("originals/a")
            with away():
                await storage.get_stream("originals/a")
            with away():
                await storage.delete(["originals/a"])
        assert metrics.REGISTRY.get_sample_value("roomtally_storage_present") == 0
        folder.rmdir()
        folder.with_name("elsewhere").rename(folder)
        assert await storage.get("originals/a") == b"photo"
        assert await storage.is_there()
    assert [line["event"] for line in said] == ["storage_away", "storage_back"]
    assert metrics.REGISTRY.get_sample_value("roomtally_storage_present") == 1


async def test_a_write_makes_no_folder_anew(storage: PhotoStorage, folder: Path):
    shutil.rmtree(folder)
    with away():
        await storage.put("originals/b", b"photo")

    async def chunks():
        yield b"photo"

    with away():
        await storage.put_stream("originals/b", chunks())
    assert not folder.exists()


async def test_another_store_in_its_place_is_away_too(storage: PhotoStorage, folder: Path):
    assert await storage.is_there()
    shutil.rmtree(folder)
    await open_storage(folder.as_uri()).mark()
    with away():
        await storage.get("originals/a")


async def test_in_a_store_that_is_there_a_missing_file_is_gone(storage: PhotoStorage):
    with pytest.raises(errors.NotFound, match="photo-file-gone"):
        await storage.get("originals/none")
    await storage.delete(["originals/none"])


async def test_the_first_start_marks_and_those_beside_it_agree(world: World, folder: Path):
    first, second = open_storage(folder.as_uri()), open_storage(folder.as_uri())
    assert await storing.settle(world.context, first)
    marker = (folder / MARKER).read_bytes()
    assert await storing.settle(world.context, second)
    assert (folder / MARKER).read_bytes() == marker


async def test_a_start_on_a_folder_that_vanished_marks_nothing(world: World, person: Person, folder: Path):
    await world.uploads(person, 1)
    assert not await storing.settle(world.context, open_storage(folder.as_uri()))
    assert not (folder / MARKER).exists()


async def test_a_store_older_than_its_marker_is_taken_over(world: World, person: Person, folder: Path):
    [upload] = await world.uploads(person, 1)
    (folder / "originals").mkdir(parents=True)
    (folder / "originals" / str(upload)).write_bytes(b"photo")
    assert await storing.settle(world.context, open_storage(folder.as_uri()))
