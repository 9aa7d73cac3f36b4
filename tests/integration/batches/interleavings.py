"""Two calls at the same moment, held at the point where a broken rule would let both believe they are alone.

Each function plays one meeting, in which the first call has written but not committed while the second waits for its lock, and
returns what is wrong afterwards: nothing, as long as the rules hold.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID, uuid4

from roomtally.batches.store import claims, control
from roomtally.batches.store.claims import Result
from roomtally.batches.store.moves import Logged, Refused
from roomtally.db.pool import Connection, Pool, transaction
from tests.fixtures.batches import Batch
from tests.fixtures.waiting import until

T = TypeVar("T")
Write = Callable[[Connection], Awaitable[list[Logged]]]
EMPTY = Result(room_type="office", room_confidence=0.5, items=())


async def meet(pool: Pool, first: Write, second: Callable[[Connection], Awaitable[T]]) -> T:
    """`second`, which began while `first` held its locks and ended after the commit of `first`."""
    async with pool.connection() as other:
        async with transaction(pool) as conn:
            assert await first(conn)
            later = asyncio.ensure_future(second(other))
            pid = other.info.backend_pid
            await until(lambda: _waits(conn, pid), what="the second call does not wait for the first")
        return await later


async def _waits(conn: Connection, pid: int) -> bool:
    row = await (await conn.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])).fetchone()
    return bool(row and row[0])


async def somebody_waits(conn: Connection) -> bool:
    """For a lock of `conn`. Not by pg_stat_activity, which shows a transaction for ever what it showed at first."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    row = await (await conn.execute(query)).fetchone()
    return bool(row and row[0])


def claiming(photo: UUID, claim: UUID) -> Write:
    async def write(conn: Connection) -> list[Logged]:
        try:
            row = await claims.claim_photo(
                conn, photo, claim, worker="test", lease_seconds=60, trace=None, trace_id=None
            )
        except Refused:
            return []
        return [row] if row else []

    return write


def finishing(photo: UUID, claim: UUID) -> Write:
    return lambda conn: claims.finish_photo(conn, photo, claim, EMPTY, None)


