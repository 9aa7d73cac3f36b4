"""What all topics of a hub share, and the rounds in which they speak."""

import asyncio
import contextvars
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from roomtally.streams.counts import Counts
from roomtally.streams.deliveries import Deliveries
from roomtally.streams.outage import Reads
from roomtally.streams.polling import Polling
from roomtally.streams.reader import BusReader
from roomtally.streams.repair import Repairs
from roomtally.streams.source import Source
from roomtally.telemetry import stream_metrics

log = structlog.get_logger()


class Speaker(Protocol):
    def flush(self) -> None:
        """Hand over what is new."""
        ...


class Surroundings:
    """`doubt` is called when a message does not fit what is known.

    All that one read of the bus brought is handed over in one round, so that a stream gets it as one chunk.
    """

    __slots__ = (
        "_planned",
        "_streams",
        "_topics",
        "bus",
        "context",
        "counts",
        "deliveries",
        "doubt",
        "epoch",
        "polling",
        "reads",
        "repairs",
        "source",
    )

    def __init__(
        self, source: Source, reader: BusReader, reads: Reads, repairs: Repairs, doubt: Callable[[], None]
    ) -> None:
        self.source, self.bus, self.repairs, self.doubt = source, reader, repairs, doubt
        self.counts = Counts()
        self.deliveries = Deliveries()
        self.polling = Polling()
        self.context = contextvars.Context()  # of a topic's own tasks, which are nobody's request
        self.reads = reads
        self.epoch = ""
        self._planned = False
        self._topics: list[Speaker] = []
        self._streams: dict[Speaker, None] = {}  # in order

    def speak(self, topic: Speaker) -> None:
        """`topic.flush()` in the next round, which comes before the loop looks at any socket again."""
        self._topics.append(topic)
        if not self._planned:
            self._plan()

    def follow_up(self, stream: Speaker) -> None:
        """`stream.flush()` at the end of the round: it follows many topics, and each may have news."""
        self._streams[stream] = None
        if not self._planned:
            self._plan()

    def _plan(self) -> None:
        self._planned = True
        asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        """What one of them raises is kept with it: if it ended the round, nobody in this process would hear anything again."""
        began = time.time()
        try:
            topics, self._topics = self._topics, []
            for topic in topics:
                try:
                    topic.flush()
                except Exception as error:
                    _failed("topic", error)
            streams, self._streams = self._streams, {}
            for stream in streams:
                try:
                    stream.flush()
                except Exception as error:
                    _failed("connection", error)
            self.deliveries.end(began)
        finally:
            self._planned = False
            if self._topics or self._streams:
                self._plan()


def _failed(part: str, error: Exception) -> None:
    stream_metrics.STREAM_FAILURES.labels(part).inc()
    log.error("flush_failed", part=part, exc_info=error)
