"""A worker's calls: one statement each, then one message on the bus."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import msgspec
import structlog

from roomtally.batches.model import BatchId, ClaimId, PhotoId
from roomtally.batches.service.context import Context, publish
from roomtally.batches.store import claims
from roomtally.batches.store.claims import Result
from roomtally.batches.store.moves import Logged, Refused
from roomtally.db.pool import Connection
from roomtally.telemetry import metrics, tracing

log = structlog.get_logger()


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's right to one photo. `attempts` were spent before; `trace` is that of the call that made the batch."""

    photo_id: PhotoId
    claim_id: ClaimId
    batch_id: BatchId
    storage_key: str
    filename: str
    attempts: int
    trace: str | None


async def claim_photo(context: Context, photo_id: UUID, *, worker: str) -> Claimed | None:
    """None: it is not waiting (done, claimed by another, not yet due), or its batch takes no claims."""
    claim_id, trace = uuid4(), tracing.current_traceparent()
    try:
        async with context.pool.connection() as conn:
            row = await claims.claim_photo(
                conn,
                photo_id,
                claim_id,
                worker=worker,
                lease_seconds=context.lease_seconds,
                trace=trace,
                trace_id=tracing.trace_id_of(trace),
            )
    except Refused:
        return _count("refused")
    if row is None:
        return _count("none")
    await publish(context, [row], trace)
    metrics.CLAIMS.labels("claimed").inc()
    return Claimed(
        photo_id=PhotoId(photo_id),
        claim_id=ClaimId(claim_id),
        batch_id=BatchId(row.batch_id),
        storage_key=row.storage_key,
        filename=row.filename,
        attempts=row.attempts,
        trace=row.trace,
    )


def _count(outcome: str) -> None:
    metrics.CLAIMS.labels(outcome).inc()


async def renew_claim(context: Context, claimed: Claimed) -> bool:
    """False: the claim was given up, or the batch was deleted; stop the work."""
    async with context.pool.connection() as conn:
        return await claims.renew_claim(conn, claimed.photo_id, claimed.claim_id, context.lease_seconds)


async def give_up_claim(context: Context, claimed: Claimed) -> bool:
    """End the claim now: the sweeper's next pass counts an attempt, as if the process had died. False: it was not ours."""
    async with context.pool.connection() as conn:
        return await claims.renew_claim(conn, claimed.photo_id, claimed.claim_id, 0)


async def finish_photo(context: Context, claimed: Claimed, result: Result) -> bool:
    """Write what was found. False: the claim was given up or the batch deleted; nothing was written."""
    return await _end(
        context,
        claimed,
        "done",
        lambda conn, trace: claims.finish_photo(conn, claimed.photo_id, claimed.claim_id, result, trace),
    )


async def fail_photo(context: Context, claimed: Claimed, reason: str) -> bool:
    """The photo's own fault: ERROR, with a `reason` for its owner. False as in finish_photo."""
    return await _end(
        context,
        claimed,
        "failed",
        lambda conn, trace: claims.fail_photo(conn, claimed.photo_id, claimed.claim_id, reason, trace),
    )


async def release_photo(context: Context, claimed: Claimed) -> bool:
    """The infrastructure's fault: PENDING again after a pause that doubles each time. False as in finish_photo."""
    return await _end(
        context,
        claimed,
        "released",
        lambda conn, trace: claims.release_photo(
            conn,
            claimed.photo_id,
            claimed.claim_id,
            first=context.release_first_seconds,
            longest=context.release_longest_seconds,
            trace=trace,
        ),
    )


async def _end(
    context: Context, claimed: Claimed, outcome: str, write: Callable[[Connection, str | None], Awaitable[list[Logged]]]
) -> bool:
    trace = tracing.current_traceparent()
    try:
        async with context.pool.connection() as conn:
            events = await write(conn, trace)
    except Refused:
        events = []
    await publish(context, events, trace)
    metrics.CLAIMS.labels(outcome if events else "lost").inc()
    if not events:
        log.warning("claim_lost", photo_id=str(claimed.photo_id), claim_id=str(claimed.claim_id), outcome=outcome)
    return bool(events)
