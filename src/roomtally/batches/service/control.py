"""A person's calls on a batch: lock, decide by the table, apply; after the commit one message, and hints where work waits.

A call that comes again with its `key` (an Idempotency-Key) does nothing and answers with what the batch is now: what somebody has
done since is not undone. With another call the key is refused (errors.Conflict).
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID, uuid4

from roomtally import errors
from roomtally.batches import model
from roomtally.batches.model import Call, Decision, State
from roomtally.batches.service.context import Context, hint_batch, publish
from roomtally.batches.service.reading import Progress, batch_not_found, read_progress
from roomtally.batches.store import control
from roomtally.batches.store.control import LockedBatch
from roomtally.batches.store.moves import Logged
from roomtally.db import idempotency
from roomtally.db.pool import Connection, transaction
from roomtally.telemetry import tracing

Statement: TypeAlias = Callable[[Connection, UUID, str | None], Awaitable[list[Logged]]]


def applies(call: Call, batch: LockedBatch | None) -> bool:
    """True: write; False: it is so already. Raises NotFound or Conflict where the table forbids it."""
    state = State.DELETED if batch is None else model.state_of(batch.status, paused=batch.paused)
    match model.decide(call, state):
        case Decision.APPLY | Decision.NEW_RUN:
            return True
        case Decision.NO_OP | Decision.IMPOSSIBLE:  # IMPOSSIBLE: it became true after we looked at the photos
            return False
        case Decision.NOT_FOUND | Decision.REFUSED:
            raise batch_not_found()
        case Decision.CANCELLED:
            raise errors.Conflict("batch-cancelled", "This batch was cancelled; make a new one.")
        case Decision.FINISHED:
            raise errors.Conflict("batch-finished", "This batch has finished; there is nothing to hold or to stop.")
        case Decision.PHOTO_DONE:
            raise errors.Conflict("photo-done", "This photo was done; correct its items instead.")
        case Decision.NOT_READY:
            raise photo_not_ready()


def photo_not_ready() -> errors.Conflict:
    return errors.Conflict("photo-not-ready", "This photo is still being looked at; correct it when it is done.")


async def pause(context: Context, user_id: UUID, batch_id: UUID, key: str | None = None) -> Progress:
    """No new claims; photos in work end. Raises NotFound, Conflict."""
    await _call(context, user_id, batch_id, Call.PAUSE, control.pause_batch, key=key)
    return await read_progress(context, user_id, batch_id)


async def resume(context: Context, user_id: UUID, batch_id: UUID, key: str | None = None) -> Progress:
    """Raises NotFound, Conflict."""
    if await _call(context, user_id, batch_id, Call.RESUME, control.resume_batch, key=key):
        await hint_batch(context, batch_id, tracing.current_traceparent())
    return await read_progress(context, user_id, batch_id)


async def cancel(context: Context, user_id: UUID, batch_id: UUID, key: str | None = None) -> Progress:
    """CANCELLED at once, or when the last photo in work has ended. Raises NotFound, Conflict."""
    await _call(context, user_id, batch_id, Call.CANCEL, control.cancel_batch, key=key)
    return await read_progress(context, user_id, batch_id)


async def delete(context: Context, user_id: UUID, batch_id: UUID, key: str | None = None) -> None:
    """Gone at once for everybody; files and rows go with the purge. Raises NotFound, but not to a repeat with its key."""
    await _call(
        context,
        user_id,
        batch_id,
        Call.DELETE,
        lambda conn, batch, trace: control.delete_batch(conn, user_id, batch, trace),
        key=key,
    )


async def _call(
    context: Context, user_id: UUID, batch_id: UUID, call: Call, statement: Statement, *, key: str | None
) -> bool:
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        if await _came_before(conn, user_id, key, call.value, batch_id):
            return False
        batch = await control.lock_batch(conn, user_id, batch_id)
        events = await statement(conn, batch_id, trace) if applies(call, batch) else []
    await publish(context, events, trace)
    return bool(events)


async def _came_before(conn: Connection, user_id: UUID, key: str | None, call: str, target: UUID) -> bool:
    """Whether `key` was taken by the same call on the same batch or photo; else it is now. Before any row is locked."""
    if key is None:
        return False
    receipt, fingerprint = uuid4(), sha256(f"{call}\n{target}".encode()).digest()
    return await idempotency.claim(conn, user_id, key, fingerprint, receipt) != receipt


async def retry_failed(context: Context, user_id: UUID, batch_id: UUID, key: str | None = None) -> Progress:
    """All photos in ERROR once more; a finished batch opens again with the next run. Raises NotFound, Conflict."""
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        if await _came_before(conn, user_id, key, "retry-failed", batch_id):
            photos, events = list[UUID](), list[Logged]()
        else:
            photos = await control.lock_failed_photos(conn, user_id, batch_id)
            call = Call.RETRY_FAILED if photos else Call.RETRY_NONE_FAILED
            events = await _retry(conn, user_id, batch_id, photos, call=call, trace=trace)
    await _publish_and_hint(context, batch_id, events, photos, trace)
    return await read_progress(context, user_id, batch_id)


async def retry_photo(context: Context, user_id: UUID, photo_id: UUID, key: str | None = None) -> Progress:
    """The same for one photo; nothing happens where it is waiting or in work. Raises NotFound, Conflict."""
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        again = await _came_before(conn, user_id, key, "retry", photo_id)
        photo = await control.lock_photo(conn, user_id, photo_id)
        call = model.retry_call(photo.status)
        events = [] if again else await _retry(conn, user_id, photo.batch_id, [photo_id], call=call, trace=trace)
    await _publish_and_hint(context, photo.batch_id, events, [photo_id], trace)
    return await read_progress(context, user_id, photo.batch_id)


async def _retry(
    conn: Connection, user_id: UUID, batch_id: UUID, photos: list[UUID], *, call: Call, trace: str | None
) -> list[Logged]:
    """After the photos were locked."""
    batch = await control.lock_batch(conn, user_id, batch_id)
    return await control.retry_photos(conn, batch_id, photos, trace) if applies(call, batch) else []


async def _publish_and_hint(
    context: Context, batch_id: UUID, events: list[Logged], photos: list[UUID], trace: str | None
) -> None:
    if events:
        await publish(context, events, trace)
        await hint_batch(context, batch_id, trace, photos)
