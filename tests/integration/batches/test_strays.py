"""Files that a killed process left, on a real folder."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from roomtally.batches.service import strays
from roomtally.batches.service.strays import Strays
from roomtally.storage import photos
from roomtally.storage.photos import PhotoStorage, open_storage
from tests.fixtures.batches import Person, World

DAY = 24 * 3600.0


@pytest.fixture
async def storage(tmp_path: Path) -> PhotoStorage:
    storage = open_storage((tmp_path / "store").as_uri())
    await storage.mark()
    return storage


@pytest.fixture
def originals(storage: PhotoStorage, tmp_path: Path) -> Path:
    folder = tmp_path / "store" / "originals"
    folder.mkdir()
    return folder


def put(folder: Path, names: Sequence[object], age: float) -> None:
    for name in names:
        (folder / str(name)).write_bytes(b"photo")
        os.utime(folder / str(name), (time.time() - age, time.time() - age))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def purge_all(cleaner: Strays, calls: int = 5) -> int:
    return sum([await cleaner.purge_page() for _ in range(calls)])


async def test_old_files_without_a_row_go_and_all_others_stay(
    world: World, person: Person, storage: PhotoStorage, originals: Path
) -> None:
    waiting = await world.uploads(person, 1)
    bound = await world.uploads(person, 1)
    await world.create(person, bound)
    young, old = [uuid4()], [uuid4() for _ in range(3)]
    put(originals, [*waiting, *bound, *old, "not-ours.txt"], DAY + 60)
    put(originals, young, DAY - 60)
    assert await purge_all(Strays(world.context, storage)) == 3
    assert names(originals) == {*map(str, [*waiting, *bound, *young]), "not-ours.txt"}


async def test_one_page_a_call_and_one_round_a_day(
    world: World, storage: PhotoStorage, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "PAGE", 2)
    now = time.time()
    cleaner = Strays(replace(world.context, clock=lambda: now), storage)
    put(originals, [uuid4() for _ in range(5)], DAY + 60)
    assert [await cleaner.purge_page() for _ in range(5)] == [2, 2, 1, 0, 0]
    put(originals, [uuid4()], DAY + 60)
    assert await purge_all(cleaner) == 0
    now += strays.ROUND_SECONDS
    assert await purge_all(cleaner) == 1


async def test_a_store_of_another_database_is_left_alone_and_told(
    world: World, person: Person, storage: PhotoStorage, originals: Path
) -> None:
    put(originals, await world.uploads(person, 100), DAY + 60)
    put(originals, [uuid4() for _ in range(101)], DAY + 60)
    with structlog.testing.capture_logs() as said:
        assert await purge_all(Strays(world.context, storage)) == 0
    assert [line["event"] for line in said] == ["store_of_another_database"]
    assert len(names(originals)) == 201


async def test_a_store_that_cannot_be_listed_costs_the_sweeper_nothing(
    world: World, storage: PhotoStorage, originals: Path
) -> None:
    now = time.time()
    cleaner = Strays(replace(world.context, clock=lambda: now), storage)
    shutil.rmtree(originals.parent)
    originals.parent.write_bytes(b"a file where the folder was")
    with structlog.testing.capture_logs() as said:
        assert await purge_all(cleaner) == 0
    assert [line["event"] for line in said] == ["strays_not_purged"]
    originals.parent.unlink()
    originals.mkdir(parents=True)
    put(originals, [uuid4()], DAY + 60)
    assert await purge_all(cleaner) == 0
    now += strays.AGAIN_SECONDS
    assert await purge_all(cleaner) == 1


async def test_half_written_files_of_a_killed_process_go_after_a_day(
    world: World, storage: PhotoStorage, originals: Path
) -> None:
    put(originals, [f"{uuid4()}#1", f"{uuid4()}#12"], DAY + 60)
    young, other = f"{uuid4()}#1", "a#b"
    put(originals, [young], DAY - 60)
    put(originals, [other], DAY + 60)
    assert await purge_all(Strays(world.context, storage)) == 0  # none of them is a file that a row could know
    assert names(originals) == {young, other}
