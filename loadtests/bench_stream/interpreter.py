"""What the hub's own Python costs: python -m loadtests.bench_stream.interpreter

CPU time of the thread, so it says the same on a busy machine. Real topics, frames and streams of real batches; only the ends are
cut off: messages come without the bus's socket, and `send` is done at once, as granian's is while a socket takes bytes.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Collection, Generator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from loadtests.bench_stream import inject, seed
from roomtally.batches.events import EventType
from roomtally.batches.model import BatchStatus, Counts, Photo, PhotoStatus, Snapshot
from roomtally.batches.service.feed import BatchDocument, BatchFeed
from roomtally.streams import bus
from roomtally.streams.connection import Viewer
from roomtally.streams.hub import Hub
from roomtally.streams.pace import Pace
from roomtally.streams.reader import BusReader, Listener
from roomtally.streams.source import Event, Sweep

EPOCH = "0123456789ab"
STAMP = "2026-01-01T00:00:00.000000Z"
REPEATS = 5  # the least is given: what is more is not ours


class Load(NamedTuple):
    """`together`: messages that one read of the bus brings."""

    what: str
    viewers: int
    topics: int
    events: int
    together: int


LOADS = (
    Load("one batch, 5,000 viewers, event by event", 5000, 1, 60, 1),
    Load("5,000 batches, a viewer each, one message a read", 5000, 5000, 30_000, 1),
    Load("5,000 batches, a viewer each, ten messages a read", 5000, 5000, 30_000, 10),
)


class _Source:
    words = BatchFeed.words
    weighty = BatchFeed.weighty

    async def snapshot(self, topic: UUID) -> BatchDocument:
        photo = Photo(
            id=str(seed.photo_id(0, 1)),
            filename="living-room-1.jpg",
            status=PhotoStatus.PENDING,
            room_type=None,
            item_count=0,
            volume=0,
            error=None,
        )
        snapshot = Snapshot(
            batch_id=str(topic),
            project_id=str(topic),
            status=BatchStatus.PROCESSING,
            paused=False,
            run=1,
            progress=33,
            counts=Counts(queued=2, processing=0, completed=1, failed=0, total=seed.PHOTOS),
            photos=(photo,) * seed.PHOTOS,
            inventory_summary=None,
            event_id=f"{EPOCH}-{seed.LAST_EVENT}",
            created_at=STAMP,
            updated_at=STAMP,
        )
        return BatchDocument(snapshot, seed.LAST_EVENT, finished=False)

    async def log(self, after: Mapping[UUID, int]) -> Mapping[UUID, list[Event]]:
        return {}

    async def sweep(self, known: Mapping[UUID, int], credentials: Collection[UUID]) -> Sweep:
        return Sweep({}, set(), set(), EPOCH)


class _Bus(BusReader):
    """Hands over what it is given."""

    def __init__(self) -> None:
        super().__init__("redis://nowhere")
        self.listening: dict[str, Listener] = {}

    async def start(self) -> None:
        pass

    async def subscribe(self, channel: str, listener: Listener) -> bool:
        self.listening[channel] = listener
        return True

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        self.listening.pop(channel, None)


class _Done:
    """As what granian's `send` returns: it can be awaited, and nothing else."""

    def __await__(self) -> Generator[None]:
        return
        yield


class _Sends:
    def __init__(self) -> None:
        self.count, self._done = 0, _Done()

    def __call__(self, _message: Any) -> Awaitable[None]:
        self.count += 1
        return self._done


class Cost(NamedTuple):
    us_an_event: float
    us_a_delivery: float


async def measure(load: Load, trace: str | None = None) -> Cost:
    """`trace`: the traceparent of the commits."""
    bus_, sends, over = _Bus(), _Sends(), asyncio.Event()
    waiting: asyncio.Queue[None] = asyncio.Queue()
    hub = Hub(_Source(), Pace(sweep_seconds=3600.0, process_streams=2 * load.viewers), bus_)
    await hub.start()

    async def receive() -> Mapping[str, object]:
        waiting.put_nowait(None)
        await over.wait()
        return {"type": "http.disconnect"}

    async def watch(number: int) -> None:
        stream = await hub.attach(seed.batch_id(number % load.topics), Viewer(uuid4(), uuid4(), delta=True))
        await stream.run(receive, sends)

    viewers = [asyncio.create_task(watch(number)) for number in range(load.viewers)]
    for _ in viewers:
        await waiting.get()
    reads = _reads(load, bus_, trace)
    gc.collect()
    before, began = sends.count, time.thread_time()
    for read in reads:
        for listener, message in read:
            listener(message)
        await asyncio.sleep(0)
    took, sent = time.thread_time() - began, sends.count - before
    over.set()
    await asyncio.gather(*viewers)
    await hub.stop()
    if sent * load.topics != load.events * load.viewers:
        raise RuntimeError(f"{sent} deliveries of {load.events} events")
    return Cost(took / load.events * 1e6, took / sent * 1e6)


def _reads(load: Load, bus_: _Bus, trace: str | None) -> list[list[tuple[Listener, bytes]]]:
    """A legal sequence of each batch, topic after topic."""
    payloads = [
        [inject.payload_of(topic, claimed=claimed) for claimed in (False, True)] for topic in range(load.topics)
    ]
    messages: list[tuple[Listener, bytes]] = []
    for place in range(load.events):
        topic, n = place % load.topics, seed.LAST_EVENT + 1 + place // load.topics
        type_ = EventType.PHOTO_CLAIMED if n % 2 else EventType.PHOTO_RELEASED
        event = Event(n, 1, type_, msgspec.Raw(payloads[topic][n % 2]), trace=trace)
        key = seed.batch_id(topic)
        messages.append((bus_.listening[bus.channel(key)], bus.encode(EPOCH, [event], time.time())))
    return [messages[at : at + load.together] for at in range(0, len(messages), load.together)]


def main(loads: Sequence[Load] = LOADS) -> None:
    table = Table("load", "us an event", "us a delivery", title="CPU of the hub's Python, send and socket left out")
    for load in loads:
        costs = [uvloop.run(measure(load)) for _ in range(REPEATS)]
        cost = min(costs)
        table.add_row(load.what, f"{cost.us_an_event:,.2f}", f"{cost.us_a_delivery:,.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
