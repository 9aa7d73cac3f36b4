"""A batch from its making to its end, by the calls that routes and workers make."""

import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import BatchStatus, FoundItem, PhotoStatus
from tests.fixtures.batches import Person, World, result

SOFA = FoundItem(label="sofa", count=1, litres=1200, confidence=0.8, boxes=((0.1, 0.2, 0.5, 0.6),))
CHAIRS = FoundItem(label="chair", count=4, litres=150, confidence=0.7, proposed=True)


async def test_all_photos_done_ends_completed_with_the_sums(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 2)
    await batch.finish(0, [SOFA, CHAIRS])
    await batch.finish(1, [CHAIRS])
    snapshot = await batch.snapshot()
    assert snapshot.status is BatchStatus.COMPLETED
    assert snapshot.progress == 100
    assert [photo.volume for photo in snapshot.photos] == [1.8, 0.6]
    summary = snapshot.inventory_summary
    assert summary is not None
    assert (summary.total_items, summary.total_volume) == (9, 2.4)
    assert [(item.label, item.count, item.volume) for item in summary.by_item] == [("chair", 8, 1.2), ("sofa", 1, 1.2)]
    assert [kind for _, kind in await batch.log()] == [
        "batch_created",
        "photo_claimed",
        "photo_done",
        "photo_claimed",
        "photo_done",
        "batch_finished",
    ]


async def test_all_photos_failed_ends_failed_and_some_partial(shared_world: World, shared_person: Person) -> None:
    failed, partial = await shared_world.batch(shared_person, 1), await shared_world.batch(shared_person, 2)
    await failed.fail()
    await partial.fail(0)
    await partial.finish(1)
    assert (await failed.snapshot()).status is BatchStatus.FAILED
    after = await partial.snapshot()
    assert after.status is BatchStatus.PARTIAL
    assert [photo.status for photo in after.photos] == [PhotoStatus.ERROR, PhotoStatus.DONE]
    assert after.photos[0].error == "not a photo"


async def test_creating_hints_every_photo_in_order(world: World, person: Person) -> None:
    batch = await world.batch(person, 5)
    assert world.hints.told == batch.photos


async def test_a_long_queue_leaves_the_hints_to_the_sweeper(world: World, person: Person) -> None:
    world.hints.waiting = 2
    batch = await world.batch(person, 5)
    assert world.hints.told == []
    world.hints.waiting = 0
    swept = await service.sweep_once(world.context)
    assert swept == service.Swept(expired=0, hinted=5)
    assert world.hints.told == batch.photos


async def test_another_persons_batch_is_not_there(shared_world: World, shared_person: Person) -> None:
    batch, stranger = await shared_world.batch(shared_person, 1), await shared_world.person()
    with pytest.raises(errors.NotFound, match="batch-not-found"):
        await service.read_progress(shared_world.context, stranger.user, batch.id)
    with pytest.raises(errors.NotFound, match="batch-not-found"):
        await service.pause(shared_world.context, stranger.user, batch.id)
    with pytest.raises(errors.NotFound, match="photo-not-found"):
        await service.retry_photo(shared_world.context, stranger.user, batch.photos[0])
    with pytest.raises(errors.NotFound, match="photo-not-found"):
        await service.get_photo_file(shared_world.context, stranger.user, batch.photos[0])


async def test_a_photo_is_claimed_once(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    await batch.claim()
    assert await service.claim_photo(shared_world.context, batch.photos[0], worker="other") is None


async def test_a_claim_that_was_given_up_writes_nothing(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    late = await batch.claim()
    assert await service.give_up_claim(world.context, late)
    assert await service.sweep_once(world.context) == service.Swept(expired=1, hinted=1)
    newer = await batch.claim()
    assert newer.attempts == 1
    assert not await service.renew_claim(world.context, late)
    assert not await service.finish_photo(world.context, late, result(SOFA))
    assert not await service.fail_photo(world.context, late, "late")
    assert not await service.release_photo(world.context, late)
    assert await service.finish_photo(world.context, newer, result(CHAIRS))
    summary = (await batch.snapshot()).inventory_summary
    assert summary is not None
    assert summary.total_items == 4


async def test_three_dead_workers_end_a_photo(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    for _ in range(3):
        await service.give_up_claim(world.context, await batch.claim())
        await service.sweep_once(world.context)
    after = await batch.snapshot()
    assert after.status is BatchStatus.FAILED
    assert after.photos[0].error is not None
    assert "three attempts" in after.photos[0].error


async def test_a_released_photo_waits_and_spends_no_attempt(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    assert await service.release_photo(world.context, await batch.claim())
    assert await service.claim_photo(world.context, batch.photos[0], worker="early") is None
    async with world.pool.connection() as conn:
        await conn.execute("UPDATE photos SET not_before = clock_timestamp()")
    assert (await batch.claim()).attempts == 0


async def test_what_was_stored_beside_the_snapshot(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    await batch.finish(0, [SOFA, CHAIRS])
    async with world.pool.connection() as conn:
        photo = await (
            await conn.execute("SELECT width, height, content_type, bytes, confirmed FROM photos")
        ).fetchone()
        items = await (await conn.execute("SELECT label, proposed, source FROM items ORDER BY label")).fetchall()
        attempt = await (await conn.execute("SELECT worker, outcome FROM photo_attempts")).fetchone()
        outbox = await (await conn.execute("SELECT kind, run FROM outbox")).fetchall()
    assert photo == (640, 480, "image/jpeg", 1000, False)
    assert items == [("chair", True, "analyzer"), ("sofa", False, "analyzer")]
    assert attempt == ("test", "done")
    assert outbox == [("batch_finished", 1)]
