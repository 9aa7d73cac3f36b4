"""A person's call that comes again with its key does nothing, whatever has happened since."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from roomtally import errors
from roomtally.batches import service
from tests.fixtures.batches import Batch, Person, World, decode_snapshot

KEY = "of this wish"
Again: TypeAlias = Callable[[], Awaitable[service.Progress]]


async def answers_with_what_is(batch: Batch, again: Again) -> bool:
    """Whether a call leaves the log as it is, tells no worker, and answers with the batch as it is now."""
    before, now = await batch.log(), await batch.snapshot()
    batch.world.hints.told.clear()
    progress = await again()
    assert progress.body
    return (await batch.log(), decode_snapshot(progress.body), batch.world.hints.told) == (before, now, [])


async def test_a_resume_that_comes_again_does_not_undo_a_pause(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)
    await service.pause(context, user, batch.id)
    await service.resume(context, user, batch.id, KEY)
    await service.pause(context, user, batch.id)
    assert await answers_with_what_is(batch, lambda: service.resume(context, user, batch.id, KEY))
    assert (await batch.snapshot()).paused
    await service.resume(context, user, batch.id, "another wish")
    assert not (await batch.snapshot()).paused


async def test_a_pause_that_comes_again_holds_nothing(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)
    await service.pause(context, user, batch.id, KEY)
    await service.resume(context, user, batch.id)
    assert await answers_with_what_is(batch, lambda: service.pause(context, user, batch.id, KEY))


@pytest.mark.parametrize("one", [False, True], ids=["all", "one"])
async def test_a_retry_that_comes_again_after_the_photo_failed_again_opens_no_run(
    world: World, person: Person, one: bool
) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)

    async def retry(key: str) -> service.Progress:
        if one:
            return await service.retry_photo(context, user, batch.photos[0], key)
        return await service.retry_failed(context, user, batch.id, key)

    await batch.fail()
    await retry(KEY)
    await batch.fail()
    assert await answers_with_what_is(batch, lambda: retry(KEY))
    assert (await batch.snapshot()).run == 2
    await retry("another wish")
    assert (await batch.snapshot()).run == 3


async def test_a_cancel_that_comes_again_is_answered_as_a_batch_that_is_cancelled(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)
    await service.cancel(context, user, batch.id, KEY)
    assert await answers_with_what_is(batch, lambda: service.cancel(context, user, batch.id, KEY))


async def test_a_delete_that_comes_again_is_no_404(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)
    for _ in range(2):
        await service.delete(context, user, batch.id, KEY)
    with pytest.raises(errors.NotFound):
        await service.delete(context, user, batch.id)
    with pytest.raises(errors.NotFound):
        await service.delete(context, user, batch.id, "another wish")


async def test_a_key_is_of_one_call_on_one_batch(world: World, person: Person) -> None:
    context, user = world.context, person.user
    batch, other = await world.batch(person, 1), await world.batch(person, 1)
    await service.pause(context, user, batch.id, KEY)
    for wrong in (service.resume, service.cancel, service.retry_failed, service.delete):
        with pytest.raises(errors.Conflict, match="idempotency-key-reused"):
            await wrong(context, user, batch.id, KEY)
    with pytest.raises(errors.Conflict, match="idempotency-key-reused"):
        await service.pause(context, user, other.id, KEY)
    stranger = await world.person()
    with pytest.raises(errors.NotFound):  # a stranger's key is another one
        await service.pause(context, stranger.user, batch.id, KEY)


async def test_a_call_that_was_refused_leaves_its_key_free(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 1)
    await batch.fail()
    with pytest.raises(errors.Conflict, match="batch-finished"):
        await service.pause(context, user, batch.id, KEY)
    await service.retry_failed(context, user, batch.id, KEY)
    assert (await batch.snapshot()).run == 2


async def test_twins_at_the_same_moment_do_it_once(world: World, person: Person) -> None:
    context, user, batch = world.context, person.user, await world.batch(person, 2)
    await batch.fail(0)
    await batch.fail(1)
    twins = [service.retry_failed(context, user, batch.id, KEY) for _ in range(6)]
    answers = await asyncio.gather(*twins)
    assert {answer.n for answer in answers} == {answers[0].n}
    assert [kind for _, kind in await batch.log()].count("photos_retried") == 1
