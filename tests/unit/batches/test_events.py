import msgspec
import pytest

from roomtally.batches.events import BatchEvent, Change, EventType, Gap, ItemChange, compact, decode_event, reduce
from roomtally.batches.model import BatchStatus, Counts, Photo, PhotoStatus, Snapshot


def photo(id_: str, status: PhotoStatus = PhotoStatus.PENDING, *, items: int = 0, volume: float = 0) -> Photo:
    room = "bedroom" if status is PhotoStatus.DONE else None
    return Photo(id=id_, filename="a.jpg", status=status, room_type=room, item_count=items, volume=volume, error=None)


def snapshot(n: int = 1) -> Snapshot:
    return Snapshot(
        batch_id="b",
        project_id="p",
        status=BatchStatus.QUEUED,
        paused=False,
        run=1,
        progress=0,
        counts=Counts(queued=2, processing=0, completed=0, failed=0, total=2),
        photos=(photo("one"), photo("two")),
        inventory_summary=None,
        event_id=f"0123456789ab-{n}",
        created_at="then",
        updated_at="then",
    )


def done(n: int, *changes: ItemChange, photos: tuple[Photo, ...] = (), items: int = 0, volume: float = 0) -> BatchEvent:
    change = Change(
        batch_id="b",
        run=1,
        status=BatchStatus.PROCESSING,
        paused=False,
        progress=50,
        counts=Counts(queued=1, processing=0, completed=1, failed=0, total=2),
        total_items=items,
        total_volume=volume,
        photos=photos,
        changes=changes,
        updated_at="now",
    )
    return BatchEvent(n=n, run=1, type=EventType.PHOTO_DONE, payload=change)


def change(label: str, count: int, volume: float, room: str = "bedroom") -> ItemChange:
    return ItemChange(room=room, label=label, count=count, volume=volume)


def test_the_next_event_moves_the_snapshot_on() -> None:
    photos = (photo("two", PhotoStatus.DONE, items=2, volume=0.3),)
    after = reduce(snapshot(), done(2, change("chair", 2, 0.3), photos=photos, items=2, volume=0.3))
    assert after.event_id == "0123456789ab-2"
    assert (after.status, after.progress, after.updated_at) == (BatchStatus.PROCESSING, 50, "now")
    assert after.photos == (photo("one"), *photos)
    assert msgspec.to_builtins(after.inventory_summary) == {
        "totalItems": 2,
        "totalVolume": 0.3,
        "byRoom": ({"roomType": "bedroom", "items": 2, "volume": 0.3},),
        "byItem": ({"label": "chair", "count": 2, "volume": 0.3},),
    }


def test_a_known_event_changes_nothing() -> None:
    before = snapshot(5)
    assert reduce(before, done(5)) is before
    assert reduce(before, done(2)) is before


def test_a_missing_event_is_a_gap_and_not_guessed() -> None:
    with pytest.raises(Gap) as gap:
        reduce(snapshot(5), done(7))
    assert (gap.value.known, gap.value.n) == (5, 7)


def test_the_snapshot_that_went_in_stays_as_it_was() -> None:
    before = snapshot()
    reduce(before, done(2, change("chair", 1, 0.1), items=1, volume=0.1))
    assert before == snapshot()


def test_sums_stay_exact_over_many_small_volumes() -> None:
    state = snapshot()
    for n in range(2, 1002):
        state = reduce(state, done(n, change("box", 1, 0.001), items=n - 1, volume=(n - 1) / 1000))
    assert state.inventory_summary is not None
    assert state.inventory_summary.by_item[0].volume == 1.0


def test_a_label_that_is_gone_leaves_the_breakdown_and_groups_are_sorted() -> None:
    state = reduce(snapshot(), done(2, change("bed", 1, 1.0), change("Öfen", 1, 0.5), change("Tisch", 1, 0.5), items=3))
    assert state.inventory_summary is not None
    assert [item.label for item in state.inventory_summary.by_item] == ["Tisch", "bed", "Öfen"]
    state = reduce(state, done(3, change("bed", -1, -1.0), items=2))
    assert state.inventory_summary is not None
    assert [item.label for item in state.inventory_summary.by_item] == ["Tisch", "Öfen"]


def test_an_event_leaves_without_blanks_and_with_its_texts_and_numbers_as_they_are() -> None:
    text = '{"a b" : "x : y", "n" : 1.50, "list" : [1, {"ö" : "\\u00f6"}], "none" : null}'
    assert bytes(compact(text)) == '{"a b":"x : y","n":1.50,"list":[1,{"ö":"\\u00f6"}],"none":null}'.encode()


def test_an_event_is_decoded_from_the_text_of_the_log() -> None:
    event = done(2, change("chair", 2, 0.3), photos=(photo("one"),))
    text = msgspec.json.encode(event.payload)
    assert decode_event(2, 1, "photo_done", msgspec.Raw(text)) == event
    with pytest.raises(msgspec.ValidationError):
        decode_event(2, 1, "photo_done", b'{"batchId": "b"}')
