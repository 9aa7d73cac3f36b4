"""A person's calls on a batch: lock, decide by the table, apply; after the commit one message, and hints where work waits."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from roomtally import errors
from roomtally.batches import model
from roomtally.batches.model import Call, Decision, State
from roomtally.batches.service.context import Context, hint_batch, publish
from roomtally.batches.service.reading import Progress, batch_not_found, read_progress
from roomtally.batches.store import control
from roomtally.batches.store.control import LockedBatch
from roomtally.batches.store.moves import Logged
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


async def pause(context: Context, user_id: UUID, batch_id: UUID) -> Progress:
    """No new claims; photos in work end. Raises NotFound, Conflict."""
    await _call(context, user_id, batch_id, Call.PAUSE, control.pause_batch)
    return await read_progress(context, user_id, batch_id)


async def resume(context: Context, user_id: UUID, batch_id: UUID) -> Progress:
    """Raises NotFound, Conflict."""
    if await _call(context, user_id, batch_id, Call.RESUME, control.resume_batch):
        await hint_batch(context, batch_id, tracing.current_traceparent())
    return await read_progress(context, user_id, batch_id)


async def cancel(context: Context, user_id: UUID, batch_id: UUID) -> Progress:
    """CANCELLED at once, or when the last photo in work has ended. Raises NotFound, Conflict."""
    await _call(context, user_id, batch_id, Call.CANCEL, control.cancel_batch)
    return await read_progress(context, user_id, batch_id)


async def delete(context: Context, user_id: UUID, batch_id: UUID) -> None:
    """Gone at once for everybody; files and rows go with the purge. Raises NotFound."""
    await _call(
        context,
        user_id,
        batch_id,
        Call.DELETE,
        lambda conn, batch, trace: control.delete_batch(conn, user_id, batch, trace),
    )


async def _call(context: Context, user_id: UUID, batch_id: UUID, call: Call, statement: Statement) -> bool:
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        batch = await control.lock_batch(conn, user_id, batch_id)
        events = await statement(conn, batch_id, trace) if applies(call, batch) else []
    await publish(context, events, trace)
    return bool(events)


async def retry_failed(context: Context, user_id: UUID, batch_id: UUID) -> Progress:
    """All photos in ERROR once more; a finished batch opens again with the next run. Raises NotFound, Conflict."""
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        photos = await control.lock_failed_photos(conn, user_id, batch_id)
        batch = await control.lock_batch(conn, user_id, batch_id)
        wanted = applies(Call.RETRY_FAILED if photos else Call.RETRY_NONE_FAILED, batch)
        events = await control.retry_photos(conn, batch_id, photos, trace) if wanted else []
    await _publish_and_hint(context, batch_id, events, photos, trace)
    return await read_progress(context, user_id, batch_id)


async def retry_photo(context: Context, user_id: UUID, photo_id: UUID) -> Progress:
    """The same for one photo; nothing happens where it is waiting or in work. Raises NotFound, Conflict."""
    trace = tracing.current_traceparent()
    async with transaction(context.pool) as conn:
        photo = await control.lock_photo(conn, user_id, photo_id)
        batch = await control.lock_batch(conn, user_id, photo.batch_id)
        wanted = applies(model.retry_call(photo.status), batch)
        events = await control.retry_photos(conn, photo.batch_id, [photo_id], trace) if wanted else []
    await _publish_and_hint(context, photo.batch_id, events, [photo_id], trace)
    return await read_progress(context, user_id, photo.batch_id)


async def _publish_and_hint(
    context: Context, batch_id: UUID, events: list[Logged], photos: list[UUID], trace: str | None
) -> None:
    if events:
        await publish(context, events, trace)
        await hint_batch(context, batch_id, trace, photos)
