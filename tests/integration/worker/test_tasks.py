"""One photo in a worker's hands: who is to blame decides what is written. Real servers and storage, engines of the tests' own."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import msgspec
import psycopg
import psycopg_pool
import pytest
from PIL import Image
from psycopg import conninfo, sql
from psycopg import errors as pg_errors
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from roomtally import errors
from roomtally.analysis.model import Analysis, Box, Found
from roomtally.batches import service
from roomtally.batches.model import BatchStatus, Photo, PhotoStatus
from roomtally.batches.tasks import Desk, PhotoWorker
from roomtally.db.pool import create_pool
from roomtally.inventory import volumes
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage
from roomtally.telemetry import metrics
from roomtally.worker import Sweeper
from tests.fixtures.batches import Batch, Person, World
from tests.fixtures.waiting import until
from tests.fixtures.workers import jpeg, store_original

SOFA = Analysis("living_room", 0.9, (Found("sofa", 2, 0.8, (Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1))),))


class Engine:
    """An engine that does what the test says."""

    name = "test"

    def __init__(self, look: Callable[[Image.Image], Analysis] = lambda _image: SOFA) -> None:
        self._look = look

    def analyze(self, image: Image.Image) -> Analysis:
        return self._look(image)


def raising(error: Exception) -> Engine:
    def look(_image: Image.Image) -> Analysis:
        raise error

    return Engine(look)


class Bench:
    """A worker in this process, a batch and its photos in the store."""

    def __init__(self, world: World, person: Person, settings: Settings) -> None:
        self.world = world
        self.person = person
        self.settings = settings

    async def batch(self, *photos: bytes | None) -> Batch:
        batch = await self.world.batch(self.person, len(photos))
        async with self.world.pool.connection() as conn:
            cursor = await conn.execute(
                "SELECT storage_key FROM photos WHERE batch_id = %s ORDER BY position", [batch.id]
            )
            keys = [row[0] for row in await cursor.fetchall()]
        for key, body in zip(keys, photos, strict=True):
            if body is not None:
                store_original(self.settings, UUID(key.removeprefix("originals/")), body)
        return batch

    def worker(self, engine: Engine | None = None, **context: object) -> PhotoWorker:
        return PhotoWorker(
            Desk(
                context=replace(self.world.context, **context),
                storage=open_storage(self.settings.storage_url),
                analyzer=engine or Engine(),
                settings=self.settings,
                worker="test",
                stopping=asyncio.Event(),
            )
        )


@pytest.fixture
def bench(world: World, person: Person, settings: Settings) -> Bench:
    return Bench(world, person, settings)


async def photo_of(batch: Batch, position: int = 0) -> Photo:
    return (await batch.snapshot()).photos[position]


async def types(batch: Batch) -> list[str]:
    return [type_ for _n, type_ in await batch.log()]


async def outcomes(world: World) -> list[str | None]:
    async with world.pool.connection() as conn:
        cursor = await conn.execute("SELECT outcome FROM photo_attempts ORDER BY started_at")
        return [row[0] for row in await cursor.fetchall()]


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


async def test_the_claim_is_renewed_while_the_work_runs(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    swept: list[service.Swept | None] = []
    bench.settings = msgspec.structs.replace(bench.settings, lease_seconds=0.3)

    def slow(_image: Image.Image) -> Analysis:
        time.sleep(1)
        return SOFA

    work = asyncio.create_task(bench.worker(Engine(slow), lease_seconds=0.3).process(batch.photos[0]))
    while not work.done():
        swept.append(await service.sweep_once(bench.world.context))
        await asyncio.sleep(0.05)
    assert sum(pass_.expired for pass_ in swept if pass_) == 0
    assert await types(batch) == ["batch_created", "photo_claimed", "photo_done", "batch_finished"]


async def test_a_worker_whose_claim_was_given_up_drops_its_work(bench: Bench) -> None:
    """The claim runs out unseen (no renewal in time), another worker does the photo, the first one comes back late."""
    batch = await bench.batch(jpeg())
    late = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_the_other(_image: Image.Image) -> Analysis:
        asyncio.run_coroutine_threadsafe(late.wait(), loop).result(5)
        return Analysis("kitchen", 1.0, (Found("oven", 9, 1.0),))

    first = asyncio.create_task(bench.worker(Engine(wait_for_the_other), lease_seconds=0.05).process(batch.photos[0]))
    await until(lambda: _swept_one(bench.world))
    await bench.worker().process(batch.photos[0])
    late.set()
    await first
    assert (await photo_of(batch)).room_type == "living_room"
    assert (await types(batch)).count("photo_done") == 1


async def _swept_one(world: World) -> bool:
    swept = await service.sweep_once(world.context)
    return swept is not None and swept.expired == 1


async def test_a_deleted_batch_stops_the_work_at_the_next_renewal(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    bench.settings = msgspec.structs.replace(bench.settings, lease_seconds=0.15)

    def slow(_image: Image.Image) -> Analysis:
        time.sleep(0.4)
        return SOFA

    lost = metrics.REGISTRY.get_sample_value("roomtally_claims_total", {"outcome": "done"})
    work = asyncio.create_task(bench.worker(Engine(slow), lease_seconds=0.15).process(batch.photos[0]))
    await until(lambda: _claimed(bench.world))
    await service.delete(bench.world.context, bench.person.user, batch.id)
    await work
    assert metrics.REGISTRY.get_sample_value("roomtally_claims_total", {"outcome": "done"}) == lost
    assert not list((Path(bench.settings.storage_url.removeprefix("file://")) / "thumbnails").glob("*"))


async def _claimed(world: World) -> bool:
    return bool(await outcomes(world))


async def test_a_store_that_hangs_is_given_up_after_the_photos_timeout(bench: Bench) -> None:
    """Waiting can be cancelled, so it is no reason to end the process."""
    import os

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


@asynccontextmanager
async def all_databases(settings: Settings) -> AsyncGenerator[tuple[psycopg.AsyncConnection, str]]:
    """A connection beside that of the test, and the name of the test's database."""
    name = str(conninfo.conninfo_to_dict(settings.database_url)["dbname"])
    admin = conninfo.make_conninfo(settings.database_url, dbname="postgres")
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as conn:
        yield conn, name


