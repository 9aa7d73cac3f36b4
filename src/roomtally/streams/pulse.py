"""Pings, life times and other dues of all streams, by one wheel."""

import asyncio
import time

import structlog

from roomtally.streams import sse
from roomtally.streams.connection import Stream
from roomtally.streams.counts import Counts
from roomtally.streams.pace import Pace
from roomtally.streams.wheel import Wheel
from roomtally.telemetry import stream_metrics

START_SECONDS = 10.0  # between `attach` and the response; longer means that the response never came
LINGER_SECONDS = 15.0  # for a slow reader to take its last chunk
LIFE_SPREAD = 0.1

log = structlog.get_logger()


class Pulse:
    def __init__(self, pace: Pace, counts: Counts) -> None:
        self._pace = pace
        self._counts = counts
        self._wheel = Wheel(max(pace.heartbeat_seconds, START_SECONDS, LINGER_SECONDS), time.monotonic())

    def new_life(self) -> float:
        """When a stream that is opened now must end."""
        return time.monotonic() + sse.jitter(self._pace.stream_max_seconds, LIFE_SPREAD)

    def made(self, stream: Stream) -> None:
        self._wheel.add(stream, time.monotonic() + START_SECONDS)

    def opened(self, stream: Stream) -> None:
        if stream.reason is None:
            self._wheel.add(stream, min(time.monotonic() + self._pace.heartbeat_seconds, stream.expires_at))

    def ending(self, stream: Stream) -> None:
        self._wheel.add(stream, time.monotonic() + LINGER_SECONDS)

    def gone(self, stream: Stream) -> None:
        self._wheel.remove(stream)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._wheel.tick)
            now = time.monotonic()
            ping = sse.chunk(sse.ping(time.time()))
            for stream in self._wheel.turn(now):
                assert isinstance(stream, Stream)
                try:
                    self._visit(stream, now, ping)
                except Exception:
                    stream_metrics.STREAM_FAILURES.labels("wheel").inc()
                    log.exception("stream_visit_failed")
            self._counts.publish()

    def _visit(self, stream: Stream, now: float, ping: sse.Chunk) -> None:
        if not stream.started:
            stream.cut("client")
        elif stream.reason is not None:
            stream.cut(stream.reason)
        elif now >= stream.expires_at:
            self._expire(stream)
        elif stream.busy and now >= stream.busy_since + self._pace.stalled_seconds:
            stream.cut("slow")
        else:
            due = stream.quiet_since() + self._pace.heartbeat_seconds
            if due <= now:
                due = now + self._pace.heartbeat_seconds
                self._ping(stream, now, ping)
            self._wheel.add(stream, min(due, stream.expires_at))

    def _ping(self, stream: Stream, now: float, ping: sse.Chunk) -> None:
        if not stream.busy:
            stream.touched_at = now
            stream.push(ping)
            self._counts.add("ping", 1, len(ping["body"]))

    def _expire(self, stream: Stream) -> None:
        if stream.busy:
            stream.cut("timeout")
        else:
            stream.end("timeout", sse.timeout(sse.retry_ms()))
