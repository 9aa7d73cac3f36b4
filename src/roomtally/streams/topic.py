"""A topic: one document kept up to date by numbered events, shown to all its streams.

The order of its life: subscribe, snapshot, what came in between, then each event as it comes. All of it belongs to the topic, so
that 500 viewers who come at once cause one subscription and one read.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from roomtally import errors
from roomtally.streams import bus, sse
from roomtally.streams.connection import Stream
from roomtally.streams.early import Early
from roomtally.streams.ids import EventId
from roomtally.streams.source import Document, Event
from roomtally.streams.surroundings import Surroundings
from roomtally.telemetry import metrics

PATIENCE_SECONDS = (
    0.05  # for the elders of an event that came too early: messages of two commits may overtake each other
)
EARLY_EVENTS = 1000  # kept while waiting; more than that is cheaper to read from the log
READ_SECONDS = 5.0

GONE = sse.error("batch-deleted", "This batch has been deleted.", retryable=False)

_PROGRESS = metrics.STREAM_EVENTS.labels("progress")

log = structlog.get_logger()


class Topic:
    __slots__ = (
        "_around",
        "_closed",
        "_committed_at",
        "_early",
        "_loading",
        "_newest",
        "_reset",
        "_state",
        "_subscribed",
        "_waiters",
        "document",
        "gone",
        "key",
        "last",
        "shown_at",
        "streams",
        "users",
    )

    def __init__(self, key: UUID, around: Surroundings) -> None:
        self.key, self._around = key, around
        self.streams: set[Stream] = set()
        self.users = 0  # streams, long-polls, and those who are about to be one
        self.document: Document | None = None  # None while it is read for the first time, or after a reset
        self.last, self.shown_at = 0, 0.0
        self.gone = False
        self._committed_at: float | None = None
        self._newest: sse.Chunk | None = None
        self._state: bytes | None = None
        self._early = Early(self._ask_for_log)
        self._waiters: set[asyncio.Future[None]] = set()
        self._reset = self._subscribed = self._closed = False
        self._loading = asyncio.create_task(self._load(), name=f"topic {key}")

    # --- opening and reading

    async def reach(self, n: int) -> Document:
        """The document, at `n` or beyond unless the database itself is behind. Raises NotFound, Unavailable."""
        document = await self._ready()
        if document.n < n:
            await self._around.repairs.request(self)
        if self.last < n:
            await asyncio.wait([self.load()])
        return await self._ready()

    async def wait_beyond(self, n: int, stop: Callable[[], bool]) -> Document | None:
        """The first document beyond `n`; None when `stop` says so. Raises NotFound, Unavailable."""
        while (document := await self._ready()).n <= n:
            if stop():
                return None
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        return document

    def load(self, *, reset: bool = False) -> asyncio.Task[None]:
        """Reads the snapshot, once for all who ask. `reset`: what was known is of another history and is forgotten now."""
        if reset:
            self._loading.cancel()
            self._reset, self.document, self.last = True, None, 0
            self._early.clear()
        if self._loading.done() or reset:
            self._loading = asyncio.create_task(self._load(), name=f"topic {self.key}")
        return self._loading

    def tidy(self) -> None:
        """With every sweep: reads again what could not be read, and lets go of frames, which are made anew when needed."""
        self._newest = self._state = None
        if self.document is None and self._loading.done():
            self.load()

    def close(self) -> None:
        self._closed = True
        self._loading.cancel()
        self._early.clear()
        self._around.bus.unsubscribe(bus.channel(self.key), self._heard)

    async def _ready(self) -> Document:
        while True:
            if self.gone:
                raise errors.NotFound("batch-not-found", "There is no such batch.")
            if self.document is not None:
                return self.document
            loading = self._loading
            await asyncio.wait([loading])
            if loading is self._loading and self.document is None and not self.gone:
                raise errors.Unavailable(
                    "stream-unavailable", "The batch cannot be read now; try again.", retry_after=2
                )

    async def _load(self) -> None:
        if not self._subscribed:
            await self._subscribe()
        try:
            async with asyncio.timeout(READ_SECONDS):
                document = await self._around.source.snapshot(self.key)
        except Exception:
            metrics.STREAM_READS.labels("snapshot", "failed").inc()
            log.exception("snapshot_failed", topic=str(self.key))
            return
        metrics.STREAM_READS.labels("snapshot", "done").inc()
        if document is None:
            self.vanish()
            return
        if self.document is None or document.n > self.last:
            self._show(document, None)
        self._advance()

    async def _subscribe(self) -> None:
        channel = bus.channel(self.key)
        self._around.bus.unsubscribe(channel, self._heard)  # by an attempt that a reset cut short
        if not await self._around.bus.subscribe(channel, self._heard):
            log.debug("subscription_unconfirmed", topic=str(self.key))  # the sweep sees what is missed until it is
        self._subscribed = True

    # --- events

    def _heard(self, payload: bytes) -> None:
        message = bus.decode(payload)
        if message.epoch == self._around.epoch:
            self.take(message.events, message.committed_at)
        else:
            self._around.doubt()

    def take(self, events: Sequence[Event], committed_at: float | None = None) -> None:
        """Events of the bus or the log, in any order and any number of times."""
        for event in events:
            if event.n > self.last:
                self._early.add(event, committed_at)
        if self.document is not None:
            self._advance()
        elif self._early.is_too_much():
            self._early.clear()  # the snapshot on its way holds most of them; the sweep sees the rest

    def repaired(self, events: Sequence[Event], asked: int) -> None:
        """What the log has after our last number. Early events up to `asked` that it does not have are no events."""
        if self.document is None:
            return
        if events and events[0].n > self.last + 1:  # pruned
            self.load()
            return
        self.take(events)
        self._early.forget(asked)
        self._await_elders()

    @property
    def highest(self) -> int:
        """The highest number heard of."""
        return self._early.highest(self.last)

    def _advance(self) -> None:
        assert self.document is not None
        try:
            self._fold(self.document)
        except Exception:
            metrics.STREAM_FAILURES.labels("topic").inc()
            log.exception("fold_failed", topic=str(self.key), n=self.last)
            self._early.clear()
            self.load()
            return
        self._await_elders()

    def _fold(self, document: Document) -> None:
        shown, at = document, None
        while found := self._early.pop(document.n + 1):
            event, event_at = found
            following = document.fold(event)
            if document is not shown and document.finished and following.run != document.run:
                shown = document  # each run's end is shown, also when the next run has begun already
                self._show(document, at)
            document, at = following, event_at
        if document is not shown:
            self._show(document, at)

    def _await_elders(self) -> None:
        if not self._closed:
            self._early.wait(self.last)

    def _ask_for_log(self) -> None:
        self._around.repairs.request(self)

    # --- frames and streams

    def newest(self) -> sse.Chunk | None:
        if self._newest is None and self.document is not None:
            self._newest = sse.chunk(self._progress(self.document, self._committed_at))
        return self._newest

    def state(self) -> bytes | None:
        if self._state is None and self.document is not None:
            self._state = self._progress(self.document, None)
        return self._state

    def _progress(self, document: Document, at: float | None) -> bytes:
        return sse.frame("progress", document.progress(at), self._id(document))

    def ending(self, document: Document, at: float | None = None) -> bytes:
        """The last frames of a finished topic. Only `complete` carries the id: who misses it by a hair asks again and gets it."""
        progress = sse.frame("progress", document.progress(at))
        return progress + sse.frame("complete", document.complete(at), self._id(document))

    def _id(self, document: Document) -> str:
        return str(EventId(self._around.epoch, document.n))

    def _show(self, document: Document, at: float | None) -> None:
        self.document, self.last, self._committed_at = document, document.n, at
        self.shown_at = time.monotonic()
        self._newest = self._state = None
        self.wake()
        try:
            self._deliver(document, at)
        except Exception:
            metrics.STREAM_FAILURES.labels("topic").inc()
            log.exception("show_failed", topic=str(self.key), n=document.n)
        if at is not None:
            metrics.STREAM_LAG.observe(max(0.0, time.time() - at))

    def _deliver(self, document: Document, at: float | None) -> None:
        if self._reset:
            self._reset = False
            for stream in self.streams:
                stream.prefix += sse.reset("epoch")
                stream.cursor = -1
            metrics.STREAM_EVENTS.labels("reset").inc(len(self.streams))
        if document.deleted:
            self.vanish()
        elif document.finished:
            final = self.ending(document, at)
            for stream in tuple(self.streams):
                stream.end("complete", final)
        else:
            self._broadcast()

    def _broadcast(self) -> None:
        message, last, sent = self.newest(), self.last, 0
        assert message is not None
        for stream in self.streams:
            if not stream.busy:
                if stream.prefix:
                    stream.flush()
                    continue
                stream.cursor = last
                stream.push(message)
                sent += 1
        _PROGRESS.inc(sent)
        metrics.STREAM_BYTES.inc(sent * len(message["body"]))

    def vanish(self) -> None:
        """The topic does not exist any more: everybody is told, and nobody can come."""
        self.gone = True
        self.wake()
        for stream in tuple(self.streams):
            stream.end("deleted", GONE)

    def wake(self) -> None:
        """Lets the long-polls look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
