"""The person's word: items added, changed, removed. It wins over the analyzer for ever."""

from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID, uuid4

import msgspec

from roomtally import errors
from roomtally.batches.model import READY, ItemId
from roomtally.batches.service import quality
from roomtally.batches.service.context import Context, publish
from roomtally.batches.service.control import photo_not_ready
from roomtally.batches.service.reading import Progress, batch_not_found, read_progress
from roomtally.batches.store import control, corrections
from roomtally.batches.store.corrections import CorrectedRow, Correction, Item
from roomtally.batches.store.moves import Refused
from roomtally.db import idempotency
from roomtally.db.pool import Connection, transaction
from roomtally.inventory import volumes
from roomtally.names import harmless
from roomtally.telemetry import metrics, tracing

MAX_LABEL, MAX_COUNT, MAX_LITRES = 100, 1000, 100_000
MAX_LABELS_A_PHOTO = 500  # removed ones too: their rows stay
MAX_LITRES_A_BATCH = 1_000_000_000  # the totals are int4 (2.1e9): the rest is for what an analyzer may still find


class Thing(msgspec.Struct, frozen=True):
    """What is added; `litres` is the volume of one."""

    label: str
    count: int
    litres: int


class Corrected(msgspec.Struct, frozen=True):
    """`version` is what the next correction of this item must name."""

    item_id: ItemId
    version: int
    progress: Progress


async def add_item(
    context: Context,
    user_id: UUID,
    photo_id: UUID,
    *,
    label: str,
    count: int,
    litres: int | None = None,
    key: str | None = None,
) -> Corrected:
    """`litres` is the volume of one, by default the table's. A label that was removed comes back.

    Raises NotFound, Conflict, Invalid.
    """
    thing, trace = _thing(label, count, litres), tracing.current_traceparent()
    item_id, rows = uuid4(), list[CorrectedRow]()
    with _refusals_are_404():
        async with transaction(context.pool) as conn:
            mine = await _claim(conn, user_id, key, _fingerprint("add", photo_id, 0, thing), item_id)
            if mine == item_id:
                await _lock_ready(conn, user_id, photo_id)
                rows = await _add(conn, photo_id, item_id, thing, trace)
            if key and rows and rows[0].item_id != item_id:  # one that was removed has come back
                await idempotency.settle(conn, user_id, key, rows[0].item_id)
    if not rows:
        return await _again(context, user_id, mine)
    return await _after(context, user_id, rows, trace, quality.ADDED)


async def correct_item(
    context: Context, user_id: UUID, item_id: UUID, *, version: int, correction: Correction, key: str | None = None
) -> Corrected:
    """An empty correction says that the item is right as it is.

    Raises NotFound, Conflict, Invalid, and PreconditionFailed where `version` is not the newest.
    """
    correction, trace = _sane(correction), tracing.current_traceparent()
    receipt, rows = uuid4(), list[CorrectedRow]()
    with _refusals_are_404():
        async with transaction(context.pool) as conn:
            fingerprint = _fingerprint("correct", item_id, version, correction)
            mine = await _claim(conn, user_id, key, fingerprint, receipt)
            item = await _get_item(conn, user_id, item_id)
            correction = _with_volume(item, correction)
            if mine == receipt:
                await _lock_ready(conn, user_id, item.photo_id)
                rows = await _correct(conn, item, version, correction, trace)
    if not rows:
        return await _again(context, user_id, item_id)
    return await _after(context, user_id, rows, trace, *quality.kinds(item, correction))


async def remove_item(
    context: Context, user_id: UUID, item_id: UUID, *, version: int, key: str | None = None
) -> Corrected:
    """It stays as a row with count 0, so that no analyzer brings it back. Raises as correct_item."""
    return await correct_item(context, user_id, item_id, version=version, correction=Correction(count=0), key=key)


async def _add(conn: Connection, photo_id: UUID, item_id: UUID, thing: Thing, trace: str | None) -> list[CorrectedRow]:
    """After the photo was locked."""
    if not await corrections.has_room(conn, photo_id, thing.label, MAX_LABELS_A_PHOTO):
        raise errors.Conflict(
            "too-many-items", f"A photo keeps {MAX_LABELS_A_PHOTO} different things at most; change one of them."
        )
    rows = await corrections.add_item(
        conn, photo_id, item_id, label=thing.label, count=thing.count, litres=thing.litres, trace=trace
    )
    if not rows:
        raise corrections.label_exists()
    _require_bearable(rows)
    return rows


