"""A stream of one topic: a cursor."""

import time
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from roomtally.streams import sse
from roomtally.streams.connection import Keeper, Stream, Viewer
from roomtally.streams.frames import Frames
from roomtally.streams.history import Unknown
from roomtally.streams.ids import EventId


class Followed(Protocol):
    """A topic, as its streams see it. `shown` is the event whose whole state was offered to all, at `shown_at`; changes were
    offered at `told_at`, by the monotonic clock."""

    key: UUID
    frames: Frames
    shown: int
    shown_at: float
    told_at: float

    @property
    def last(self) -> int: ...
    @property
    def finished(self) -> bool: ...


class Single(Stream):
    """`cursor` is the event that it has, -1 for none. Without a topic it can only end."""

    __slots__ = ("_topic", "cursor")

    def __init__(self, viewer: Viewer, topic: Followed | None, keeper: Keeper, expires_at: float) -> None:
        super().__init__(viewer, keeper, expires_at)
        self._topic = topic
        self.cursor = -1

    def followed(self) -> Iterator[UUID]:
        if self._topic is not None:
            yield self._topic.key

    def position(self) -> str | None:
        return str(EventId(self._keeper.epoch, self.cursor)) if self.cursor >= 0 else None

    def reset(self, reason: str) -> None:
        self.prefix += sse.reset(reason)
        self.cursor = -1

    def quiet_since(self) -> float:
        topic = self._topic
        if topic is None or self.busy:
            return self.touched_at
        return max(self.touched_at, topic.told_at if self.viewer.delta else topic.shown_at)

    def _let_go(self) -> None:
        self._topic = None

    def _behind(self) -> sse.Chunk | None:
        topic = self._topic
        if topic is None:
            return None
        try:
            if self.prefix:
                return self._first(topic)
            return self._next_changes(topic) if self.viewer.delta else self._next_whole(topic)
        except Unknown:  # the topic speaks again when it knows
            return None

    def _first(self, topic: Followed) -> sse.Chunk:
        changes = topic.frames.since(self.cursor) if self.viewer.delta else None
        if changes is None:
            body, event, number = topic.frames.state().chunk["body"], "progress", 1
        elif changes["body"]:
            body, event, number = changes["body"], "change", topic.last - self.cursor
        else:  # nothing was missed; but servers send the head with the first body
            body, event, number = sse.ping(time.time()), "ping", 1
        message = sse.chunk(self.prefix + body)
        self.prefix, self.cursor = b"", topic.last
        self._count(event, number, message)
        return message

    def _next_changes(self, topic: Followed) -> sse.Chunk | None:
        before, last = self.cursor, topic.last
        if before == last:
            return None
        message = topic.frames.since(before)
        if message is None:
            message = topic.frames.state().chunk
            self._count("progress", 1, message)
        else:
            self._count("change", last - before, message)
        self.cursor = last
        return message

    def _next_whole(self, topic: Followed) -> sse.Chunk | None:
        if self.cursor >= topic.shown:
            return None
        whole = topic.frames.newest()
        self.cursor = whole.n
        self._count("progress", 1, whole.chunk)
        return whole.chunk
