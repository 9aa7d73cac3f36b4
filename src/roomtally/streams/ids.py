"""Public event ids: `<epoch>-<n>`. The epoch names the history of one database, n counts the events of one topic."""

import re

import msgspec

from roomtally import errors

_PATTERN = re.compile(r"([0-9a-f]{12})-(0|[1-9][0-9]{0,17})")  # 18 digits: always a bigint


class EventId(msgspec.Struct, frozen=True):
    epoch: str
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"


def parse(text: str) -> EventId:
    """Raises `errors.Invalid` ("invalid-event-id") for anything that `str(EventId)` did not write."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise errors.Invalid("invalid-event-id", "Send an event id as the stream gave it, or leave it out.")
    return EventId(match[1], int(match[2]))
