"""Events of finished batches are forgotten after a day, in bounded steps."""

from datetime import datetime

import pytest

from roomtally.batches import service
from roomtally.batches.service import sweeping
from roomtally.batches.store import upkeep
from roomtally.telemetry import metrics
from tests.fixtures.batches import Batch, Person, World


async def age(world: World, batch: Batch, hours: float) -> None:
    """As if all that has happened to it had happened earlier."""
    async with world.pool.connection() as conn:
        values = [f"{hours} hours", batch.id]
        await conn.execute("UPDATE batch_events SET created_at = created_at - %s::interval WHERE batch_id = %s", values)
        await conn.execute("UPDATE batches SET finished_at = finished_at - %s::interval WHERE id = %s", values)


async def numbers(batch: Batch) -> list[int]:
    return [n for n, _ in await batch.log()]


async def prune(world: World, after: datetime | None = None) -> datetime | None:
    return await service.prune_events(world.context, 24, after)


async def test_only_old_events_of_finished_batches_are_forgotten(world: World, person: Person) -> None:
    old, young, waiting = [await world.batch(person, 1) for _ in range(3)]
    for batch in (old, young):
        await batch.finish()
    await age(world, old, 24.1)
    await age(world, young, 23.9)
    await age(world, waiting, 500)
    before = metrics.REGISTRY.get_sample_value("roomtally_purged_total", {"kind": "event"}) or 0
    assert await prune(world) is None
    assert await numbers(old) == []
    assert await numbers(young) == [1, 2, 3, 4]
    assert await numbers(waiting) == [1]
    assert metrics.REGISTRY.get_sample_value("roomtally_purged_total", {"kind": "event"}) == before + 4
    assert (await old.snapshot()).finished


async def test_a_batch_that_was_opened_again_keeps_what_is_there(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    await batch.fail()
    await age(world, batch, 30)
    await service.retry_failed(world.context, person.user, batch.id)
    await prune(world)
    assert await numbers(batch) == [1, 2, 3, 4, 5]
    await batch.finish()
    await prune(world)  # finished a moment ago: its viewers may still come back
    assert len(await numbers(batch)) == 8
    await age(world, batch, 30)
    await prune(world)
    assert await numbers(batch) == []


async def test_numbers_go_on_after_their_elders_are_gone(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    await batch.fail()
    await age(world, batch, 30)
    await prune(world)
    await service.retry_failed(world.context, person.user, batch.id)
    assert await numbers(batch) == [5]
    await batch.finish()
    assert await numbers(batch) == [5, 6, 7, 8]


async def test_a_call_does_a_bounded_part_and_says_where_it_stopped(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PRUNE_LIMIT", 3)
    monkeypatch.setattr(sweeping, "PRUNE_STEPS", 2)
    waiting = [await world.batch(person, 1) for _ in range(4)]  # nothing of these goes, and they come first
    batches = [await world.batch(person, 1) for _ in range(2)]
    for batch in batches:
        await batch.finish()
    for batch in waiting:
        await age(world, batch, 40)
    for batch in batches:
        await age(world, batch, 30)
    first = where = await prune(world)
    assert first is not None
    assert 0 < len(await numbers(batches[0])) + len(await numbers(batches[1])) < 8
    for _ in range(4):  # on from there
        where = await prune(world, where)
    assert [await numbers(batch) for batch in batches] == [[], []]
    assert [await numbers(batch) for batch in waiting] == [[1]] * 4


async def test_a_step_takes_all_events_of_its_last_moment(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last photo and the end of the run are of the same transaction; the next step goes on after its time."""
    monkeypatch.setattr(sweeping, "PRUNE_LIMIT", 3)
    monkeypatch.setattr(sweeping, "PRUNE_STEPS", 1)
    batch = await world.batch(person, 1)
    await batch.finish()
    await age(world, batch, 30)
    await prune(world)
    assert await numbers(batch) == []


async def test_two_at_once_do_not_wait_for_one_another(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    await batch.finish()
    await age(world, batch, 30)
    async with world.pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT FROM batch_events WHERE batch_id = %s AND n = 2 FOR UPDATE", [batch.id])
        async with world.pool.connection() as other:
            await other.execute("SET lock_timeout = '1s'")
            step = await upkeep.prune_events(other, 24, None, 100)
    assert (step.looked, step.deleted) == (4, 3)
    assert await numbers(batch) == [2]
