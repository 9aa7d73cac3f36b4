"""One photo in a worker's hands: who is to blame decides what is written. Real servers and storage."""

import os
from pathlib import Path

import msgspec
import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import BatchStatus, PhotoStatus
from roomtally.db.pool import create_pool
from roomtally.inventory import volumes
from roomtally.storage.photos import open_storage
from tests.fixtures.bench import Bench, outcomes, photo_of, raising
from tests.fixtures.workers import jpeg


async def test_a_photo_becomes_items_with_volumes_and_a_thumbnail(bench: Bench) -> None:
    batch = await bench.batch(jpeg((800, 600)))
    await bench.worker().process(batch.photos[0])
    snapshot = await batch.snapshot()
    assert snapshot.status is BatchStatus.COMPLETED
    assert (snapshot.photos[0].room_type, snapshot.photos[0].item_count) == ("living_room", 2)
    assert snapshot.photos[0].volume == 2 * volumes.of("sofa").typical / 1000
    small = await open_storage(bench.settings.storage_url).get(f"thumbnails/{batch.photos[0]}.webp")
    assert small[8:12] == b"WEBP"
    async with bench.world.pool.connection() as conn:
        cursor = await conn.execute("SELECT width, height, thumbnail_key FROM photos")
        assert await cursor.fetchone() == (800, 600, f"thumbnails/{batch.photos[0]}.webp")


async def test_a_photo_costs_two_round_trips_to_the_database(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    async with create_pool(bench.settings.database_url, size=2) as pool:
        before = pool.get_stats().get("requests_num", 0)
        await bench.worker(pool=pool).process(batch.photos[0])
        assert pool.get_stats().get("requests_num", 0) - before == 2


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"", "empty"), (b"not a photo at all", "photo"), (jpeg()[:300], "photo"), (None, "store")],
    ids=["empty", "text", "truncated", "file gone"],
)
async def test_the_photos_fault_is_error_at_once_with_a_sentence(bench: Bench, body: bytes | None, says: str) -> None:
    batch = await bench.batch(body, jpeg())
    worker = bench.worker()
    for photo in batch.photos:
        await worker.process(photo)
    snapshot = await batch.snapshot()
    assert snapshot.status is BatchStatus.PARTIAL  # the other photo went on
    reason = snapshot.photos[0].error
    assert snapshot.photos[0].status is PhotoStatus.ERROR
    assert reason
    assert says in reason
    assert reason.endswith(".")
    assert "Error" not in reason
    assert await outcomes(bench.world) == ["failed", "done"]


async def test_the_endpoints_fault_spends_no_attempt_and_waits(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    worker = bench.worker(raising(errors.Unavailable("endpoint-away", "The endpoint does not answer.")))
    await worker.process(batch.photos[0])
    assert (await photo_of(batch)).status is PhotoStatus.PENDING
    await worker.process(batch.photos[0])  # not yet due: refused
    assert await outcomes(bench.world) == ["released"]
    async with bench.world.pool.connection() as conn:
        cursor = await conn.execute("SELECT attempts, releases, not_before > clock_timestamp() FROM photos")
        assert await cursor.fetchone() == (0, 1, True)


async def test_a_store_that_cannot_be_read_is_the_infrastructures_fault(bench: Bench, tmp_path: Path) -> None:
    batch = await bench.batch(None)
    (tmp_path / "storage" / "originals").write_bytes(b"a file where the folder should be")
    await bench.worker().process(batch.photos[0])
    assert (await photo_of(batch)).status is PhotoStatus.PENDING
    assert await outcomes(bench.world) == ["released"]


async def test_photos_of_a_store_that_vanished_wait_and_are_done_when_it_is_back(bench: Bench, tmp_path: Path) -> None:
    batch, worker = await bench.batch(jpeg()), bench.worker()
    (tmp_path / "storage").rename(tmp_path / "elsewhere")
    await worker.process(batch.photos[0])
    assert (await photo_of(batch)).status is PhotoStatus.PENDING
    (tmp_path / "elsewhere").rename(tmp_path / "storage")
    async with bench.world.pool.connection() as conn:
        await conn.execute("UPDATE photos SET not_before = now()")
    await worker.process(batch.photos[0])
    assert (await photo_of(batch)).status is PhotoStatus.DONE
    assert await outcomes(bench.world) == ["released", "done"]


async def test_an_engine_that_breaks_costs_three_attempts_and_then_the_photo(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    worker = bench.worker(raising(ValueError("a defect")))
    for _attempt in range(3):
        await worker.process(batch.photos[0])
        await service.sweep_once(bench.world.context)  # at once: the claim was given up, not left to run out
    photo = await photo_of(batch)
    assert photo.status is PhotoStatus.ERROR
    assert photo.error
    assert "three attempts" in photo.error
    assert await outcomes(bench.world) == ["expired"] * 3


async def test_a_store_that_hangs_is_given_up_after_the_photos_timeout(bench: Bench) -> None:
    """Waiting can be cancelled, so it is no reason to end the process."""
    bench.settings = msgspec.structs.replace(bench.settings, photo_timeout_seconds=0.3)
    batch = await bench.batch(None)
    async with bench.world.pool.connection() as conn:
        cursor = await conn.execute("SELECT storage_key FROM photos")
        row = await cursor.fetchone()
    assert row
    path = Path(bench.settings.storage_url.removeprefix("file://")) / str(row[0])
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)  # opening it for reading waits until somebody writes
    await bench.worker().process(batch.photos[0])
    assert (await photo_of(batch)).status is PhotoStatus.PENDING
    assert await outcomes(bench.world) == ["released"]
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


async def test_a_hint_for_nothing_changes_nothing(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    worker = bench.worker()
    await worker.process(batch.photos[0])
    before = await batch.log()
    await worker.process(batch.photos[0])  # doubled
    await worker.process(bench.person.user)  # no photo at all
    assert await batch.log() == before
