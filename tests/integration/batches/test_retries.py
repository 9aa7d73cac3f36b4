"""Trying again what failed: what is forgotten, who is told, who may ask."""

import asyncio
from dataclasses import replace
from typing import LiteralString

import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.db.pool import transaction
from tests.fixtures.batches import Batch, Person, World
from tests.fixtures.waiting import until


async def test_a_retry_forgets_what_was_spent_before(shared_world: World, shared_person: Person) -> None:
    context = replace(shared_world.context, release_first_seconds=0.0)
    batch = await shared_world.batch(shared_person, 1)
    assert await service.release_photo(context, await batch.claim())
    for _ in range(2):
        gone = await batch.claim()
        await service.give_up_claim(context, gone)
        await until(lambda gone=gone: shared_world.swept(gone))
    await batch.fail()
    query: LiteralString = "SELECT attempts, releases, not_before IS NULL, error FROM photos WHERE id = %s"
    assert await shared_world.ask(query, batch.photos[0]) == [(2, 1, True, "not a photo")]
    await service.retry_failed(context, shared_person.user, batch.id)
    assert await shared_world.ask(query, batch.photos[0]) == [(0, 0, True, None)]
    for _ in range(2):  # two deaths again, and it still has a third attempt
        gone = await batch.claim()
        await service.give_up_claim(context, gone)
        await until(lambda gone=gone: shared_world.swept(gone))
    assert (await batch.snapshot()).counts.queued == 1


async def stamps(batch: Batch) -> list[tuple[bool, bool, bool]]:
    """Of each waiting photo: whether it was hinted, after the batch's last event, by another transaction."""
    return await batch.world.ask(
        """
        SELECT p.enqueued_at IS NOT NULL, coalesce(p.enqueued_at > b.updated_at, false), p.xmin <> b.xmin
          FROM photos p JOIN batches b ON b.id = p.batch_id WHERE b.id = %s AND p.status = 'PENDING'""",
        batch.id,
    )


@pytest.mark.parametrize("one", [False, True], ids=["all", "one"])
async def test_retries_are_hinted_in_a_transaction_of_their_own_after_the_commit(
    world: World, person: Person, one: bool
) -> None:
    batch = await world.batch(person, 3)
    for position in (1, 2):
        await batch.fail(position)
    world.hints.told.clear()
    if one:
        await service.retry_photo(world.context, person.user, batch.photos[2])
    else:
        await service.retry_failed(world.context, person.user, batch.id)
    assert world.hints.told == ([batch.photos[2]] if one else batch.photos[1:])  # and not those that wait anyway
    assert (await stamps(batch)).count((True, True, True)) == len(world.hints.told)


async def test_retries_wait_for_their_turn_where_the_queue_is_long(world: World, person: Person) -> None:
    batch = await world.batch(person, 2)
    await batch.fail(0)
    await batch.fail(1)
    world.hints.told.clear()
    world.hints.waiting = 2
    await service.retry_failed(world.context, person.user, batch.id)
    assert world.hints.told == []
    assert [hinted for hinted, _, _ in await stamps(batch)] == [False, False]
    world.hints.waiting = 0
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=2)  # at once, not 5 s later


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_stranger_locks_no_photos(shared_world: World, shared_person: Person, deleted: bool) -> None:
    """All photos are held: whoever wanted one of them would wait."""
    batch, stranger = await shared_world.batch(shared_person, 2), await shared_world.person()
    await batch.fail(0)
    caller = shared_person if deleted else stranger
    if deleted:
        await service.delete(shared_world.context, shared_person.user, batch.id)
    async with transaction(shared_world.pool) as holder:
        await holder.execute("SELECT FROM photos WHERE batch_id = %s FOR UPDATE", [batch.id])
        await holder.execute("SELECT FROM batches WHERE id = %s FOR UPDATE", [batch.id])
        async with asyncio.timeout(2):
            with pytest.raises(errors.NotFound, match="batch-not-found"):
                await service.retry_failed(shared_world.context, caller.user, batch.id)
            with pytest.raises(errors.NotFound, match="photo-not-found"):
                await service.retry_photo(shared_world.context, caller.user, batch.photos[0])
