"""What every engine answers, whatever it looks with."""

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from PIL import Image

UNKNOWN: Final = "unknown"
ROOMS: Final = ("bathroom", "kitchen", "bedroom", "living_room", "dining_room", "office", "other", UNKNOWN)


class Box(NamedTuple):
    """Corners as fractions of the photo's width and height, 0..1, as the photo stands upright."""

    x1: float
    y1: float
    x2: float
    y2: float


class Found(msgspec.Struct, frozen=True):
    """One label on one photo. There are `count` of it, but boxes only where the engine can say where."""

    label: str
    count: int
    confidence: float
    boxes: tuple[Box, ...] = ()
    proposed: bool = False
    """Nobody saw it: it is nearly always there with what was seen (a nightstand by a bed)."""


class Analysis(msgspec.Struct, frozen=True):
    """`room_type` is one of ROOMS, its confidence 0..1; each label comes once, surest first."""

    room_type: str
    room_confidence: float
    items: tuple[Found, ...]


class Analyzer(Protocol):
    """An engine. Many threads may share one."""

    @property
    def name(self) -> str: ...

    def analyze(self, image: "Image.Image") -> Analysis:
        """What is in an upright RGB picture. Blocks; raises `errors.Unavailable` where it is not the photo's fault."""
        ...
