"""A topic: one document kept up to date by numbered events, shown to all its streams.

The order of its life: subscribe, snapshot, what came in between, then each event as it comes. All of it belongs to the topic, so
that 500 viewers who come at once cause one subscription and one read.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from roomtally import errors
from roomtally.streams import bus, ring
from roomtally.streams.early import Early
from roomtally.streams.history import History, Unknown
from roomtally.streams.source import Document, Event, Fact
from roomtally.streams.stage import Stage
from roomtally.streams.surroundings import Surroundings
from roomtally.telemetry import stream_metrics

READ_SECONDS = 5.0

log = structlog.get_logger()


class Topic:
    __slots__ = (
        "_around",
        "_closed",
        "_early",
        "_frames",
        "_loading",
        "_speaks",
        "_subscribed",
        "_waiters",
        "gone",
        "history",
        "key",
        "stage",
        "users",
    )

    def __init__(self, key: UUID, around: Surroundings) -> None:
        self.key, self._around = key, around
        self.users = 0  # streams, long-polls, and those who are about to be one
        self.history = History(around.source.weighty, self.load)
        self.stage = Stage(key, self.history, around, self._speak)
        self._frames = self.stage.frames
        self.gone = False
        self._early = Early(self._ask_for_log)
        self._waiters: set[asyncio.Future[None]] = set()
        self._speaks = self._subscribed = self._closed = False
        self._loading: asyncio.Task[None] | None = self._begin_loading()

    @property
    def last(self) -> int:
        return self.history.last

    @property
    def known(self) -> bool:
        """Whether there is a state to show."""
        return self.history.known

    # --- opening and reading

    async def reach(self, n: int) -> None:
        """Returns with a state of `n` or beyond, unless the database itself is behind. Raises NotFound, Unavailable."""
        await self._ready()
        if self.last < n:
            await self._around.repairs.request(self)
        if self.last < n:
            await asyncio.wait([self.load()])
        await self._ready()

    async def recall(self, n: int, size: int) -> None:
        """Keeps the changes after event `n` for one who comes back with it, where the log has them and they are at most `size`
        bytes."""
        frames = self.stage.frames
        if 0 < n < self.last <= n + ring.RECALLED_EVENTS and not frames.keeps(n):
            frames.recall(await self._around.repairs.recall(self.key, n - 1), size)

    async def wait_beyond(self, n: int, stop: Callable[[], bool]) -> Document | None:
        """The first document beyond `n`; None when `stop` says so. Raises NotFound, Unavailable."""
        while True:
            await self._ready()
            if self.last > n:
                with suppress(Unknown):
                    return self.history.document()
            elif stop():
                return None
            else:
                await self._news()

    def load(self, *, reset: str | None = None) -> asyncio.Task[None]:
        """Reads the snapshot, once for all who ask. `reset`: what was known is of another history and is forgotten now."""
        if reset:
            self._stop_loading()
            self.stage.reset(reset)
            self.history.forget()
            self._early.clear()
        if self._loading is None or self._loading.done() or reset:
            self._loading = self._begin_loading()
        return self._loading

    def _stop_loading(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

    def _begin_loading(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._load(), name="topic", context=self._around.context)

    def tidy(self) -> None:
        """With every sweep: reads again what could not be read, and lets go of frames, which are made anew when needed."""
        self.stage.tidy()
        if self._loading is not None and self._loading.done():
            self._loading = None  # a task that has ended still holds 700 bytes
        if not self.known and self._loading is None:
            self.load()

    def close(self) -> None:
        self._closed = True
        self._stop_loading()
        self._early.clear()
        self.stage.close()
        self._around.bus.unsubscribe(bus.channel(self.key), self._heard)

    async def _ready(self) -> None:
        while not self.known:
            if self.gone:
                break
            loading = self.load()
            await asyncio.wait([loading])
            if loading is self._loading and not self.known and not self.gone:
                raise errors.Unavailable(
                    "stream-unavailable", "What you want to follow cannot be read now; try again.", retry_after=2
                )
        if self.gone:
            raise self._around.source.words.missing()

    async def _load(self) -> None:
        if not self._subscribed:
            await self._subscribe()
        try:
            async with asyncio.timeout(READ_SECONDS):
                document = await self._around.source.snapshot(self.key)
        except Exception as error:
            self._around.reads.failed("snapshot", error, topic=str(self.key))
            return
        self._around.reads.done("snapshot")
        if document is None:
            self.vanish()
            return
        self._begin(document)
        self._advance()

    def _begin(self, document: Document) -> None:
        if self.known and document.n <= self.last:
            return
        if document.n < self.last:  # an event was heard that the database does not have
            self.stage.reset("ahead")
        self.history.begin(document)
        self.stage.begin()

    async def _subscribe(self) -> None:
        channel = bus.channel(self.key)
        self._around.bus.unsubscribe(channel, self._heard)  # by an attempt that a reset cut short
        if not await self._around.bus.subscribe(channel, self._heard):
            log.debug("subscription_unconfirmed", topic=str(self.key))  # the sweep sees what is missed until it is
        self._subscribed = True

    # --- events

    def _heard(self, message: bytes) -> None:
        epoch, events = bus.decode(message)
        if epoch == self._around.epoch:
            self.take(events)
        else:
            self._around.doubt()

    def take(self, events: Sequence[Fact]) -> None:
        """Events of the bus or the log, in any order and any number of times."""
        history = self.history
        for event in events:
            ahead = event.n - history.last
            if ahead == 1 and history.known:
                self._add(event)
            elif ahead > 0:
                self._early.add(event)
        if self._early.events:
            self._advance()

    def repaired(self, events: Sequence[Event], asked: int) -> None:
        """What the log has after our last number. Early events up to `asked` that it does not have are no events."""
        if not self.known:
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

    def _add(self, event: Fact) -> None:
        """The next event."""
        history = self.history
        if history.finished and history.opens_again(event):
            self.flush()  # each run's end is shown, also when the next run has begun already
        self._frames.add(event)
        try:  # noqa: SIM105 - the context manager would cost 0.3 us of the 7 that an event takes
            history.add(event)
        except Unknown:
            pass  # it is being read
        if not self._speaks:
            self._speak()

    def _advance(self) -> None:
        """Takes the early events whose elders are there."""
        if not self.known:
            if self._early.is_too_much():
                self._early.clear()  # the snapshot on its way holds most of them; the sweep sees the rest
            return
        while self.known and (found := self._early.pop(self.last + 1)):
            self._add(found)
        self._await_elders()

    def _await_elders(self) -> None:
        if not self._closed:
            self._early.wait(self.last)

    def _ask_for_log(self) -> None:
        self._around.repairs.request(self)

    # --- streams

    def _speak(self) -> None:
        if not self._speaks:
            self._speaks = True
            self._around.speak(self)

    def flush(self) -> None:
        """Shows what is new to all who wait for it."""
        self._speaks = False
        if self._closed or self.gone or not self.history.known:
            return  # what is being read will be shown
        if self._waiters:
            self.wake()
        try:
            if self.history.deleted:
                self.vanish()
            else:
                self.stage.show()
        except Unknown:
            pass  # what is being read will be shown
        except Exception:
            stream_metrics.STREAM_FAILURES.labels("topic").inc()
            log.exception("show_failed", topic=str(self.key), n=self.last)

    def vanish(self) -> None:
        """The topic does not exist any more: everybody is told, and nobody can come."""
        self.gone = True
        self.wake()
        self.stage.vanish()

    async def _news(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def wake(self) -> None:
        """Lets the long-polls look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
