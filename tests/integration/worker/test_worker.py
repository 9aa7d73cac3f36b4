"""Workers and sweepers as processes: killed, stopped, hung, robbed of their Valkey. Each photo counts once, whatever happens."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import pytest

from roomtally import broker as hints
from roomtally.batches.model import BatchStatus, PhotoStatus
from roomtally.batches.queue import PhotoQueue
from roomtally.db.valkey import open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings, to_environ
from tests.fixtures.batches import Batch, Person, World
from tests.fixtures.waiting import until
from tests.fixtures.workers import Start, jpeg, store_original

PHOTO = jpeg((1600, 1200))  # large enough to be in hand for a while


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Claims and passes of the sweeper in tenths of seconds."""
    return msgspec.structs.replace(settings, lease_seconds=1.0, sweeper_seconds=0.3, photo_timeout_seconds=20.0)


@pytest.fixture
async def queue(quick: Settings) -> AsyncIterator[PhotoQueue]:
    async with sending(quick) as queue:
        yield queue


@asynccontextmanager
async def sending(settings: Settings) -> AsyncGenerator[PhotoQueue]:
    broker = hints.create_broker(settings.redis_url, "test")
    async with open_valkey(settings.redis_url) as valkey:
        yield PhotoQueue(broker, valkey)
    await broker.shutdown()


async def make_batch(world: World, person: Person, settings: Settings, photos: int) -> Batch:
    batch = await world.batch(person, photos)
    async with world.pool.connection() as conn:
        cursor = await conn.execute("SELECT storage_key FROM photos WHERE batch_id = %s", [batch.id])
        for (key,) in await cursor.fetchall():
            store_original(settings, UUID(str(key).removeprefix("originals/")), PHOTO)
    return batch


async def finished(batch: Batch) -> bool:
    return (await batch.snapshot()).finished


async def in_hand(batch: Batch) -> bool:
    return (await batch.snapshot()).counts.processing > 0


async def require_each_counted_once(batch: Batch) -> None:
    snapshot = await batch.snapshot()
    assert snapshot.status is BatchStatus.COMPLETED
    assert {photo.status for photo in snapshot.photos} == {PhotoStatus.DONE}
    assert Counter(type_ for _n, type_ in await batch.log())["photo_done"] == len(batch.photos)


SERVERS = {"roomtally_database_connected", "roomtally_valkey_connected"}


@pytest.mark.parametrize(
    ("command", "connected"), [("work", SERVERS | {"roomtally_broker_connected"}), ("sweep", SERVERS)]
)
async def test_a_process_shows_no_gauge_of_a_connection_that_it_does_not_have(
    quick: Settings, start: Start, command: str, connected: set[str]
) -> None:
    process = start(command, quick).wait_ready()
    await until(lambda: connected <= process.gauges())
    assert {gauge for gauge in process.gauges() if gauge.endswith("_connected")} == connected


async def test_a_worker_takes_hints_and_ends_in_order_on_sigterm(
    world: World, person: Person, quick: Settings, queue: PhotoQueue, start: Start
) -> None:
    batch = await make_batch(world, person, quick, 4)
    worker = start("work", quick).wait_ready()
    await queue.hint(batch.photos)
    await until(lambda: in_hand(batch), timeout=10)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    counts = (await batch.snapshot()).counts
    assert counts.processing == 0  # the photo in hand was finished
    assert counts.completed >= 1
    assert counts.queued >= 1  # and nothing new was taken
    second = start("work", quick).wait_ready()
    await until(lambda: finished(batch), timeout=15)
    await require_each_counted_once(batch)
    assert second.metric('roomtally_claims_total{outcome="done"}') == counts.queued
    assert second.metric('roomtally_task_executions_total{outcome="success",task="batches.process_photo"}') > 0
    assert second.metric('roomtally_photo_stage_duration_seconds_count{stage="analyze"}') == counts.queued


