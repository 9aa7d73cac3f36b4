"""Reads of the log for topics that miss events: all that ask while one read runs share the next one."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from roomtally.streams.outage import Reads
from roomtally.streams.source import Event, Source
from roomtally.telemetry import stream_metrics

if TYPE_CHECKING:
    from roomtally.streams.topic import Topic

CHUNK = 500  # topics in one query
READ_SECONDS = 5.0

log = structlog.get_logger()


class Repairs:
    def __init__(self, source: Source, reads: Reads) -> None:
        self._source, self._reads = source, reads
        self._asked: dict[Topic, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._wanted: dict[UUID, int] = {}
        self._reading = asyncio.Lock()
        self._next: asyncio.Task[Mapping[UUID, list[Event]]] | None = None

    def request(self, topic: "Topic") -> asyncio.Future[None]:
        """Done when a read of the log that began after this call has been applied, or has failed (it never raises)."""
        future = self._asked.get(topic)
        if future is None:
            future = self._asked[topic] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="stream repairs")
        return future

    async def read(self, topics: Collection["Topic"]) -> None:
        """One read of the log for at most CHUNK topics. Never raises: the next sweep finds what is still missing."""
        known = {topic.key: topic.last for topic in topics if topic.known}
        asked = {topic.key: topic.highest for topic in topics}
        found = await self._log(known)
        if found is None:
            return
        for topic in topics:
            try:
                topic.repaired(found.get(topic.key, ()), asked[topic.key])
            except Exception:
                stream_metrics.STREAM_FAILURES.labels("topic").inc()
                log.exception("repair_failed", topic=str(topic.key))

    async def recall(self, key: UUID, n: int) -> Sequence[Event]:
        """The events after `n` as the log has them, for viewers who come back; none where it cannot be read."""
        self._wanted[key] = min(n, self._wanted.get(key, n))
        if self._next is None:
            self._next = asyncio.create_task(self._recall(), name="stream recall")
        found = await asyncio.shield(self._next)
        return found.get(key, ())

    async def _recall(self) -> Mapping[UUID, list[Event]]:
        """For all who have come while the read before was running."""
        async with self._reading:
            wanted, self._wanted, self._next = self._wanted, {}, None
            return await self._log(wanted) or {}

    async def _log(self, after: Mapping[UUID, int]) -> Mapping[UUID, list[Event]] | None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await self._source.log(after)
        except Exception as error:
            self._reads.failed("log", error, topics=len(after))
            return None
        self._reads.done("log")
        return found

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._asked:
                part = dict(islice(self._asked.items(), CHUNK))
                for topic in part:
                    del self._asked[topic]
                try:
                    await self.read(part)
                finally:
                    _settle(part.values())
        finally:
            self._task = None
            _settle(self._asked.values())  # of a process that ends
            self._asked.clear()


def _settle(futures: Iterable[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
