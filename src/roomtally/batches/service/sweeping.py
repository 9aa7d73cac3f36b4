"""What no worker does: claims whose worker died, hints that got lost, files and rows that nobody needs any more."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from roomtally.batches.service.context import Context, free_hints, publish
from roomtally.batches.service.timing import DEADLINE_SECONDS, PHOTO_SECONDS
from roomtally.batches.store import claims, sweep, timing, upkeep
from roomtally.batches.store.claims import Expired
from roomtally.batches.store.moves import Refused
from roomtally.db import idempotency
from roomtally.db.pool import transaction
from roomtally.storage.photos import thumbnail_key
from roomtally.telemetry import metrics, tracing

OPEN_STATES = ("QUEUED", "PROCESSING", "CANCELLING", "PAUSED")
STUCK_RELEASES = 3  # after pauses of 2 and 4 s: a hiccup is over by then, a wrong key is not
PASS_LIMIT = 500  # claims expired and hints sent in one pass: more would make the lock wait
STALE_SECONDS = 5.0  # a hint that no worker took by then, with the queue nearly empty, is lost
STALE_WITHOUT_QUEUE_SECONDS = 0.5  # no hint can be on its way then: only another worker that has just found the photo
PURGE_AFTER_SECONDS = (
    600.0  # a claim ends within twice 60 s and 20 s of lease; the settings allow twice 240 s and 100 s
)
PURGE_LIMIT = 20
PRUNE_LIMIT, PRUNE_STEPS = 2000, 20  # events a statement (about 20 ms), and statements a call

log = structlog.get_logger()


class Swept(msgspec.Struct, frozen=True):
    expired: int
    hinted: int


async def sweep_once(context: Context) -> Swept | None:
    """Expire claims, then send hints for photos that wait. None: another process is at it."""
    async with transaction(context.pool) as guard:
        if not await sweep.try_lock(guard):
            return None
        expired = await _expire_claims(context)
        return Swept(expired, await _top_up_hints(context))


async def _expire_claims(context: Context) -> int:
    """One statement a claim, in autocommit: no lock is held from one batch to the next."""
    async with context.pool.connection() as conn:
        found = await claims.list_expired(conn, PASS_LIMIT)
    return sum([await _expire(context, claim) for claim in found])


async def _expire(context: Context, claim: Expired) -> bool:
    trace = tracing.current_traceparent()
    try:
        async with context.pool.connection() as conn:
            events = await claims.expire_claim(conn, claim.photo_id, claim.claim_id, trace)
    except Refused:  # the batch was deleted between the look and the write
        return False
    await publish(context, events, trace)
    if events:
        metrics.CLAIMS.labels("expired").inc()
        log.warning("claim_expired", photo_id=str(claim.photo_id), claim_id=str(claim.claim_id), wrote=events[0].type)
    return bool(events)


async def _top_up_hints(context: Context) -> int:
    room = min(await free_hints(context), PASS_LIMIT)
    if room == 0:
        return 0
    async with context.pool.connection() as conn:
        photos = await sweep.top_up_hints(conn, room, STALE_SECONDS)
    if photos:
        metrics.HINTS_TOPPED_UP.inc(len(photos))
        log.info("hints_topped_up", count=len(photos))
        await context.queue.hint(photos, tracing.current_traceparent())
    return len(photos)


async def count_stuck(context: Context) -> int:
    """Photos that the infrastructure failed three times or more and that still wait: their owner sees only that they wait."""
    async with context.pool.connection() as conn:
        count = await sweep.count_released(conn, STUCK_RELEASES)
    metrics.owned(metrics.PHOTOS_STUCK).set(count)
    return count


async def look_around(context: Context) -> None:
    """Read the gauges of the whole installation, which only sweepers show. Raises where the database is away."""
    async with context.pool.connection() as conn:
        seen = await timing.look(conn, DEADLINE_SECONDS, PHOTO_SECONDS)
    for state in OPEN_STATES:
        metrics.owned(metrics.BATCHES).labels(state).set(seen.batches.get(state, 0))
    metrics.owned(metrics.OLDEST_WAITING).set(seen.waiting_seconds)
    metrics.owned(metrics.OLDEST_OVERDUE).set(seen.overdue_seconds)
    lag, consumers = await context.queue.lag(), await context.queue.consumers()
    metrics.owned(metrics.QUEUE_LAG).set(math.nan if lag is None else lag)
    metrics.owned(metrics.QUEUE_CONSUMERS).set(math.nan if consumers is None else consumers)
    metrics.owned(metrics.SWEEPER_LOOKED_AT).set(context.clock())


async def find_waiting(context: Context, room: int) -> list[UUID]:
    """Up to `room` photos to look at, users in turn, for a worker that no hint can reach."""
    async with context.pool.connection() as conn:
        photos = await sweep.top_up_hints(conn, room, STALE_WITHOUT_QUEUE_SECONDS)
    metrics.HINTS_FOUND.inc(len(photos))
    return photos


class Files(Protocol):
    """Where the photos lie."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Keys that are gone already are no error."""
        ...


class Purged(msgspec.Struct, frozen=True):
    batches: int
    uploads: int
    keys: int


async def purge_once(context: Context, files: Files, *, after_seconds: float = PURGE_AFTER_SECONDS) -> Purged:
    """Files first, then rows: what a crash leaves behind is found again by the next call.

    `after_seconds`: how long ago a batch must have been deleted; longer than any claim can last.
    """
    async with context.pool.connection() as conn:
        batches = await upkeep.list_purgeable(conn, after_seconds, PURGE_LIMIT)
    for batch_id in batches:
        async with context.pool.connection() as conn:
            photos = await upkeep.list_files(conn, batch_id)
        # Every thumbnail, also where the row names none: the worker writes it before it is told that the batch is gone.
        keys = [key for photo_id, original in photos for key in (original, thumbnail_key(photo_id))]
        await files.delete(keys)
        async with transaction(context.pool) as conn:
            await upkeep.purge_batch(conn, batch_id)
        log.info("batch_purged", batch_id=str(batch_id), files=len(keys))
    uploads = await _purge_uploads(context, files)
    async with context.pool.connection() as conn:
        keys_forgotten = await idempotency.forget_old(conn)
    metrics.PURGED.labels("batch").inc(len(batches))
    metrics.PURGED.labels("upload").inc(uploads)
    return Purged(len(batches), uploads, keys_forgotten)


async def prune_events(context: Context, hours: float, after: datetime | None = None) -> datetime | None:
    """Forgets old events of finished batches: whoever comes back with such a number gets the snapshot.

    Up to 40,000 events a call, oldest first, from `after` on; returns where the next call should go on, None: at the start.
    """
    for _ in range(PRUNE_STEPS):
        async with context.pool.connection() as conn:
            step = await upkeep.prune_events(conn, hours, after, PRUNE_LIMIT)
        after = step.reached
        metrics.PURGED.labels("event").inc(step.deleted)
        if step.looked < PRUNE_LIMIT:
            return None
    return after


async def _purge_uploads(context: Context, files: Files) -> int:
    async with context.pool.connection() as conn:
        old = await upkeep.list_expired_uploads(conn, PASS_LIMIT)
    if not old:
        return 0
    await files.delete([upload.storage_key for upload in old])
    async with context.pool.connection() as conn:
        return await upkeep.delete_uploads(conn, [upload.id for upload in old])
