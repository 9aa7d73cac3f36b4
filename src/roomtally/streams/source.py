"""What the hub is handed: how to read a topic's document, its log, and what has changed behind its back."""

from collections.abc import Collection, Mapping
from typing import Protocol, Self
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Fact number `n` of a topic. `payload` is JSON text; `committed_at` is unix seconds; `trace` a W3C traceparent."""

    n: int
    run: int
    type: str
    payload: msgspec.Raw
    committed_at: float | None = None
    trace: str | None = None


class Document(Protocol):
    """The whole state of a topic after its event `n`. Immutable; `run` rises when a finished topic is opened again."""

    @property
    def n(self) -> int: ...
    @property
    def run(self) -> int: ...
    @property
    def finished(self) -> bool:
        """A run is over, and all its events are in here."""
        ...

    @property
    def deleted(self) -> bool: ...

    def fold(self, *events: Event) -> Self:
        """The document after `events`, which are in order and begin with number `n + 1`."""
        ...

    def progress(self, committed_at: float | None) -> bytes:
        """The state as JSON on one line, with `committedAt` (unix ms) when known."""
        ...

    def complete(self, committed_at: float | None) -> bytes:
        """The data of `event: complete` as JSON on one line."""
        ...


class Sweep(msgspec.Struct, frozen=True):
    """What differs from what was asked: newer (or lower) numbers, topics that are gone, credentials that ended."""

    changed: dict[UUID, int]
    missing: set[UUID]
    ended: set[UUID]
    epoch: str


class Source(Protocol):
    """Reads of the truth. Each may raise anything: the hub logs, counts and tries again with the next sweep."""

    @property
    def weighty(self) -> frozenset[str]:
        """The types of events after which a document may be finished or deleted; it is neither after any other."""
        ...

    async def snapshot(self, topic: UUID) -> Document | None:
        """The newest document; None when the topic does not exist (any more)."""
        ...

    async def log(self, after: Mapping[UUID, int]) -> Mapping[UUID, list[Event]]:
        """The events after the given numbers, in order. A list that starts later than `after + 1` was pruned."""
        ...

    async def sweep(self, known: Mapping[UUID, int], credentials: Collection[UUID]) -> Sweep:
        """Compares the numbers that the hub knows with the database, in one query."""
        ...
