"""The events of a batch, and the fold that turns a snapshot and the next event into the next snapshot."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from roomtally.batches.model import BatchStatus, Counts, ItemSum, Photo, RoomSum, Snapshot, Summary, Wire


class EventType(StrEnum):
    BATCH_CREATED = "batch_created"
    PHOTO_CLAIMED = "photo_claimed"
    PHOTO_DONE = "photo_done"
    PHOTO_FAILED = "photo_failed"
    PHOTO_RELEASED = "photo_released"
    PHOTO_EXPIRED = "photo_expired"
    PHOTOS_RETRIED = "photos_retried"
    ITEM_CORRECTED = "item_corrected"
    BATCH_PAUSED = "batch_paused"
    BATCH_RESUMED = "batch_resumed"
    BATCH_CANCELLING = "batch_cancelling"
    BATCH_FINISHED = "batch_finished"
    BATCH_DELETED = "batch_deleted"


class ItemChange(Wire, frozen=True):
    """By how much one label in one kind of room changed; negative when things went away."""

    room: str
    label: str
    count: int
    volume: float


class Change(Wire, frozen=True):
    """The payload of every event: the batch as it is afterwards, and only those photos and sums that changed."""

    batch_id: str
    run: int
    status: BatchStatus
    paused: bool
    progress: int
    counts: Counts
    total_items: int
    total_volume: float
    photos: tuple[Photo, ...]
    changes: tuple[ItemChange, ...]
    updated_at: str


class BatchEvent(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    run: int
    type: EventType
    payload: Change


class Gap(Exception):
    """An event in between is missing: read the log, or take a new snapshot."""

    def __init__(self, known: int, n: int) -> None:
        super().__init__(f"event {n} came after {known}")
        self.known = known
        self.n = n


_CHANGE = msgspec.json.Decoder(Change)
_TYPES = {
    type_.value: type_ for type_ in EventType
}  # calling the enumeration takes longer than decoding a small payload


def compact(payload: str) -> msgspec.Raw:
    """PostgreSQL writes a blank before and behind each colon and behind each comma: a seventh of what viewers of changes get.

    Numbers and texts stay as they are written, so that all who see an event see the same bytes.
    """
    return msgspec.Raw(msgspec.json.format(payload.encode(), indent=-1))


def decode_event(n: int, run: int, type_: str, payload: bytes | str | msgspec.Raw) -> BatchEvent:
    """An event as the log and the bus carry it. Raises KeyError for a type that is none, and
    msgspec.ValidationError where the payload is not one."""
    return BatchEvent(n=n, run=run, type=_TYPES[type_], payload=_CHANGE.decode(payload))


def reduce(snapshot: Snapshot, event: BatchEvent) -> Snapshot:
    """The snapshot after `event`; the same one when the event is known already. Raises Gap when one in between is missing."""
    return reduce_all(snapshot, (event,))


def reduce_all(snapshot: Snapshot, events: Sequence[BatchEvent]) -> Snapshot:
    """The same for events in order; it takes little longer than one of them does."""
    known = snapshot.n
    new = [event for event in events if event.n > known]
    for place, event in enumerate(new):
        if event.n != known + 1 + place:
            raise Gap(known + place, event.n)
    if not new:
        return snapshot
    last = new[-1].payload
    return msgspec.structs.replace(
        snapshot,
        status=last.status,
        paused=last.paused,
        run=last.run,
        progress=last.progress,
        counts=last.counts,
        photos=_replace_photos(snapshot.photos, [photo for event in new for photo in event.payload.photos]),
        inventory_summary=_add_up(snapshot.inventory_summary, [event.payload for event in new]),
        event_id=f"{snapshot.event_id.rpartition('-')[0]}-{new[-1].n}",
        updated_at=last.updated_at,
    )


def _replace_photos(photos: tuple[Photo, ...], changed: Sequence[Photo]) -> tuple[Photo, ...]:
    """The last of several changes of one photo counts."""
    if not changed:
        return photos
    newer = {photo.id: photo for photo in changed}
    return tuple(newer.get(photo.id, photo) for photo in photos)


def _add_up(summary: Summary | None, changes: Sequence[Change]) -> Summary | None:
    """Totals come with the event; the breakdown is kept by difference. No summary before anything was counted."""
    last = changes[-1]
    if last.counts.completed == 0 and last.total_items == 0:
        return None
    before = summary or Summary(total_items=0, total_volume=0)
    parts = [part for change in changes for part in change.changes]
    if not parts and before.total_items == last.total_items and before.total_volume == last.total_volume:
        return before
    rooms = {sum_.room_type: (sum_.items, sum_.volume) for sum_ in before.by_room}
    items = {sum_.label: (sum_.count, sum_.volume) for sum_ in before.by_item}
    for part in parts:
        _add(rooms, part.room, part)
        _add(items, part.label, part)
    return Summary(
        total_items=last.total_items,
        total_volume=last.total_volume,
        by_room=tuple(RoomSum(room_type=room, items=n, volume=volume) for room, (n, volume) in sorted(rooms.items())),
        by_item=tuple(ItemSum(label=label, count=n, volume=volume) for label, (n, volume) in sorted(items.items())),
    )


def _add(sums: dict[str, tuple[int, float]], key: str, part: ItemChange) -> None:
    count, volume = sums.pop(key, (0, 0.0))
    if count + part.count:
        sums[key] = count + part.count, round(volume + part.volume, 3)  # whole litres: 3 decimals are exact
