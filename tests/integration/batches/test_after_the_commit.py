"""Nothing is told before it is true: whoever reads SQL in the moment of a message or a hint sees what it tells of."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec
import pytest

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from roomtally.db.pool import Pool
from roomtally.db.valkey import Valkey, open_valkey
from roomtally.streams.bus import Publisher
from roomtally.streams.source import Event
from tests.fixtures.batches import Batch, HintsInMemory, Person, World, result


@dataclass
class Told:
    """What was told, and what was not yet to be seen then by another connection."""

    events: list[str] = field(default_factory=list[str])
    early: list[str] = field(default_factory=list[str])
    payloads: list[bytes] = field(default_factory=list[bytes])


class WitnessedPublisher(Publisher):
    def __init__(self, client: Valkey, pool: Pool, told: Told) -> None:
        super().__init__(client)
        self._pool = pool
        self._told = told

    async def publish(self, topic: UUID, epoch: str, events: Sequence[Event], committed_at: float | None) -> None:
        async with self._pool.connection() as conn:
            query = "SELECT last_event, epoch FROM batches, installation WHERE id = %s"
            row = await (await conn.execute(query, [topic])).fetchone()
        self._told.events += [event.type for event in events]
        self._told.payloads += [bytes(event.payload) for event in events]
        if row is None or row[0] < events[-1].n or row[1] != epoch:
            self._told.early.append(events[-1].type)
        await super().publish(topic, epoch, events, committed_at)


class WitnessedHints(HintsInMemory):
    def __init__(self, pool: Pool, told: Told) -> None:
        super().__init__()
        self._pool = pool
        self._told = told

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool:
        async with self._pool.connection() as conn:
            query = "SELECT count(*) FROM photos WHERE id = ANY (%s) AND status = 'PENDING' AND enqueued_at IS NOT NULL"
            row = await (await conn.execute(query, [list(photo_ids)])).fetchone()
        if row != (len(photo_ids),):
            self._told.early.append(f"a hint, after {self._told.events[-1]}")
        return await super().hint(photo_ids, traceparent)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def witnessed(world: World, valkey: str, told: Told) -> AsyncIterator[World]:
    client, hints = open_valkey(valkey), WitnessedHints(world.pool, told)
    context = replace(world.context, publisher=WitnessedPublisher(client, world.pool, told), queue=hints)
    yield World(world.pool, context, hints)
    await client.aclose()


async def test_every_call_tells_of_what_is_committed(witnessed: World, person: Person, told: Told) -> None:
    context, user = witnessed.context, person.user
    batch = await witnessed.batch(person, 3)
    await batch.finish(0, [FoundItem(label="sofa", count=1, litres=900, confidence=0.9)])
    await service.pause(context, user, batch.id)
    await service.resume(context, user, batch.id)
    await expire(batch, 1)
    assert await service.release_photo(replace(context, release_first_seconds=0.0), await batch.claim(1))
    await batch.fail(1)
    await batch.fail(2)
    await service.retry_failed(context, user, batch.id)
    await batch.fail(2)
    await service.retry_photo(context, user, batch.photos[2])
    await service.add_item(context, user, batch.photos[0], label="bed", count=1, litres=900)
    await service.cancel(context, user, batch.id)
    await service.delete(context, user, batch.id)
    assert told.early == []
    assert set(told.events) == {
        "batch_created",
        "photo_claimed",
        "photo_done",
        "photo_failed",
        "photo_released",
        "photo_expired",
        "photos_retried",
        "item_corrected",
        "batch_paused",
        "batch_resumed",
        "batch_cancelling",
        "batch_finished",
        "batch_deleted",
    }
    assert len(witnessed.hints.told) == 3 + 2 + 1 + 2 + 1  # made, resumed, expired, retried together and alone


async def expire(batch: Batch, position: int) -> None:
    context = batch.world.context
    await service.give_up_claim(context, await batch.claim(position))
    assert await service.sweep_once(context) == service.Swept(expired=1, hinted=1)


async def test_an_event_is_told_in_the_bytes_in_which_the_log_is_read_without_blanks(
    witnessed: World, person: Person, told: Told
) -> None:
    batch = await witnessed.batch(person, 1)
    await batch.finish(0, [FoundItem(label="sofa : bed, {1}", count=1, litres=900, confidence=0.9)])
    log = (await service.BatchFeed(witnessed.pool, witnessed.context.cache).log({batch.id: 0}))[batch.id]
    assert [bytes(event.payload) for event in log] == told.payloads
    blanks = [msgspec.json.encode(msgspec.json.decode(payload)) for payload in told.payloads]
    assert [len(payload) for payload in told.payloads] == [len(payload) for payload in blanks]


async def test_a_call_that_is_refused_tells_nothing(witnessed: World, person: Person, told: Told) -> None:
    batch = await witnessed.batch(person, 1)
    claimed = await batch.claim()
    await service.delete(witnessed.context, person.user, batch.id)
    told.events.clear()
    told.payloads.clear()
    assert not await service.finish_photo(witnessed.context, claimed, result())
    assert await service.claim_photo(witnessed.context, batch.photos[0], worker="test") is None
    assert told == Told()
