"""A hub on a real Valkey, with a ledger as its database."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from roomtally.db.valkey import open_valkey
from roomtally.streams import bus, ids
from roomtally.streams.bus import Publisher
from roomtally.streams.connection import Stream, Viewer
from roomtally.streams.hub import Hub, Pace
from roomtally.streams.reader import BusReader
from roomtally.streams.source import Event
from roomtally.streams.topics import Wanted
from tests.fixtures.waiting import until
from tests.integration.streams.ledger import Ledger
from tests.integration.streams.socket import Socket


class House:
    """One hub, its source, its bus, and a publisher that stands for the process that commits."""

    def __init__(self, valkey_url: str, pace: Pace, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.reader = BusReader(valkey_url)
        self.hub = Hub(self.ledger, pace, self.reader)
        self.client = open_valkey(valkey_url)
        self.publisher = Publisher(self.client)
        self.tasks: set[asyncio.Task[None]] = set()

    async def publish(self, topic: UUID, *events: Event, committed_at: float | None = None) -> None:
        await self.publisher.publish(topic, self.ledger.epoch, events, committed_at)

    async def commit(self, topic: UUID, *values: object) -> None:
        """Commits and tells, as a worker does."""
        await self.publish(topic, *[self.ledger.commit(topic, value) for value in values])

    def message(self, topic: UUID, *events: Event) -> tuple[str, bytes]:
        """Channel and text, for those who publish by themselves."""
        return bus.channel(topic), bus.encode(self.ledger.epoch, events, None)

    async def finish(self, topic: UUID) -> None:
        await self.publish(topic, self.ledger.finish(topic))

    async def attach(
        self, topic: UUID, *, after: str | None = None, credential: UUID | None = None, delta: bool = False
    ) -> Stream:
        viewer = Viewer(credential or uuid4(), uuid4(), delta=delta)
        return await self.hub.attach(topic, viewer, self.last(topic) or 0, ids.parse(after) if after else None)

    async def attach_many(self, topics: Sequence[UUID], *, after: str | None = None, delta: bool = False) -> Stream:
        wanted = [Wanted(topic, self.last(topic)) for topic in topics]
        vector = ids.parse_vector(after, len(topics)) if after else None
        return await self.hub.attach_many(wanted, Viewer(uuid4(), uuid4(), delta=delta), vector)

    def last(self, topic: UUID) -> int | None:
        log = self.ledger.logs.get(topic)
        return None if log is None else len(log)

    async def watch(
        self, topic: UUID, *, after: str | None = None, credential: UUID | None = None, delta: bool = False
    ) -> Socket:
        """An open stream, after its first frames."""
        return await self.begun(await self.attach(topic, after=after, credential=credential, delta=delta))

    async def watch_many(self, topics: Sequence[UUID], *, after: str | None = None, delta: bool = False) -> Socket:
        return await self.begun(await self.attach_many(topics, after=after, delta=delta))

    async def begun(self, stream: Stream) -> Socket:
        socket = self.run(stream)
        await until(lambda: socket.chunks)
        return socket

    async def watch_all(self, topics: Iterable[UUID], *, after: str | None = None, delta: bool = False) -> list[Socket]:
        return await asyncio.gather(*[self.watch(topic, after=after, delta=delta) for topic in topics])

    def run(self, stream: Stream, socket: Socket | None = None) -> Socket:
        socket = socket or Socket()
        task = asyncio.create_task(stream.run(socket.receive, socket.send))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return socket

    async def close(self) -> None:
        await self.hub.stop()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=2)
        await self.client.aclose()
        assert not self.tasks, "streams that did not end"
