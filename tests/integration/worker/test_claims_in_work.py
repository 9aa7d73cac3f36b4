"""A photo in work whose claim is renewed, given up or of no use any more."""

import asyncio
import threading
import time
from pathlib import Path

import msgspec
from PIL import Image
from structlog.testing import capture_logs

from roomtally.analysis.model import Analysis, Found
from roomtally.batches import service
from roomtally.telemetry import metrics
from tests.fixtures.batches import World
from tests.fixtures.bench import SOFA, Bench, Engine, outcomes, photo_of, types
from tests.fixtures.waiting import until
from tests.fixtures.workers import jpeg


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


def renewals(outcome: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_claim_renewals_total", {"outcome": outcome}) or 0


async def test_renewals_are_counted_and_one_that_breaks_is_told_and_ends_nothing(bench: Bench) -> None:
    """A statement that cannot run is no outage: a migration that went wrong, say."""
    batch = await bench.batch(jpeg())
    bench.settings = msgspec.structs.replace(bench.settings, lease_seconds=0.3)
    renewed, broke, over = renewals("renewed"), renewals("broke"), threading.Event()

    def look(_image: Image.Image) -> Analysis:
        over.wait(20)
        return SOFA

    work = asyncio.create_task(bench.worker(Engine(look), lease_seconds=20.0).process(batch.photos[0]))
    await until(lambda: renewals("renewed") > renewed)
    async with bench.world.pool.connection() as conn:
        await conn.execute("ALTER TABLE photo_attempts RENAME TO gone; ALTER TABLE batches RENAME TO gone_too")
        with capture_logs() as said:
            await until(lambda: renewals("broke") > broke, 10)
        await conn.execute("ALTER TABLE gone RENAME TO photo_attempts; ALTER TABLE gone_too RENAME TO batches")
    over.set()
    await work
    assert "renewal_broke" in {line["event"] for line in said}
    assert (await photo_of(batch)).status == "DONE"


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
    before = renewals("lost")
    await work
    assert renewals("lost") == before + 1
    assert metrics.REGISTRY.get_sample_value("roomtally_claims_total", {"outcome": "done"}) == lost
    assert not list((Path(bench.settings.storage_url.removeprefix("file://")) / "thumbnails").glob("*"))


async def _claimed(world: World) -> bool:
    return bool(await outcomes(world))
