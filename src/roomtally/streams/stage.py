"""What a topic shows to its streams, and when."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from roomtally.streams.audience import Audience
from roomtally.streams.frames import Frames
from roomtally.streams.history import History
from roomtally.streams.many import Many
from roomtally.streams.single import Single
from roomtally.streams.surroundings import Surroundings

HEAVY_SECONDS = (
    0.25  # between two whole states that are heavy: 200 photos x 32 KB x 400 changes would be worse than polling
)


class Stage:
    """`speak` asks for a call of `show` soon. What is shown may raise what the document raises."""

    __slots__ = (
        "_around",
        "_audience",
        "_heavy_until",
        "_history",
        "_late",
        "_reset",
        "_speak",
        "_told",
        "frames",
        "key",
        "shown",
        "shown_at",
        "told_at",
    )

    def __init__(self, key: UUID, history: History, around: Surroundings, speak: Callable[[], None]) -> None:
        self.key, self._history, self._around, self._speak = key, history, around, speak
        self.frames = Frames(history, around)
        self._audience = Audience(around.counts)
        self.shown = self._told = 0  # the events whose state, and whose change, were offered to all
        self.shown_at = self.told_at = 0.0
        self._heavy_until = 0.0
        self._late: asyncio.TimerHandle | None = None
        self._reset: str | None = None  # why; from the loss of a history to the first state of the next

    @property
    def last(self) -> int:
        return self._history.last

    @property
    def finished(self) -> bool:
        return self._history.finished

    # --- who is there

    def join(self, stream: Single) -> None:
        self._audience.join(stream)
        if stream.viewer.delta:
            self.frames.keep_changes(wanted=True)

    def join_many(self, stream: Many, place: int) -> None:
        self._audience.join_many(stream, place)
        if stream.viewer.delta:
            self.frames.keep_changes(wanted=True)

    def leave(self, stream: object) -> None:
        self._audience.leave(stream)

    def tidy(self) -> None:
        self._around.polling.spare(self._audience.size, self.frames.size)
        self.frames.tidy()
        self.frames.keep_changes(wanted=self._audience.wants_changes)

    def close(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    # --- what they see

    def reset(self, reason: str) -> None:
        """Said before the next state, which may be older than what they have."""
        self._reset = reason
        self._audience.hold_ids()

    def begin(self) -> None:
        """The history begins anew, perhaps where it was: everybody is looked at."""
        self.shown = self._told = 0
        self.frames.jump()
        self._speak()

    def show(self) -> None:
        if self._reset:
            reason, self._reset = self._reset, None
            self._audience.reset(reason)
        history, audience = self._history, self._audience
        if history.finished:
            self._finish()
            return
        before, last = self._told, history.last
        if before != last:
            self._told, self.told_at = last, time.monotonic()
            audience.show_changes(self.frames, before, last)
            self._measure()
        if audience.wants_whole:
            self._show_whole()

    def vanish(self) -> None:
        self.close()
        self._audience.vanish(self._around.source.words.gone())

    def _finish(self) -> None:
        self.close()
        self.shown = self._told = self.last
        self._audience.finish(self.frames, self.last)
        self._measure()

    def _show_whole(self) -> None:
        """At once where the last one is long ago or was small, else when its time has come."""
        if self._late is not None or self.shown == self.last:
            return
        now = time.monotonic()
        if self.frames.heavy and now < self._heavy_until:
            self._late = asyncio.get_running_loop().call_later(self._heavy_until - now, self._show_late)
            return
        self.shown, self.shown_at, self._heavy_until = self.last, now, now + HEAVY_SECONDS
        self.frames.renew()
        self._audience.show_whole(self.frames)

    def _show_late(self) -> None:
        self._late = None
        self._speak()

    def _measure(self) -> None:
        if self.frames.at is not None:
            self._around.deliveries.spoke_of(self.frames.at, self.frames.trace)
