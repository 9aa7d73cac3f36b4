"""The person's word on the items of a photo."""

from uuid import UUID

import pytest
from psycopg import errors as pg_errors

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import FoundItem, Summary
from tests.fixtures import variations
from tests.fixtures.batches import Batch, Person, World

BED = FoundItem(label="bed", count=1, litres=900)
LAMP = FoundItem(label="lamp", count=2, litres=50, proposed=True)


async def sums(batch: Batch) -> dict[str, tuple[int, float]]:
    summary = (await batch.snapshot()).inventory_summary or Summary(total_items=0, total_volume=0)
    assert summary.total_items == sum(item.count for item in summary.by_item)
    return {item.label: (item.count, item.volume) for item in summary.by_item}


async def item_named(world: World, batch: Batch, label: str) -> tuple[UUID, int, bool, str]:
    async with world.pool.connection() as conn:
        query = """SELECT i.id, i.version, i.proposed, i.source FROM items i JOIN photos p ON p.id = i.photo_id
                    WHERE p.batch_id = %s AND i.label = %s"""
        row = await (await conn.execute(query, [batch.id, label])).fetchone()
    assert row is not None
    return row


async def is_confirmed(batch: Batch) -> bool:
    async with batch.world.pool.connection() as conn:
        query = "SELECT confirmed FROM photos WHERE id = %s"
        row = await (await conn.execute(query, [batch.photos[0]])).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
async def batch(shared_world: World, shared_person: Person) -> Batch:
    """Finished, with a bed and two lamps on its one photo."""
    batch = await shared_world.batch(shared_person, 1)
    await batch.finish(0, [BED, LAMP])
    return batch


async def test_a_finished_batch_that_is_corrected_finishes_again_without_a_push(batch: Batch) -> None:
    world, user = batch.world, batch.person.user
    added = await service.add_item(world.context, user, batch.photos[0], label="desk", count=1, litres=400)
    assert (added.version, added.progress.finished) == (1, True)
    assert [kind for _, kind in await batch.log()][-3:] == ["batch_finished", "item_corrected", "batch_finished"]
    assert (await batch.snapshot()).run == 2
    assert await sums(batch) == {"bed": (1, 0.9), "desk": (1, 0.4), "lamp": (2, 0.1)}
    async with world.pool.connection() as conn:
        pushed = await (await conn.execute("SELECT run FROM outbox WHERE batch_id = %s", [batch.id])).fetchall()
    assert pushed == [(1,)]
    assert await is_confirmed(batch)


async def test_count_label_and_volume_can_be_corrected_and_a_proposal_becomes_a_fact(batch: Batch) -> None:
    world, user = batch.world, batch.person.user
    id_, version, proposed, _ = await item_named(world, batch, "lamp")
    assert proposed
    correction = service.Correction(label="floor lamp", count=3, litres=80)
    corrected = await service.correct_item(world.context, user, id_, version=version, correction=correction)
    assert corrected.version == version + 1
    assert await sums(batch) == {"bed": (1, 0.9), "floor lamp": (3, 0.24)}
    assert (await item_named(world, batch, "floor lamp"))[2:] == (False, "person")


async def test_an_old_version_is_refused_and_changes_nothing(batch: Batch) -> None:
    world, user = batch.world, batch.person.user
    id_, version, *_ = await item_named(world, batch, "bed")
    await service.correct_item(world.context, user, id_, version=version, correction=service.Correction(count=2))
    before = await batch.log()
    with pytest.raises(errors.PreconditionFailed, match="item-changed"):
        await service.remove_item(world.context, user, id_, version=version)
    assert await batch.log() == before


async def test_a_label_that_is_there_is_refused(batch: Batch) -> None:
    world, user = batch.world, batch.person.user
    before = await batch.log()
    with pytest.raises(errors.Conflict, match="label-exists"):
        await service.add_item(world.context, user, batch.photos[0], label="bed", count=1, litres=900)
    id_, version, *_ = await item_named(world, batch, "lamp")
    with pytest.raises(errors.Conflict, match="label-exists"):
        await service.correct_item(
            world.context, user, id_, version=version, correction=service.Correction(label="bed")
        )
    assert await batch.log() == before


async def test_a_removed_item_comes_back_by_the_person_only(batch: Batch) -> None:
    world, user = batch.world, batch.person.user
    id_, version, *_ = await item_named(world, batch, "bed")
    await service.remove_item(world.context, user, id_, version=version)
    assert await sums(batch) == {"lamp": (2, 0.1)}
    back = await service.add_item(world.context, user, batch.photos[0], label="bed", count=2, litres=800)
    assert (back.item_id, back.version) == (id_, version + 2)
    assert await sums(batch) == {"bed": (2, 1.6), "lamp": (2, 0.1)}


async def retry_after_the_persons_word(world: World, person: Person) -> Batch:
    """The person adds a desk and denies a lamp on a failed photo; then the analyzer finds other numbers of both."""
    batch = await world.batch(person, 1)
    await batch.fail(0)
    context, user, photo = world.context, person.user, batch.photos[0]
    await service.add_item(context, user, photo, label="desk", count=1, litres=400)
    gone = await service.add_item(context, user, photo, label="lamp", count=1, litres=400)
    await service.remove_item(context, user, gone.item_id, version=gone.version)
    await service.retry_photo(context, user, photo)
    await batch.finish(0, [BED, LAMP, FoundItem(label="desk", count=7, litres=1)])
    return batch


async def test_the_analyzer_does_not_undo_the_person_in_a_retry(shared_world: World, shared_person: Person) -> None:
    batch = await retry_after_the_persons_word(shared_world, shared_person)
    assert await is_confirmed(batch) is False
    assert await sums(batch) == {"bed": (1, 0.9), "desk": (1, 0.4)}
    rooms = (await batch.snapshot()).inventory_summary
    assert rooms is not None
    assert [(room.room_type, room.items) for room in rooms.by_room] == [("bedroom", 2)]


async def test_without_that_rule_the_photo_could_not_be_finished(
    shared_world: World, shared_person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    variations.person_not_heard(monkeypatch)
    with pytest.raises(pg_errors.UniqueViolation):
        await retry_after_the_persons_word(shared_world, shared_person)


@pytest.mark.parametrize(
    ("correction", "slug"),
    [
        (service.Correction(label=" "), "invalid-label"),
        (service.Correction(label="x" * 101), "invalid-label"),
        (service.Correction(count=-1), "invalid-count"),
        (service.Correction(count=1001), "invalid-count"),
        (service.Correction(litres=100_001), "invalid-volume"),
    ],
)
async def test_senseless_corrections_are_refused(batch: Batch, correction: service.Correction, slug: str) -> None:
    id_, version, *_ = await item_named(batch.world, batch, "bed")
    with pytest.raises(errors.Invalid, match=slug):
        await service.correct_item(batch.world.context, batch.person.user, id_, version=version, correction=correction)


async def test_another_persons_item_is_not_there(batch: Batch) -> None:
    stranger = await batch.world.person()
    id_, version, *_ = await item_named(batch.world, batch, "bed")
    with pytest.raises(errors.NotFound, match="item-not-found"):
        await service.remove_item(batch.world.context, stranger.user, id_, version=version)
    with pytest.raises(errors.NotFound, match="photo-not-found"):
        await service.add_item(batch.world.context, stranger.user, batch.photos[0], label="desk", count=1, litres=1)