async def _correct(
    conn: Connection, item: Item, version: int, correction: Correction, trace: str | None
) -> list[CorrectedRow]:
    """After the photo was locked."""
    rows = await corrections.correct_item(
        conn, item.photo_id, item.id, version=version, correction=correction, trace=trace
    )
    if not rows:
        raise errors.PreconditionFailed(
            "item-changed", "This item was changed meanwhile; read it again and repeat the correction."
        )
    if correction.count != 0:  # what makes it less is always taken
        _require_bearable(rows)
    return rows


async def _lock_ready(conn: Connection, user_id: UUID, photo_id: UUID) -> None:
    photo = await control.lock_photo(conn, user_id, photo_id)
    if photo.status not in READY:
        raise photo_not_ready()


async def _get_item(conn: Connection, user_id: UUID, item_id: UUID) -> Item:
    item = await corrections.find_item(conn, user_id, item_id)
    if item is None:
        raise errors.NotFound("item-not-found", "There is no such item.")
    return item


async def _claim(conn: Connection, user_id: UUID, key: str | None, fingerprint: bytes, mine: UUID) -> UUID:
    """`mine`, or what the same request made before. Raises Conflict."""
    return mine if key is None else await idempotency.claim(conn, user_id, key, fingerprint, mine)


def _fingerprint(call: str, target: UUID, version: int, said: Thing | Correction) -> bytes:
    """Of what was asked for: the answer to whether a key comes with the same request."""
    return sha256(msgspec.json.encode((call, target, version, said))).digest()


async def _after(
    context: Context, user_id: UUID, rows: list[CorrectedRow], trace: str | None, *kinds: str
) -> Corrected:
    for kind in kinds:
        metrics.CORRECTIONS.labels(kind).inc()
    await publish(context, rows, trace)
    progress = await read_progress(context, user_id, rows[0].batch_id)
    return Corrected(ItemId(rows[0].item_id), rows[0].version, progress)


async def _again(context: Context, user_id: UUID, item_id: UUID) -> Corrected:
    """The answer to a repeat: nothing is written, the item and its batch are as they are now."""
    async with context.pool.connection() as conn:
        item = await _get_item(conn, user_id, item_id)
    return Corrected(ItemId(item.id), item.version, await read_progress(context, user_id, item.batch_id))


def _thing(label: str, count: int, litres: int | None) -> Thing:
    """Raises Invalid."""
    _require_sane(count, litres)
    if count == 0:
        raise errors.Invalid("invalid-count", f"Add 1 to {MAX_COUNT} of a thing.")
    clean = _clean_label(label)
    return Thing(clean, count, volumes.of(clean).typical if litres is None else litres)


def _with_volume(item: Item, correction: Correction) -> Correction:
    """Another name alone brings the table's volume of that thing, unless the person had measured this one."""
    if correction.label in {None, item.label} or correction.litres is not None:
        return correction
    known = volumes.find(correction.label or "")
    measured = item.by_person and item.litres != volumes.of(item.label).typical
    return correction if known is None or measured else msgspec.structs.replace(correction, litres=known.typical)


def _sane(correction: Correction) -> Correction:
    """With a clean label. Raises Invalid."""
    _require_sane(correction.count, correction.litres)
    if correction.label is None:
        return correction
    return msgspec.structs.replace(correction, label=_clean_label(correction.label))


def _require_sane(count: int | None, litres: int | None) -> None:
    """The CHECKs of the table items, with words."""
    if count is not None and not 0 <= count <= MAX_COUNT:
        raise errors.Invalid("invalid-count", f"A count goes from 0 to {MAX_COUNT}.")
    if litres is not None and not 0 <= litres <= MAX_LITRES:
        raise errors.Invalid("invalid-volume", f"A volume goes from 0 to {MAX_LITRES / 1000:g} m3 for one.")


def _clean_label(raw: str) -> str:
    """On one line, harmless; the table's label where it is one of its names."""
    label = harmless(raw)
    if not 1 <= len(label) <= MAX_LABEL:
        raise errors.Invalid("invalid-label", f"A label has 1 to {MAX_LABEL} characters.")
    return volumes.label_of(label)


def _require_bearable(rows: list[CorrectedRow]) -> None:
    if rows[0].total_litres > MAX_LITRES_A_BATCH:
        raise errors.Conflict(
            "inventory-too-large", f"A batch holds {MAX_LITRES_A_BATCH // 1000:,} m3 at most; check counts and volumes."
        )


@contextmanager
def _refusals_are_404() -> Generator[None]:
    """The batch was deleted between the lock on the photo and the statement."""
    try:
        yield
    except Refused as refusal:
        raise batch_not_found() from refusal
