"""The hub: all topics and streams of one web process."""

import asyncio
import random
import time
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from roomtally import errors
from roomtally.streams import sse
from roomtally.streams.collector import Collector
from roomtally.streams.connection import Stream, Viewer
from roomtally.streams.counts import Counts
from roomtally.streams.ids import EventId, Vector
from roomtally.streams.many import Many
from roomtally.streams.outage import Reads
from roomtally.streams.pace import Pace
from roomtally.streams.polls import Poll, Polls
from roomtally.streams.pulse import Pulse
from roomtally.streams.reader import BusReader
from roomtally.streams.repair import Repairs
from roomtally.streams.single import Single
from roomtally.streams.source import Document, Source, Words
from roomtally.streams.surroundings import Surroundings
from roomtally.streams.sweep import Sweeper
from roomtally.streams.topic import Topic
from roomtally.streams.topics import Topics, Wanted
from roomtally.telemetry import metrics, stream_metrics

FULL_RETRY_SECONDS = 5
DRAIN_STEP = 200  # streams ended between two looks at the rest of the event loop

CLOSED = sse.error("closed-by-operator", "An operator has closed this stream.", retryable=False)
SESSION_ENDED = sse.error("session-ended", "You are signed out. Sign in again to go on.", retryable=False)


class Hub:
    """Needs a running loop; `start` before the first `attach`."""

    def __init__(self, source: Source, pace: Pace, reader: BusReader) -> None:
        self._pace = pace
        self._bus = reader
        reads = Reads()
        self._repairs = Repairs(source, reads)
        self._around = Surroundings(source, reader, reads, self._repairs, self._doubt)
        self._sweeper = Sweeper(self, self._around, pace.sweep_seconds)
        self._pulse = Pulse(pace, self._around.counts)
        self._streams: set[Stream] = set()
        self._sessions: dict[UUID, set[Stream]] = {}
        self._collector = Collector()
        self._coming = 0
        self.polls = Polls()
        self._empty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._topics = Topics(self._around)
        self.draining = False

    @property
    def epoch(self) -> str:
        return self._around.epoch

    @property
    def words(self) -> Words:
        return self._around.source.words

    @property
    def topics(self) -> Mapping[UUID, Topic]:
        return self._topics.known

    @property
    def counts(self) -> Counts:
        return self._around.counts

    @property
    def count(self) -> int:
        """Streams and long-polls, open or about to be."""
        return len(self._streams) + self._coming + len(self.polls)

    async def start(self) -> None:
        """Raises what the source raises: without the database there is nothing to show. Without the bus there is."""
        self._around.epoch = (await self._around.source.sweep({}, ())).epoch
        self._bus.on_change = self._doubt
        await self._bus.start()
        metrics.owned(stream_metrics.STREAMS_LIMIT).set(self._pace.process_streams)
        for gauge in (stream_metrics.STREAMS_OPEN, stream_metrics.STREAM_TOPICS):
            metrics.owned(gauge)
        self._collector.start()
        for work in (self._sweeper.run(), self._pulse.run()):
            self._tasks.append(asyncio.create_task(work, name=f"stream {work.__qualname__}"))

    async def stop(self) -> None:
        await self.drain()
        for task in self._tasks:
            task.cancel()
        self._repairs.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.stop()
        self._collector.stop()
        self.counts.publish()

    # --- coming and going

    async def attach(self, key: UUID, viewer: Viewer, last_n: int = 0, after: EventId | None = None) -> Stream:
        """A stream whose topic is ready, at `last_n` or beyond, for one who has seen `after`; `run` it soon.

        While draining: one that ends at once, because a refusal would keep plain EventSource clients away for good.
        Raises NotFound, Unavailable.
        """
        if self.draining:
            return self._farewell(viewer)
        recalled = after.n if after and viewer.delta and after.epoch == self.epoch else 0
        with self._comer():
            topic = await self._topics.hold(key, last_n, recalled)
        if self.draining:  # since we asked
            self._topics.release(topic)
            return self._farewell(viewer)
        stream = Single(viewer, topic.stage, self, self._pulse.new_life())
        if after and (reason := self._mismatch(after.epoch, after.n, topic)):
            stream.reset(reason)
            self._came_back("reset")
        elif after:
            self._came_back("continued")
            if viewer.delta:
                stream.cursor = after.n or -1
        self._add(stream)
        topic.stage.join(stream)
        if topic.history.finished:
            cursor = stream.cursor if viewer.delta else -1
            stream.end("complete", topic.stage.frames.ending(cursor, fresh=True, with_id=True))
        return stream

    async def attach_many(self, wanted: Sequence[Wanted], viewer: Viewer, after: Vector | None = None) -> Stream:
        """The same for many topics; those that are not there are told of, and only if none is there: NotFound."""
        if self.draining:
            return self._farewell(viewer)
        numbers = after.numbers if after else (0,) * len(wanted)
        recalled = numbers if after and viewer.delta and after.epoch == self.epoch else (0,) * len(wanted)
        with self._comer():
            topics = await self._topics.hold_all(wanted, recalled)
        if self.draining:  # since we asked
            for topic in filter(None, topics):
                self._topics.release(topic)
            return self._farewell(viewer)
        stream = Many(viewer, len(wanted), self, self._pulse.new_life())
        for place, (topic, n) in enumerate(zip(topics, numbers, strict=True)):
            if topic is None:
                stream.refuse(place, wanted[place].key, n)
                continue
            topic.stage.join_many(stream, place)
            stream.follow(place, topic.stage, n)
            if after and n:
                if reason := self._mismatch(after.epoch, n, topic):
                    stream.reset(place, reason)
                self._came_back("reset" if reason else "continued")
        self._add(stream)
        return stream

    def _came_back(self, result: str) -> None:
        stream_metrics.STREAM_RESUMES.labels(result).inc()
        if result == "reset":
            self.counts.add("reset", 1, 0)

    def _mismatch(self, epoch: str, n: int, topic: Topic) -> str | None:
        """Why what a viewer has seen is not of this history."""
        if epoch != self.epoch:
            return "epoch"
        return "ahead" if n > topic.last else None

    async def wait_beyond(self, key: UUID, credential: UUID, n: int, seconds: float) -> Document | None:
        """The document as soon as it is beyond `n`; None after `seconds`, when draining, or when the credential has ended. Raises
        NotFound, Unavailable. To cancel it gives everything back at once."""
        self.refuse_when_full()
        try:
            async with asyncio.timeout(seconds):
                with self.polls.one(credential) as poll:
                    topic = await self._topics.hold(key, n)
                    return await self._poll(topic, poll, n)
        except TimeoutError:
            return None

    async def _poll(self, topic: Topic, poll: Poll, n: int) -> Document | None:
        poll.wake = topic.wake
        try:
            return await topic.wait_beyond(n, lambda: self.draining or poll.over)
        finally:
            self._topics.release(topic)

    @contextmanager
    def _comer(self) -> Generator[None]:
        """Somebody who is about to be a stream or a long-poll. Raises Unavailable."""
        self.refuse_when_full()
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    def refuse_when_full(self) -> None:
        """Raises Unavailable where this process has as many streams as it may have."""
        if self.count >= self._pace.process_streams:
            stream_metrics.STREAMS_REFUSED.labels("process").inc()
            raise errors.Unavailable(
                "streams-full", "Too many streams are open here; try again.", retry_after=FULL_RETRY_SECONDS
            )

    def _farewell(self, viewer: Viewer) -> Stream:
        stream = Single(viewer, None, self, self._pulse.new_life())
        self._add(stream)
        stream.end("drain", sse.farewell())
        return stream

    def _add(self, stream: Stream) -> None:
        self._streams.add(stream)
        self._collector.changed(len(self._streams))
        self._empty.clear()
        self._sessions.setdefault(stream.viewer.credential_id, set()).add(stream)
        self._pulse.made(stream)
        stream_metrics.STREAMS_OPENED.inc()
        stream_metrics.STREAMS_OPEN.inc()

    def opened(self, stream: Stream) -> None:
        self._pulse.opened(stream)

    def follow_up(self, stream: Stream) -> None:
        self._around.follow_up(stream)

    def let_go(self, stream: Stream, key: UUID) -> None:
        topic = self._topics.known[key]
        topic.stage.leave(stream)
        self._topics.release(topic)

    def forget(self, stream: Stream) -> None:
        self._pulse.ending(stream)
        for key in stream.followed():
            self.let_go(stream, key)
        session = self._sessions.get(stream.viewer.credential_id, set())
        session.discard(stream)
        if not session:
            self._sessions.pop(stream.viewer.credential_id, None)

    def closed(self, stream: Stream) -> None:
        if stream not in self._streams:
            return
        if stream.reason is None:
            stream.end("client", b"")
        self._pulse.gone(stream)
        self._streams.discard(stream)
        self._collector.changed(len(self._streams))
        stream_metrics.STREAMS_OPEN.dec()
        stream_metrics.STREAM_SECONDS.observe(max(0.0, time.time() - stream.opened_at))
        stream_metrics.STREAMS_CLOSED.labels(stream.reason or "client").inc()
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
        polling = [credential for credential in self.polls.credentials() if credential not in self._sessions]
        return [*self._sessions, *polling]

    def end_session(self, credential: UUID) -> None:
        self.polls.end(credential)
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

    def _doubt(self) -> None:
        self._sweeper.hasten()
