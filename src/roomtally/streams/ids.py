"""Public event ids: `<epoch>-<n>`, and for a stream of many topics `v1:<epoch>:<n1>,<n2>,...` in the order of its URL.

The epoch names the history of one database, n counts the events of one topic. 0: nothing of this topic was seen.
"""

import re
from collections.abc import Iterable

import msgspec

from roomtally import errors

MOST = 100  # topics on one stream

_NUMBER = r"(?:0|[1-9][0-9]{0,17})"  # 18 digits: always a bigint
_PATTERN = re.compile(f"([0-9a-f]{{12}})-({_NUMBER})")
_VECTOR = re.compile(f"v1:([0-9a-f]{{12}}):({_NUMBER}(?:,{_NUMBER})*)")


class EventId(msgspec.Struct, frozen=True):
    epoch: str
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"


class Vector(msgspec.Struct, frozen=True):
    """Where a stream of many topics is: one number each."""

    epoch: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return vector(self.epoch, self.numbers)


def vector(epoch: str, numbers: Iterable[int]) -> str:
    return f"v1:{epoch}:{','.join(map(str, numbers))}"


def parse(text: str) -> EventId:
    """Raises `errors.Invalid` ("invalid-event-id") for anything that `str(EventId)` did not write."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise _invalid()
    return EventId(match[1], int(match[2]))


def parse_vector(text: str, length: int) -> Vector:
    """Raises `errors.Invalid` ("invalid-event-id") for anything but a vector of `length` numbers."""
    match = _VECTOR.fullmatch(text)
    numbers = match[2].split(",") if match else []
    if match is None or len(numbers) != length:
        raise _invalid()
    return Vector(match[1], tuple(map(int, numbers)))


def _invalid() -> errors.Invalid:
    return errors.Invalid("invalid-event-id", "Send an event id as the stream gave it, or leave it out.")
