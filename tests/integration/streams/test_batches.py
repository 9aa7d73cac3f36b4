"""The hub on real batches: what is folded from changes is what REST shows, number by number, also after corrections."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from roomtally.batches import service
from roomtally.batches.events import decode_event, reduce
from roomtally.batches.model import FoundItem, Snapshot
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams.connection import Viewer
from roomtally.streams.hub import Hub, Pace
from roomtally.streams.reader import BusReader
from roomtally.streams.topics import Wanted
from tests.fixtures.batches import Batch, Person, World
from tests.fixtures.waiting import until
from tests.integration.streams.socket import Received, Socket

SOFA, BOXES = FoundItem(label="sofa", count=1, litres=1400), FoundItem(label="box", count=12, litres=60)


class Rooms:
    """A hub with the service's own feed."""

    def __init__(self, world: World, url: str) -> None:
        feed = service.BatchFeed(world.pool, world.context.cache)
        self.hub = Hub(feed, Pace(), BusReader(url))
        self._tasks: list[asyncio.Task[None]] = []

    async def watch(self, batches: Sequence[Batch], *, delta: bool) -> Socket:
        """A stream of one where there is one."""
        viewer = Viewer(uuid4(), uuid4(), delta=delta)
        if len(batches) == 1:
            stream = await self.hub.attach(batches[0].id, viewer)
        else:
            stream = await self.hub.attach_many([Wanted(batch.id, 1) for batch in batches], viewer)
        socket = Socket()
        self._tasks.append(asyncio.create_task(stream.run(socket.receive, socket.send)))
        await until(lambda: socket.chunks)
        return socket

    async def close(self) -> None:
        await self.hub.stop()
        await asyncio.gather(*self._tasks)


@pytest.fixture
async def rooms(shared_world: World, shared_valkey: EmbeddedValkey) -> AsyncIterator[Rooms]:
    made = Rooms(shared_world, shared_valkey.url)
    await made.hub.start()
    yield made
    await made.close()


def states(received: Sequence[Received], batch: UUID) -> dict[int, Snapshot]:
    """By event number: snapshots as they came, and as they are folded from the changes."""
    found: dict[int, Snapshot] = {}
    snapshot: Snapshot | None = None
    for event in received:
        if event.data.get("batchId") != str(batch):
            continue
        if event.event == "progress":
            snapshot = msgspec.convert(event.data, Snapshot)
        elif event.event == "change":
            assert snapshot
            snapshot = reduce(snapshot, change(event.data))
        else:
            continue
        found[snapshot.n] = snapshot
    return found


def change(data: dict[str, Any]) -> Any:
    n = int(data["eventId"].rpartition("-")[2])
    return decode_event(n, data["run"], data["type"], msgspec.json.encode(data))


async def test_folded_changes_are_what_rest_shows_at_every_number(
    rooms: Rooms, shared_world: World, shared_person: Person
) -> None:
    batch, other = await shared_world.batch(shared_person, 4), await shared_world.batch(shared_person, 1)
    delta, whole = await rooms.watch([batch], delta=True), await rooms.watch([batch], delta=False)
    both = await rooms.watch([other, batch], delta=True)
    truth: dict[int, Snapshot] = {}

    async def look() -> None:
        snapshot = await batch.snapshot()
        truth[snapshot.n] = snapshot
        await until(lambda: whole.ended or snapshot.n in states(whole.events, batch.id))

    await look()
    for position in range(3):
        claimed = await batch.claim(position)
        await look()
        items = (SOFA, BOXES)[: position + 1]
        assert await service.finish_photo(
            shared_world.context,
            claimed,
            service.Result(room_type="bedroom", room_confidence=0.9, items=items, width=640, height=480),
        )
        await look()
    await batch.fail(3)
    await until(lambda: delta.ended and whole.ended and both.of("complete"))
    await look()
    last = max(truth)
    for seen in (delta, both):
        found = states(seen.events, batch.id)
        assert sorted(found) == list(range(1, last + 1))
        assert {n: found[n] for n in truth} == truth
    assert truth.items() <= states(whole.events, batch.id).items()


@pytest.mark.parametrize("delta", [False, True])
async def test_a_corrected_batch_is_complete_again_with_the_next_run(
    rooms: Rooms, shared_world: World, shared_person: Person, delta: bool
) -> None:
    batch, other = await shared_world.batch(shared_person, 1), await shared_world.batch(shared_person, 1)
    both = await rooms.watch([batch, other], delta=delta)
    await batch.finish(0, [SOFA])
    await until(lambda: both.of("complete"))
    await service.add_item(shared_world.context, shared_person.user, batch.photos[0], label="bed", count=1, litres=500)
    await until(lambda: len(both.of("complete")) == 2)
    first, second = both.of("complete")
    assert (first.data["run"], second.data["run"]) == (1, 2)
    assert second.data["inventorySummary"]["totalItems"] == 2
    assert both.events[-2].event == "progress"
    assert states(both.events, batch.id)[(await batch.snapshot()).n] == await batch.snapshot()
    assert not both.ended
