"""An inventory, as it is summed and as it is shown. Volumes are shown in m³; sums are made in whole litres."""

from collections.abc import Sequence
from uuid import UUID

import msgspec


class Line(msgspec.Struct, frozen=True):
    """All pieces of one label that stand in one room kind and are alike: `count` of them, `litres_each` a piece."""

    room: str
    label: str
    litres_each: int
    by_person: bool
    proposed: bool
    count: int


class Room(msgspec.Struct, frozen=True):
    """How many photos show such a room, and how many of those were analysed with nobody having confirmed the list."""

    room: str
    photos: int
    unconfirmed: int


class Found(msgspec.Struct, frozen=True):
    """One label on one photo, with where it was seen: boxes are x1, y1, x2, y2 from 0 to 1, none where a person added it."""

    id: UUID
    version: int
    label: str
    count: int
    litres_each: int
    confidence: float | None
    boxes: Sequence[tuple[float, float, float, float]]
    proposed: bool
    by_person: bool


class Range(msgspec.Struct, frozen=True):
    """m³: from the smallest such pieces to the largest."""

    low: float
    typical: float
    high: float


class FoundItem(msgspec.Struct, frozen=True, rename="camel"):
    """`version` is what a correction must name; `volume` is that of all pieces, `volume_each` of one.

    `confidence` is 0 to 1, null where the engine gives none; `proposed`: inferred, nobody has seen it there.
    """

    id: UUID
    version: int
    label: str
    label_fr: str
    label_en: str
    count: int
    volume: float
    volume_each: float
    confidence: float | None
    boxes: Sequence[tuple[float, float, float, float]]
    proposed: bool
    by_person: bool


class FoundItems(msgspec.Struct, frozen=True, rename="camel"):
    """What is seen before what is proposed, the largest first. `confirmed`: a person has corrected or confirmed the list."""

    confirmed: bool
    items: Sequence[FoundItem]


class ItemTotal(msgspec.Struct, frozen=True, rename="camel"):
    """One label. Of the `count` pieces `proposed` were only inferred; nobody has seen them on a photo."""

    label: str
    label_fr: str
    label_en: str
    count: int
    proposed: int
    volume: float
    volume_range: Range


class RoomTotal(msgspec.Struct, frozen=True, rename="camel"):
    """One kind of room. `usually_also`: m³ that such photos hold beyond what is found; in no total."""

    room_type: str
    photos: int
    items: int
    volume: float
    volume_range: Range
    usually_also: float
    by_item: Sequence[ItemTotal]


class Inventory(msgspec.Struct, frozen=True, rename="camel"):
    """`total_volume` is `volume_range.typical`, and what the stream's summary says; largest volumes first."""

    total_items: int
    total_volume: float
    volume_range: Range
    usually_also: float
    by_room: Sequence[RoomTotal]
    by_item: Sequence[ItemTotal]