async def test_the_photo_of_a_killed_worker_is_done_by_another(
    world: World, person: Person, quick: Settings, queue: PhotoQueue, start: Start
) -> None:
    batch = await make_batch(world, person, quick, 3)
    start("sweep", quick).wait_ready()
    first = start("work", quick).wait_ready()
    await queue.hint(batch.photos)
    await until(lambda: in_hand(batch), timeout=10)
    first.kill()
    start("work", quick).wait_ready()
    await until(lambda: finished(batch), timeout=20)
    await require_each_counted_once(batch)


async def test_a_worker_and_a_sweeper_that_started_before_valkey_work_once_it_is_there(
    world: World, person: Person, quick: Settings, valkey_server: EmbeddedValkey, start: Start
) -> None:
    valkey_server.kill()
    quick = msgspec.structs.replace(quick, redis_url=valkey_server.url)
    processes = start("sweep", quick), start("work", quick)
    _sweeper, worker = (process.wait_ready() for process in processes)
    valkey_server.start()
    await until(lambda: worker.metric("roomtally_broker_connected") == 1, timeout=10)
    batch = await make_batch(world, person, quick, 1)
    async with sending(quick) as queue:
        assert await queue.hint(batch.photos)
        await until(lambda: finished(batch), timeout=20)
    assert all(process.is_running() for process in processes)


async def test_a_second_signal_ends_a_worker_at_once(
    world: World, person: Person, quick: Settings, queue: PhotoQueue, start: Start
) -> None:
    batch = await make_batch(world, person, quick, 1)
    worker = start("work", quick).wait_ready()
    await queue.hint(batch.photos)
    await until(lambda: in_hand(batch), timeout=10)
    worker.send(signal.SIGSTOP)  # so that both signals come while the photo is in hand
    worker.send(signal.SIGTERM)
    worker.send(signal.SIGINT)
    worker.send(signal.SIGCONT)
    assert worker.wait() == 128 + signal.SIGTERM


HANGING = """
    import asyncio, os, re, threading, uuid
    from roomtally import settings as configuration
    from roomtally import worker
    from roomtally.batches import tasks
    from roomtally.broker import create_broker
    from roomtally.db.pool import create_pool
    from roomtally.storage.photos import open_storage

    class Hanging:
        name = "hanging"
        def analyze(self, image):
            {hang}

    async def main():
        settings = configuration.load(os.environ)
        pool = create_pool(settings.database_url, 2)
        await pool.open()
        context, _close = worker.create_context(settings, create_broker(settings.redis_url, "hanging"), pool)
        desk = tasks.Desk(context, open_storage(settings.storage_url), Hanging(), settings, "hanging", asyncio.Event())
        await tasks.PhotoWorker(desk).process(uuid.UUID({photo!r}))

    asyncio.run(main())
"""


@pytest.mark.parametrize(
    "hang_and_code",
    [("threading.Event().wait()", 75), ("re.match('(a+)+$', 'a' * 64 + 'b')", 1)],
    ids=["a thread", "a thread that never lets go of the interpreter"],
)
async def test_a_hung_analyzer_ends_its_process_and_the_claim_runs_out(
    world: World, person: Person, quick: Settings, start: Start, hang_and_code: tuple[str, int]
) -> None:
    hang, code = hang_and_code
    quick = msgspec.structs.replace(quick, photo_timeout_seconds=0.5, lease_seconds=0.5)
    batch = await make_batch(world, person, quick, 1)
    script = textwrap.dedent(HANGING.format(hang=hang, photo=str(batch.photos[0])))
    env = os.environ | to_environ(quick)
    ended = subprocess.run(
        [sys.executable, "-c", script], check=False, env=env, capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == code, ended.stderr
    assert re.search("photo_timeout|Timeout", ended.stdout + ended.stderr)
    start("sweep", quick).wait_ready()
    await until(lambda: pending(batch))
    assert [type_ for _n, type_ in await batch.log()] == ["batch_created", "photo_claimed", "photo_expired"]


async def pending(batch: Batch) -> bool:
    return (await batch.snapshot()).counts.queued == 1