async def change_database(conn: psycopg.AsyncConnection, name: str, change: LiteralString) -> None:
    await conn.execute(sql.SQL("ALTER DATABASE {} " + change).format(sql.Identifier(name)))


async def cut_all(conn: psycopg.AsyncConnection, name: str) -> None:
    await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@asynccontextmanager
async def database_away(settings: Settings) -> AsyncGenerator[None]:
    """All connections cut and none let in, as in a failover."""
    async with all_databases(settings) as (conn, name):
        await change_database(conn, name, "ALLOW_CONNECTIONS false")
        await cut_all(conn, name)
        try:
            yield
        finally:
            await change_database(conn, name, "ALLOW_CONNECTIONS true")


@asynccontextmanager
async def database_read_only(settings: Settings) -> AsyncGenerator[None]:
    """As a replica is that was not promoted yet; its connections end with it."""
    async with all_databases(settings) as (conn, name):
        await change_database(conn, name, "SET default_transaction_read_only = on")
        await cut_all(conn, name)
        try:
            yield
        finally:
            async with database_away(settings):
                await change_database(conn, name, "RESET default_transaction_read_only")


def database_failures(part: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_database_failures_total", {"part": part}) or 0


@pytest.mark.parametrize("outage", [database_away, database_read_only])
async def test_an_outage_of_the_database_is_one_line_in_worker_and_sweeper(
    bench: Bench, outage: Callable[[Settings], AbstractAsyncContextManager[None]]
) -> None:
    batch = await bench.batch(jpeg())
    sweeper = Sweeper(bench.world.context, open_storage(bench.settings.storage_url))
    with capture_logs(processors=[merge_contextvars]) as said:
        before = database_failures("claim")
        async with outage(bench.settings):
            work = asyncio.create_task(bench.worker().process(batch.photos[0]))
            await sweeper.run_pass()
            await sweeper.run_pass()
            await until(lambda: database_failures("claim") >= before + 3)
        await work
        await until(lambda: went_well(sweeper))
    assert (await photo_of(batch)).status is PhotoStatus.DONE
    lines = {
        name: [line for line in said if line["event"].startswith(name)] for name in ("database_away", "sweep_failed")
    }
    assert [line["event"] for line in lines["database_away"]] == ["database_away", "database_away_no_more"]
    assert [line["event"] for line in lines["sweep_failed"]] == ["sweep_failed", "sweep_failed_no_more"]
    assert lines["database_away"][0]["photo_id"] == str(batch.photos[0])
    for line in (lines["database_away"][0], lines["sweep_failed"][0]):
        assert line["log_level"] == "warning"
        assert issubclass(
            getattr(psycopg_pool, line["error"], None) or getattr(pg_errors, line["error"]), psycopg.Error
        )
    assert [line for line in said if line.get("exc_info") or line["event"].endswith("_broke")] == []


async def went_well(sweeper: Sweeper) -> bool:
    passes = {"outcome": "swept"}
    before = metrics.REGISTRY.get_sample_value("roomtally_sweeper_passes_total", passes)
    await sweeper.run_pass()
    return metrics.REGISTRY.get_sample_value("roomtally_sweeper_passes_total", passes) != before


async def test_a_result_waits_for_the_database_to_come_back(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(_image: Image.Image) -> Analysis:
        loop.call_soon_threadsafe(looked.set)
        time.sleep(0.2)
        return SOFA

    work = asyncio.create_task(bench.worker(Engine(look)).process(batch.photos[0]))
    await looked.wait()
    async with database_away(bench.settings):
        done, _pending = await asyncio.wait([work], timeout=1.5)
        assert not done
    await work
    assert (await photo_of(batch)).status is PhotoStatus.DONE
    assert (await types(batch)).count("photo_done") == 1


async def test_a_claim_waits_for_the_database_to_come_back(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    async with database_away(bench.settings):
        work = asyncio.create_task(bench.worker().process(batch.photos[0]))
        done, _pending = await asyncio.wait([work], timeout=0.8)
        assert not done
    await work
    assert (await photo_of(batch)).status is PhotoStatus.DONE


async def test_a_hint_for_nothing_changes_nothing(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    worker = bench.worker()
    await worker.process(batch.photos[0])
    before = await batch.log()
    await worker.process(batch.photos[0])  # doubled
    await worker.process(bench.person.user)  # no photo at all
    assert await batch.log() == before
