from hypothesis import given
from hypothesis import strategies as st

from roomtally.inventory import volumes
from roomtally.inventory.model import Line, Range, Room
from roomtally.inventory.summary import summarize


def line(label: str, count: int = 1, *, room: str = "bedroom", litres: int | None = None, **marks: bool) -> Line:
    """As the analyzer would have written it, unless `by_person` or `proposed` says otherwise."""
    each = volumes.of(label).typical if litres is None else litres
    return Line(
        room=room,
        label=label,
        litres_each=each,
        by_person=marks.get("by_person", False),
        proposed=marks.get("proposed", False),
        count=count,
    )


def test_the_range_is_that_of_the_table_times_the_count() -> None:
    inventory = summarize([line("chair", 4), line("bed")], [Room("bedroom", 1, 0)])
    assert inventory.total_items == 5
    assert inventory.total_volume == 2.4
    assert inventory.volume_range == Range(low=1.41, typical=2.4, high=3.7)


def test_a_volume_that_a_person_gave_has_no_range() -> None:
    inventory = summarize([line("bed", 2, litres=900, by_person=True)], [Room("bedroom", 1, 1)])
    assert inventory.volume_range == Range(1.8, 1.8, 1.8)


def test_a_count_that_a_person_gave_keeps_the_tables_range() -> None:
    inventory = summarize([line("bed", 2, by_person=True)], [Room("bedroom", 1, 1)])
    assert inventory.volume_range == Range(1.7, 3.2, 5.0)


def test_a_thing_of_a_persons_own_is_named_as_they_named_it() -> None:
    (item,) = summarize([line("aquarium", litres=250, by_person=True)], [Room("office", 1, 1)]).by_item
    assert (item.label, item.label_fr, item.volume) == ("aquarium", "aquarium", 0.25)


def test_one_label_is_one_row_over_all_rooms_and_one_in_each() -> None:
    lines = [
        line("chair", 2),
        line("chair", 1, litres=500, by_person=True),
        line("chair", 3, room="office"),
        line("bed"),
    ]
    inventory = summarize(lines, [Room("bedroom", 2, 0), Room("office", 1, 0)])
    assert [(item.label, item.count) for item in inventory.by_item] == [("bed", 1), ("chair", 6)]
    assert [(room.room_type, room.items, room.volume) for room in inventory.by_room] == [
        ("bedroom", 4, 2.5),
        ("office", 3, 0.6),
    ]
    assert [(item.label, item.count) for item in inventory.by_room[0].by_item] == [("bed", 1), ("chair", 3)]


def test_proposals_are_counted_and_marked() -> None:
    lines = [line("lamp", 2), line("lamp", proposed=True), line("bed")]
    items = {item.label: item for item in summarize(lines, [Room("bedroom", 1, 1)]).by_item}
    assert (items["lamp"].count, items["lamp"].proposed) == (3, 1)
    assert items["bed"].proposed == 0


def test_what_is_usually_also_there_is_a_line_of_its_own_for_photos_nobody_confirmed() -> None:
    rooms = [Room("bedroom", 3, 2), Room("office", 1, 0), Room("kitchen", 1, 1), Room("unknown", 2, 2)]
    inventory = summarize([line("bed")], rooms)
    assert {room.room_type: room.usually_also for room in inventory.by_room} == {
        "bedroom": 1.26,
        "office": 0.0,
        "kitchen": 0.0,
        "unknown": 0.0,
    }
    assert inventory.usually_also == 1.26
    assert inventory.total_volume == 1.6


def test_nothing_was_found() -> None:
    inventory = summarize([], [])
    assert (inventory.total_items, inventory.total_volume, inventory.by_room, inventory.by_item) == (0, 0.0, [], [])


LINES = st.lists(
    st.builds(
        Line,
        room=st.sampled_from(["bedroom", "office", "other"]),
        label=st.sampled_from(["bed", "chair", "lamp", "aquarium"]),
        litres_each=st.integers(0, 100_000),
        by_person=st.booleans(),
        proposed=st.booleans(),
        count=st.integers(1, 1000),
    ),
    max_size=20,
)


@given(LINES)
def test_parts_add_up_to_their_whole(lines: list[Line]) -> None:
    rooms = [Room(room, 1, 0) for room in sorted({line.room for line in lines})]
    inventory = summarize(lines, rooms)
    litres = sum(line.litres_each * line.count for line in lines)
    assert inventory.total_volume == litres / 1000
    for parts in (inventory.by_room, inventory.by_item, [item for room in inventory.by_room for item in room.by_item]):
        assert sum(round(part.volume * 1000) for part in parts) == litres
    whole = inventory.volume_range
    assert whole.low <= whole.typical == inventory.total_volume <= whole.high
