"""One storm from its first gust to the calm after it."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from roomtally.batches import service
from roomtally.batches.cache import SnapshotCache
from roomtally.db.pool import Pool, create_pool
from roomtally.db.valkey import open_valkey
from roomtally.streams.bus import Publisher
from tests.fixtures.batches import HintsInMemory, World
from tests.verify.storm import checks, others
from tests.verify.storm.ledger import Ledger
from tests.verify.storm.people import Somebody
from tests.verify.storm.workers import LEASE, Worker

WORKERS, PEOPLE, PERSONS = 8, 3, 5


async def blow(
    url: str, valkey: str, *, seed: int, seconds: float, patience: float = 8, enough: int = 0, longest: float = 0
) -> Ledger:
    """The ledger after `seconds` of storm and the calm: its `wrong` is empty where every invariant held.

    A busy machine gets up to `longest` seconds to make, watch and compare `enough` batches and snapshots.
    """
    ledger = Ledger(seed)
    async with _pools(url) as (pool, worker_pool):
        client = open_valkey(valkey)
        context = service.Context(
            pool=pool,
            publisher=Publisher(client),
            queue=ledger.hints,
            cache=SnapshotCache(client),
            lease_seconds=LEASE,
            release_first_seconds=0.005,
            release_longest_seconds=0.05,
        )
        world = World(pool, context, HintsInMemory())
        persons = [await world.person() for _ in range(PERSONS)]
        worker_context = dataclasses.replace(context, pool=worker_pool)
        jobs = [Worker(ledger, worker_context, f"w{i}").run() for i in range(WORKERS)]
        jobs += [Somebody(ledger, world, persons).run() for _ in range(PEOPLE)]
        jobs += [others.sweep(ledger, context), others.view(ledger, pool, context), others.kill(ledger, pool)]
        tasks = [asyncio.create_task(job) for job in jobs]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        await _until_enough(ledger, tasks, enough, longest - seconds)
        await _calm(ledger, world, tasks, patience)
        await checks.check(ledger, pool)
        await client.aclose()
    return ledger


@asynccontextmanager
async def _pools(url: str) -> AsyncGenerator[tuple[Pool, Pool]]:
    async with create_pool(url, 10) as pool, create_pool(url, WORKERS, name=others.WORKER) as worker_pool:
        yield pool, worker_pool


async def _until_enough(ledger: Ledger, tasks: Sequence[asyncio.Task[object]], enough: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while ledger.compared < enough and time.monotonic() < deadline and not any(task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=0.5, return_when=asyncio.FIRST_EXCEPTION)


async def _calm(ledger: Ledger, world: World, tasks: Sequence[asyncio.Task[object]], patience: float) -> None:
    ledger.calm = ledger.closing = ledger.hints.calm = True
    await _settle(ledger, world, patience)
    ledger.stop = True
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException):
            ledger.blame(f"a task ended: {type(result).__name__}", result)


async def _settle(ledger: Ledger, world: World, patience: float) -> None:
    """Until everything is finished, or nothing has happened for `patience` seconds."""
    deadline, before = time.monotonic() + patience, None
    while time.monotonic() < deadline:
        async with world.pool.connection() as conn:
            if (now := await checks.rows(conn, "SELECT sum(last_event) FROM batches")) != before:
                deadline, before = time.monotonic() + patience, now
            open_ = await checks.rows(
                conn, "SELECT id, user_id, paused FROM batches WHERE finished_at IS NULL AND deleted_at IS NULL"
            )
        if not open_:
            return
        for row in open_:
            if row["paused"]:
                await ledger.guard(service.resume(world.context, row["user_id"], row["id"]))
        await asyncio.sleep(0.05)
