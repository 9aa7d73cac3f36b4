"""The person's word: items added, changed, removed. It wins over the analyzer for ever."""

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID, uuid4

import msgspec

from roomtally import errors
from roomtally.batches.model import READY, ItemId
from roomtally.batches.service.context import Context, publish
from roomtally.batches.service.control import photo_not_ready
from roomtally.batches.service.reading import Progress, batch_not_found, read_progress
from roomtally.batches.store import control, corrections
from roomtally.batches.store.corrections import CorrectedRow, Correction
from roomtally.batches.store.moves import Refused
from roomtally.db.pool import Connection, transaction
from roomtally.telemetry import tracing

MAX_LABEL, MAX_COUNT, MAX_LITRES = 100, 1000, 100_000


class Corrected(msgspec.Struct, frozen=True):
    """`version` is what the next correction of this item must name."""

    item_id: ItemId
    version: int
    progress: Progress


async def add_item(
    context: Context, user_id: UUID, photo_id: UUID, *, label: str, count: int, litres: int
) -> Corrected:
    """`litres` is the volume of one. A label that was removed comes back. Raises NotFound, Conflict, Invalid."""
    correction = Correction(label=label, count=count, litres=litres)
    _require_sane(correction)
    trace = tracing.current_traceparent()
    with _refusals_are_404():
        async with transaction(context.pool) as conn:
            await _lock_ready(conn, user_id, photo_id)
            rows = await corrections.add_item(
                conn, photo_id, uuid4(), label=label, count=count, litres=litres, trace=trace
            )
            if not rows:
                raise corrections.label_exists()
    return await _after(context, user_id, rows, trace)


async def correct_item(
    context: Context, user_id: UUID, item_id: UUID, *, version: int, correction: Correction
) -> Corrected:
    """Raises NotFound, Conflict, Invalid, and PreconditionFailed where `version` is not the newest."""
    _require_sane(correction)
    trace = tracing.current_traceparent()
    with _refusals_are_404():
        async with transaction(context.pool) as conn:
            item = await corrections.find_item(conn, user_id, item_id)
            if item is None:
                raise errors.NotFound("item-not-found", "There is no such item.")
            await _lock_ready(conn, user_id, item.photo_id)
            rows = await corrections.correct_item(
                conn, item.photo_id, item_id, version=version, correction=correction, trace=trace
            )
            if not rows:
                raise errors.PreconditionFailed(
                    "item-changed", "This item was changed meanwhile; read it again and repeat the correction."
                )
    return await _after(context, user_id, rows, trace)


async def remove_item(context: Context, user_id: UUID, item_id: UUID, *, version: int) -> Corrected:
    """It stays as a row with count 0, so that no analyzer brings it back. Raises as correct_item."""
    return await correct_item(context, user_id, item_id, version=version, correction=Correction(count=0))


async def _lock_ready(conn: Connection, user_id: UUID, photo_id: UUID) -> None:
    photo = await control.lock_photo(conn, user_id, photo_id)
    if photo.status not in READY:
        raise photo_not_ready()


async def _after(context: Context, user_id: UUID, rows: list[CorrectedRow], trace: str | None) -> Corrected:
    await publish(context, rows, trace)
    progress = await read_progress(context, user_id, rows[0].batch_id)
    return Corrected(ItemId(rows[0].item_id), rows[0].version, progress)


def _require_sane(correction: Correction) -> None:
    """The CHECKs of the table items, with words."""
    if correction.label is not None and not 1 <= len(correction.label.strip()) <= MAX_LABEL:
        raise errors.Invalid("invalid-label", f"A label has 1 to {MAX_LABEL} characters.")
    if correction.count is not None and not 0 <= correction.count <= MAX_COUNT:
        raise errors.Invalid("invalid-count", f"A count goes from 0 to {MAX_COUNT}.")
    if correction.litres is not None and not 0 <= correction.litres <= MAX_LITRES:
        raise errors.Invalid("invalid-volume", f"A volume goes from 0 to {MAX_LITRES / 1000:g} m3 for one.")


@contextmanager
def _refusals_are_404() -> Generator[None]:
    """The batch was deleted between the lock on the photo and the statement."""
    try:
        yield
    except Refused as refusal:
        raise batch_not_found() from refusal
