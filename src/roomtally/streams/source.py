"""What the hub is handed: how to read a topic's document, its log, what has changed behind its back, and what it is called."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.streams import sse


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Fact number `n` of a topic. `payload` is JSON text; `committed_at` is unix seconds; `trace` a W3C traceparent."""

    n: int
    run: int
    type: str
    payload: msgspec.Raw
    committed_at: float | None = None
    trace: str | None = None


class Copy(msgspec.Struct, frozen=True, gc=False):
    """The same as it comes over the bus: `frame` is the whole block of `event: change`, made where it was committed."""

    n: int
    run: int
    type: str
    committed_at: float | None
    frame: bytes
    trace: str | None = None

    def event(self) -> Event:
        return Event(self.n, self.run, self.type, msgspec.Raw(sse.payload(self.frame)), self.committed_at, self.trace)


Fact = Event | Copy


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

    def fold(self, *events: Event) -> "Document":
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


class Words(msgspec.Struct, frozen=True):
    """What viewers are told of a topic beside what it says itself. `name`: the member that names it on a stream of many;
    `missing`: why it cannot be opened; `deleted`: the code and the sentence with which it ends for those who follow it."""

    name: str
    missing: Callable[[], errors.NotFound]
    deleted: tuple[str, str]

    def named(self, topic: UUID) -> dict[str, object]:
        """Of what is said on a stream of many: for which topic it holds."""
        return {self.name: topic}

    def gone(self, topic: UUID | None = None) -> bytes:
        """The `error` for those who follow it; `topic` on a stream of many."""
        code, message = self.deleted
        return sse.error(code, message, retryable=False, about=None if topic is None else self.named(topic))


class Source(Protocol):
    """Reads of the truth. Each may raise anything: the hub logs, counts and tries again with the next sweep."""

    @property
    def words(self) -> Words: ...

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
