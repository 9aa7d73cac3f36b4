"""Reads of the log for topics that miss events: all that ask while one read runs share the next one."""

import asyncio
from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from roomtally.streams.source import Source
from roomtally.telemetry import metrics

if TYPE_CHECKING:
    from roomtally.streams.topic import Topic

CHUNK = 500  # topics in one query
READ_SECONDS = 5.0

log = structlog.get_logger()


class Repairs:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: dict[Topic, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

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
        known = {topic.key: topic.last for topic in topics if topic.document is not None}
        asked = {topic.key: topic.highest for topic in topics}
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await self._source.log(known)
        except Exception:
            metrics.STREAM_READS.labels("log", "failed").inc()
            log.exception("log_read_failed", topics=len(known))
            return
        metrics.STREAM_READS.labels("log", "done").inc()
        for topic in topics:
            topic.repaired(found.get(topic.key, ()), asked[topic.key])

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._asked:
                part = dict(islice(self._asked.items(), CHUNK))
                for topic in part:
                    del self._asked[topic]
                await self.read(part)
                for future in part.values():
                    if not future.done():
                        future.set_result(None)
        finally:
            self._task = None
