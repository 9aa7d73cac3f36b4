"""Whose photos the workers are told of next, and how many at once."""

import pytest

from roomtally.batches import service
from roomtally.batches.service import sweeping
from tests.fixtures.batches import Batch, Person, World


async def wait_unhinted(world: World, photos: int) -> list[Batch]:
    """A batch each for three people, by the ids of the people, and nobody told of them."""
    batches = [await world.batch(await world.person(), photos) for _ in range(3)]
    await world.tell("UPDATE photos SET enqueued_at = NULL")
    return sorted(batches, key=lambda batch: batch.person.user)


async def owners(world: World, batches: list[Batch], room: int) -> list[int]:
    """Whose photos are found, by their places in `batches`."""
    found = await sweeping.find_waiting(world.context, room)
    return [next(i for i, batch in enumerate(batches) if photo in batch.photos) for photo in found]


async def test_who_was_served_longest_ago_comes_first(world: World) -> None:
    batches = await wait_unhinted(world, 3)
    for hours, batch in enumerate(batches):  # the smallest id last
        await world.tell(
            "UPDATE users SET served_at = now() - %s * interval '1 hour' WHERE id = %s",
            1 + hours,
            batch.person.user,
        )
    assert await owners(world, batches, 3) == [2, 1, 0]


async def test_one_at_a_time_is_a_round_of_all(world: World) -> None:
    batches = await wait_unhinted(world, 3)
    served = [await owners(world, batches, 1) for _ in range(6)]
    assert sorted(served[:3]) == [[0], [1], [2]]
    assert served[3:] == served[:3]


async def test_a_released_photo_is_hinted_when_its_pause_is_over_and_not_before(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    assert await service.release_photo(world.context, await batch.claim())
    world.hints.told.clear()
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=0)
    await service.pause(world.context, person.user, batch.id)
    await service.resume(world.context, person.user, batch.id)
    assert world.hints.told == []
    await world.tell("UPDATE photos SET not_before = clock_timestamp()")
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=1)


async def test_the_pause_of_a_released_photo_doubles_to_a_bound(shared_world: World, shared_person: Person) -> None:
    batch, pauses = await shared_world.batch(shared_person, 1), list[float]()
    for _ in range(8):
        assert await service.release_photo(shared_world.context, await batch.claim())
        [(pause,)] = await shared_world.ask(
            """UPDATE photos SET not_before = NULL FROM photos old WHERE photos.id = %s AND old.id = photos.id
               RETURNING extract(epoch FROM old.not_before - clock_timestamp())::float8""",
            batch.photos[0],
        )
        pauses.append(pause)
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 60, 60, 60], abs=0.5)
    await shared_world.tell("UPDATE photos SET releases = 1000000 WHERE id = %s", batch.photos[0])
    assert await service.release_photo(shared_world.context, await batch.claim())  # for days: nothing overflows


async def test_a_pass_hints_500_photos_at_most(world: World, person: Person) -> None:
    world.hints.waiting, world.hints.workers = (
        200,
        100,
    )  # a queue that would take 2,000, and was full when the batches came
    for _ in range(3):
        await world.batch(person, 200)
    world.hints.waiting = 0
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=500)
    assert len(set(world.hints.told)) == 500
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=100)
