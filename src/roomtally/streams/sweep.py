"""The sweep: every 2 s the known numbers go to the database and only differences come back. Whatever the bus lost is found."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from roomtally.streams.repair import CHUNK
from roomtally.streams.source import Sweep
from roomtally.streams.surroundings import Surroundings
from roomtally.streams.topic import Topic
from roomtally.telemetry import stream_metrics

LOST_SECONDS = 0.5  # the pace while the bus is lost
QUERY_SECONDS = 4.0  # an ended session is noticed within 5 s
GRACE_SECONDS = 0.05  # what was committed a moment before the query is on the bus, not lost

PART = 5000  # topics, and credentials, in one query
SLICE = 100  # topics between two looks at the rest of the event loop

log = structlog.get_logger()


class Swept(Protocol):
    """The hub, as the sweeper sees it."""

    @property
    def topics(self) -> Mapping[UUID, Topic]: ...
    def credentials(self) -> Sequence[UUID]: ...
    def end_session(self, credential: UUID) -> None: ...


class Sweeper:
    def __init__(self, hub: Swept, around: Surroundings, seconds: float) -> None:
        self._hub, self._around, self._seconds = hub, around, seconds
        self._now = asyncio.Event()

    def hasten(self) -> None:
        """Sweep now: something does not fit, or the bus came or went."""
        self._now.set()

    async def run(self) -> None:
        while True:
            lost = self._around.bus.state == "lost"
            try:
                async with asyncio.timeout(min(LOST_SECONDS, self._seconds) if lost else self._seconds):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            try:
                await self.once()
            except Exception as error:
                self._around.reads.failed("sweep", error, topics=len(self._hub.topics))

    async def once(self) -> None:
        """One pass, in one query for all but the largest processes. Raises what the source raises."""
        known: dict[UUID, int] = {}
        async for topic in _unhurried(self._hub.topics):
            if topic.known:
                known[topic.key] = topic.last
        behind: dict[UUID, int] = {}
        for numbers, credentials in _parts(known, self._hub.credentials()):
            async with asyncio.timeout(QUERY_SECONDS):
                found = await self._around.source.sweep(numbers, credentials)
            self._around.reads.done("sweep")
            if self._is_other_history(found):
                return
            self._apply(found, numbers)
            behind |= {key: n for key, n in found.changed.items() if n > numbers.get(key, n)}
        await self._repair(behind)
        async for topic in _unhurried(self._hub.topics):
            topic.tidy()
        self._around.polling.end_sweep()

    def _is_other_history(self, found: Sweep) -> bool:
        if found.epoch == self._around.epoch:
            return False
        log.warning("epoch_changed", known=self._around.epoch, found=found.epoch)
        self._around.epoch = found.epoch
        for topic in tuple(self._hub.topics.values()):
            topic.load(reset="epoch")
        return True

    def _apply(self, found: Sweep, numbers: Mapping[UUID, int]) -> None:
        for key in found.missing:
            if topic := self._hub.topics.get(key):
                topic.vanish()
        for credential in found.ended:
            self._hub.end_session(credential)
        for key, n in found.changed.items():
            if n < numbers.get(key, n) and (topic := self._hub.topics.get(key)):
                log.warning("database_behind", topic=str(key), known=numbers[key], found=n)
                topic.load(reset="ahead")

    async def _repair(self, behind: Mapping[UUID, int]) -> None:
        if behind and self._around.bus.state == "connected":
            await asyncio.sleep(GRACE_SECONDS)
        late = [topic for key, n in behind.items() if (topic := self._hub.topics.get(key)) and topic.last < n]
        stream_metrics.STREAM_REPAIRS.inc(len(late))
        for first in range(0, len(late), CHUNK):
            await self._around.repairs.read(late[first : first + CHUNK])
        for topic in late:
            if topic.last < behind[topic.key]:  # more than one read of the log gives, or the read failed
                topic.load()


async def _unhurried(topics: Mapping[UUID, Topic]) -> AsyncGenerator[Topic]:
    """Those that are here now and stay; events go out in between: a walk over 5,000 topics at once held them up for 10 ms."""
    for at, topic in enumerate(tuple(topics.values())):
        if at % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if topic.key in topics:
            yield topic


def _parts(
    known: Mapping[UUID, int], credentials: Sequence[UUID]
) -> Iterator[tuple[Mapping[UUID, int], Sequence[UUID]]]:
    """At least one part, so that the epoch is asked for also when nobody watches."""
    if len(known) <= PART and len(credentials) <= PART:  # nearly always, and a copy of 5,000 takes 2 ms
        yield known, credentials
        return
    items = list(known.items())
    for at in range(0, max(len(items), len(credentials), 1), PART):
        yield dict(items[at : at + PART]), credentials[at : at + PART]
