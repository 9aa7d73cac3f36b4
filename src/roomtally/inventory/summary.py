"""Items to totals. Pure; whole litres until the last step, so that parts always add up to their whole."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from roomtally.inventory import allowance, volumes
from roomtally.inventory.model import Found, FoundItem, Inventory, ItemTotal, Line, Range, Room, RoomTotal

LITRES_A_CUBIC_METRE = 1000


class _Litres(NamedTuple):
    low: int
    typical: int
    high: int


def summarize(lines: Sequence[Line], rooms: Sequence[Room]) -> Inventory:
    """What `lines` add up to. A room without items is listed too: its photos were looked at."""
    total = _sum(lines)
    by_room = [_room_total(room, [line for line in lines if line.room == room.room]) for room in rooms]
    return Inventory(
        total_items=_count(lines),
        total_volume=_cubic_metres(total.typical),
        volume_range=_range(total),
        usually_also=_cubic_metres(sum(map(_usually_also, rooms))),
        by_room=sorted(by_room, key=lambda room: (-room.volume, room.room_type)),
        by_item=_item_totals(lines),
    )


def named(found: Found) -> FoundItem:
    """With its names for people and its volume."""
    known = volumes.find(found.label)
    return FoundItem(
        id=found.id,
        version=found.version,
        label=found.label,
        label_fr=known.label_fr if known else found.label,
        label_en=known.label_en if known else found.label,
        count=found.count,
        volume=_cubic_metres(found.count * found.litres_each),
        volume_each=_cubic_metres(found.litres_each),
        confidence=found.confidence,
        boxes=found.boxes,
        proposed=found.proposed,
        by_person=found.by_person,
    )


def _line(line: Line) -> _Litres:
    """A volume that a person gave has no range: they looked at the thing."""
    known, each = volumes.of(line.label), line.litres_each
    if line.by_person and each != known.typical:
        return _Litres(each * line.count, each * line.count, each * line.count)
    return _Litres(min(known.low, each) * line.count, each * line.count, max(known.high, each) * line.count)


def _sum(lines: Iterable[Line]) -> _Litres:
    parts = [_line(line) for line in lines]
    return _Litres(*(sum(part[column] for part in parts) for column in range(3)))


def _count(lines: Iterable[Line]) -> int:
    return sum(line.count for line in lines)


def _room_total(room: Room, lines: Sequence[Line]) -> RoomTotal:
    total = _sum(lines)
    return RoomTotal(
        room_type=room.room,
        photos=room.photos,
        items=_count(lines),
        volume=_cubic_metres(total.typical),
        volume_range=_range(total),
        usually_also=_cubic_metres(_usually_also(room)),
        by_item=_item_totals(lines),
    )


def _usually_also(room: Room) -> int:
    """Litres. Only where no person has completed the list: there it would count twice."""
    return room.unconfirmed * allowance.litres(room.room)


def _item_totals(lines: Iterable[Line]) -> list[ItemTotal]:
    totals = [_item_total(label, group) for label, group in _grouped(lines, lambda line: line.label).items()]
    return sorted(totals, key=lambda item: (-item.volume, item.label))


def _item_total(label: str, lines: Sequence[Line]) -> ItemTotal:
    total, known = _sum(lines), volumes.find(label)
    return ItemTotal(
        label=label,
        label_fr=known.label_fr if known else label,
        label_en=known.label_en if known else label,
        count=_count(lines),
        proposed=_count(line for line in lines if line.proposed),
        volume=_cubic_metres(total.typical),
        volume_range=_range(total),
    )


def _grouped(lines: Iterable[Line], key: Callable[[Line], str]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return groups


def _range(total: _Litres) -> Range:
    return Range(*map(_cubic_metres, total))


def _cubic_metres(litres: int) -> float:
    return litres / LITRES_A_CUBIC_METRE