async def faults_of(batch: Batch) -> list[str]:
    """What no batch may ever show."""
    async with batch.world.pool.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT b.status, b.paused, b.last_event, b.run, b.finished_at IS NOT NULL AS finished,
                   ARRAY[b.pending, b.processing, b.done, b.failed] AS counted,
                   ARRAY[count(*) FILTER (WHERE p.status = 'PENDING'), count(*) FILTER (WHERE p.status = 'PROCESSING'),
                         count(*) FILTER (WHERE p.status = 'DONE'), count(*) FILTER (WHERE p.status = 'ERROR')] AS real
              FROM batches b JOIN photos p ON p.batch_id = b.id WHERE b.id = %s GROUP BY b.id""",
            [batch.id],
        )
        row = await cursor.fetchone()
    assert row is not None
    status, paused, last, _, finished, counted, real = row
    log = await batch.log()
    faults: list[str] = []
    if counted != real:
        faults.append(f"counters {counted} differ from the photos {real}")
    if [n for n, _ in log] != list(range(1, last + 1)):
        faults.append("numbers are not 1..n")
    if not finished and not real[0] and not real[1]:
        faults.append(f"stuck in {status}")
    if (log[-1][1] == "batch_finished") != finished:
        faults.append("the log ends without batch_finished, or with one too many")
    if paused and finished:
        faults.append("paused and finished")
    return faults


async def claim_against_cancel(batch: Batch) -> list[str]:
    """A claim that looked before the cancellation, and wrote after it."""
    pool = batch.world.pool
    won = await meet(pool, lambda conn: control.cancel_batch(conn, batch.id, None), claiming(batch.photos[0], uuid4()))
    return await faults_of(batch) + (["claimed on a cancelled batch"] if won else [])


async def cancel_against_claim(batch: Batch) -> list[str]:
    """The other way round: the claim stands, so the batch is CANCELLING until the photo has ended."""
    claim = uuid4()
    pool = batch.world.pool
    await meet(pool, claiming(batch.photos[0], claim), lambda conn: control.cancel_batch(conn, batch.id, None))
    faults = await faults_of(batch)
    async with pool.connection() as conn:
        await finishing(batch.photos[0], claim)(conn)
    status = (await batch.snapshot()).status
    return faults + await faults_of(batch) + ([] if status == "CANCELLED" else [f"ended {status}"])


async def claim_against_pause(batch: Batch) -> list[str]:
    pool = batch.world.pool
    won = await meet(pool, lambda conn: control.pause_batch(conn, batch.id, None), claiming(batch.photos[0], uuid4()))
    return await faults_of(batch) + (["claimed on a paused batch"] if won else [])


async def two_last_photos(batch: Batch) -> list[str]:
    """Exactly one of them is the last, and says so."""
    one, two = [await batch.claim(position) for position in (0, 1)]
    await meet(batch.world.pool, finishing(one.photo_id, one.claim_id), finishing(two.photo_id, two.claim_id))
    ends = [kind for _, kind in await batch.log()].count("batch_finished")
    return await faults_of(batch) + ([] if ends == 1 else [f"finished {ends} times"])


async def finish_against_retry(batch: Batch) -> list[str]:
    """The retry comes first: the last running photo must not finish the batch over it."""
    await batch.fail(0)
    last = await batch.claim(1)
    pool = batch.world.pool
    await meet(pool, _retrying(batch), finishing(last.photo_id, last.claim_id))
    snapshot = await batch.snapshot()
    right = (snapshot.status, snapshot.run, snapshot.counts.queued) == ("PROCESSING", 1, 1)
    return await faults_of(batch) + ([] if right else [f"{snapshot.status}, run {snapshot.run}"])


async def retry_against_finish(batch: Batch) -> list[str]:
    """The finish comes first: the retry opens a new run."""
    await batch.fail(0)
    last = await batch.claim(1)
    await meet(batch.world.pool, finishing(last.photo_id, last.claim_id), _retrying(batch))
    snapshot = await batch.snapshot()
    right = (snapshot.status, snapshot.run) == ("QUEUED", 2)
    return await faults_of(batch) + ([] if right else [f"{snapshot.status}, run {snapshot.run}"])


async def retry_behind_a_held_photo(batch: Batch) -> list[str]:
    """Somebody holds the photo with the smallest id: a retry waits for it and holds no other yet. So two can never cross."""
    first, *others = sorted(batch.photos)
    for photo in (*others, first):  # the first one stands behind in the table, and in the order of the batch
        await batch.fail(batch.photos.index(photo))
    pool = batch.world.pool
    async with pool.connection() as conn:
        await conn.execute("UPDATE photos SET position = 1000 WHERE id = %s", [first])
    async with pool.connection() as other, transaction(pool) as holder:
        await holder.execute("SELECT FROM photos WHERE id = %s FOR NO KEY UPDATE", [first])
        retry = asyncio.ensure_future(_retrying(batch)(other))
        await until(lambda: _waits(holder, other.info.backend_pid), what="the retry does not wait")
        query = "SELECT id FROM photos WHERE id = ANY (%s) FOR NO KEY UPDATE SKIP LOCKED"
        free = await (await holder.execute(query, [others])).fetchall()
        await holder.execute("SELECT pg_cancel_backend(%s)", [other.info.backend_pid])
        await asyncio.gather(retry, return_exceptions=True)
    return await faults_of(batch) + ([] if len(free) == len(others) else ["held a photo out of turn"])


def _retrying(batch: Batch) -> Write:
    async def write(conn: Connection) -> list[Logged]:
        async with conn.transaction():
            photos = await control.lock_failed_photos(conn, batch.person.user, batch.id)
            await control.lock_batch(conn, batch.person.user, batch.id)
            return await control.retry_photos(conn, batch.id, photos, None)

    return write


MEETINGS = [
    claim_against_cancel,
    cancel_against_claim,
    claim_against_pause,
    two_last_photos,
    finish_against_retry,
    retry_against_finish,
    retry_behind_a_held_photo,
]
