"""The hub: all topics and streams of one web process."""

import asyncio
import random
import time
from collections.abc import Collection, Coroutine
from uuid import UUID

import msgspec
import structlog

from roomtally import errors, settings
from roomtally.streams import sse
from roomtally.streams.collector import Collector
from roomtally.streams.connection import Stream, Viewer
from roomtally.streams.reader import BusReader
from roomtally.streams.repair import Repairs
from roomtally.streams.source import Document, Source
from roomtally.streams.surroundings import Surroundings
from roomtally.streams.sweep import Sweeper
from roomtally.streams.topic import Topic
from roomtally.streams.wheel import Wheel
from roomtally.telemetry import metrics

START_SECONDS = 10.0  # between `attach` and the response; longer means that the response never came
LINGER_SECONDS = 15.0  # for a slow reader to take its last chunk
LIFE_SPREAD = 0.1
DRAIN_STEP = 200  # streams ended between two looks at the rest of the event loop

CLOSED = sse.error("closed-by-operator", "An operator has closed this stream.", retryable=False)
SESSION_ENDED = sse.error("session-ended", "You are signed out. Sign in again to go on.", retryable=False)

log = structlog.get_logger()


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds; the reasons for the values are in `settings`."""

    heartbeat_seconds: float = 15.0
    stream_max_seconds: float = 1800.0
    sweep_seconds: float = 2.0
    process_streams: int = 10_000
    stalled_seconds: float = 60.0

    @classmethod
    def of(cls, values: settings.Settings) -> "Pace":
        return cls(**{name: getattr(values, name) for name in cls.__struct_fields__})


class Stats(msgspec.Struct, frozen=True, rename="camel"):
    streams: int
    busy: int
    polls: int
    topics: int
    channels: int
    bus: str
    epoch: str
    draining: bool


class Hub:
    """Needs a running loop; `start` before the first `attach`."""

    def __init__(self, source: Source, pace: Pace, reader: BusReader) -> None:
        self._pace = pace
        self._bus = reader
        self._repairs = Repairs(source)
        self._around = Surroundings(source, reader, self._repairs, self._doubt)
        self._sweeper = Sweeper(self, self._around, pace.sweep_seconds)
        self._wheel = Wheel(max(pace.heartbeat_seconds, START_SECONDS, LINGER_SECONDS), time.monotonic())
        self._streams: set[Stream] = set()
        self._sessions: dict[UUID, set[Stream]] = {}
        self._collector = Collector()
        self._coming = self._polls = 0
        self._empty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.topics: dict[UUID, Topic] = {}
        self.draining = False

    @property
    def epoch(self) -> str:
        return self._around.epoch

    @property
    def count(self) -> int:
        """Streams and long-polls, open or about to be."""
        return len(self._streams) + self._coming + self._polls

    def stats(self) -> Stats:
        return Stats(
            streams=len(self._streams),
            busy=sum(stream.busy for stream in self._streams),
            polls=self._polls,
            topics=len(self.topics),
            channels=self._bus.channels,
            bus=self._bus.state,
            epoch=self.epoch,
            draining=self.draining,
        )

    async def start(self) -> None:
        """Raises what the source raises: without the database there is nothing to show. Without the bus there is."""
        self._around.epoch = (await self._around.source.sweep({}, ())).epoch
        self._bus.on_change = self._doubt
        await self._bus.start()
        self._collector.start()
        self._tasks = [self._task(self._sweeper.run(), "sweep"), self._task(self._turn(), "wheel")]

    async def stop(self) -> None:
        await self.drain()
        for task in self._tasks:
            task.cancel()
        self._repairs.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.stop()
        self._collector.stop()

    # --- coming and going

    async def attach(self, key: UUID, viewer: Viewer) -> Stream:
        """A stream whose topic is ready, at `viewer.last_n` or beyond; `run` it soon. While draining: one that ends at once,
        because a refusal would keep plain EventSource clients away for good. Raises NotFound, Unavailable."""
        if self.draining:
            return self._farewell(viewer)
        topic = await self._hold(key, viewer.last_n)
        if self.draining:  # since we asked
            self._release(topic)
            return self._farewell(viewer)
        stream = Stream(viewer, topic, self, time.monotonic() + sse.jitter(self._pace.stream_max_seconds, LIFE_SPREAD))
        if viewer.after and (viewer.after.epoch != self.epoch or viewer.after.n > topic.last):
            stream.prefix += sse.reset("epoch" if viewer.after.epoch != self.epoch else "ahead")
            metrics.STREAM_EVENTS.labels("reset").inc()
        self._add(stream)
        topic.streams.add(stream)
        self._sessions.setdefault(viewer.credential_id, set()).add(stream)
        if topic.document is not None and topic.document.finished:
            stream.end("complete", topic.ending(topic.document))
        return stream

    async def wait_beyond(self, key: UUID, n: int, seconds: float) -> Document | None:
        """The document as soon as it is beyond `n`; None after `seconds`, or when draining. Raises NotFound, Unavailable."""
        try:
            async with asyncio.timeout(seconds):
                topic = await self._hold(key, n)
                return await self._poll(topic, n)
        except TimeoutError:
            return None

    async def _poll(self, topic: Topic, n: int) -> Document | None:
        self._polls += 1
        try:
            return await topic.wait_beyond(n, lambda: self.draining)
        finally:
            self._polls -= 1
            self._release(topic)

    async def _hold(self, key: UUID, n: int) -> Topic:
        self.refuse_when_full()
        topic = self.topics.get(key)
        if topic is None:
            topic = self.topics[key] = Topic(key, self._around)
            metrics.STREAM_TOPICS.set(len(self.topics))
        topic.users += 1
        self._coming += 1
        try:
            await topic.reach(n)
        except BaseException:
            self._release(topic)
            raise
        finally:
            self._coming -= 1
        return topic

    def refuse_when_full(self) -> None:
        """Raises Unavailable where this process has as many streams as it may have."""
        if self.count >= self._pace.process_streams:
            metrics.STREAMS_REFUSED.labels("process").inc()
            raise errors.Unavailable("streams-full", "Too many streams are open here; try again.", retry_after=5)

    def _release(self, topic: Topic) -> None:
        topic.users -= 1
        if topic.users == 0:
            topic.close()
            if self.topics.get(topic.key) is topic:
                del self.topics[topic.key]
            metrics.STREAM_TOPICS.set(len(self.topics))

    def _farewell(self, viewer: Viewer) -> Stream:
        stream = Stream(viewer, None, self, time.monotonic())
        self._add(stream)
        stream.end("drain", sse.farewell())
        return stream

    def _add(self, stream: Stream) -> None:
        self._streams.add(stream)
        self._collector.changed(len(self._streams))
        self._empty.clear()
        self._wheel.add(stream, time.monotonic() + START_SECONDS)
        metrics.STREAMS_OPENED.inc()
        metrics.STREAMS_OPEN.inc()

    def opened(self, stream: Stream) -> None:
        if stream.reason is None:
            self._wheel.add(stream, min(time.monotonic() + self._pace.heartbeat_seconds, stream.expires_at))

    def forget(self, stream: Stream) -> None:
        self._wheel.add(stream, time.monotonic() + LINGER_SECONDS)
        if not isinstance(topic := stream.topic, Topic):
            return
        topic.streams.discard(stream)
        session = self._sessions.get(stream.viewer.credential_id, set())
        session.discard(stream)
        if not session:
            self._sessions.pop(stream.viewer.credential_id, None)
        self._release(topic)

    def closed(self, stream: Stream) -> None:
        if stream not in self._streams:
            return
        if stream.reason is None:
            stream.end("client", b"")
        self._wheel.remove(stream)
        self._streams.discard(stream)
        self._collector.changed(len(self._streams))
        metrics.STREAMS_OPEN.dec()
        metrics.STREAMS_CLOSED.labels(stream.reason or "client").inc()
        if stream.viewer.on_close:
            stream.viewer.on_close()
        if not self._streams:
            self._empty.set()

    # --- operators, sessions, time, the end

    def streams(self) -> Collection[Stream]:
        return self._streams

    def close(self, stream_id: str) -> bool:
        """Ends one stream as an operator asks; False where there is none of this id."""
        found = next((stream for stream in self._streams if stream.id == stream_id), None)
        if found:
            found.end("operator", CLOSED)
        return found is not None

    def credentials(self) -> list[UUID]:
        return list(self._sessions)

    def end_session(self, credential: UUID) -> None:
        for stream in tuple(self._sessions.get(credential, ())):
            stream.end("session-ended", SESSION_ENDED)

    async def drain(self, seconds: float = 0.0, patience: float = 5.0) -> None:
        """Ends all streams with a jittered `retry:`, spread over `seconds`, and lets nobody stay any more. Streams that do not
        take their last chunk within `patience` seconds after that are cut."""
        self.draining = True
        for topic in self.topics.values():
            topic.wake()
        streams = list(self._streams)
        random.shuffle(streams)
        for place, stream in enumerate(streams):
            if seconds or place % DRAIN_STEP == 0:
                await asyncio.sleep(seconds / len(streams))
            stream.end("drain", sse.farewell())
        for wait in (patience, 1.0):
            if self._streams:
                try:
                    async with asyncio.timeout(wait):
                        await self._empty.wait()
                except TimeoutError:
                    for stream in tuple(self._streams):
                        stream.cut("drain")

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(self._wheel.tick)
            now = time.monotonic()
            ping = sse.chunk(sse.ping(time.time()))
            for stream in self._wheel.turn(now):
                assert isinstance(stream, Stream)
                try:
                    self._visit(stream, now, ping)
                except Exception:
                    metrics.STREAM_FAILURES.labels("wheel").inc()
                    log.exception("stream_visit_failed")

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
            metrics.STREAM_EVENTS.labels("ping").inc()

    def _expire(self, stream: Stream) -> None:
        if stream.busy:
            stream.cut("timeout")
        else:
            stream.end("timeout", sse.timeout(sse.retry_ms()))

    def _doubt(self) -> None:
        self._sweeper.hasten()

    def _task(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=f"stream {name}")
