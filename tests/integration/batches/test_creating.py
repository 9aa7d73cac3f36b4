"""Making batches: what is refused, and that the same request twice makes one."""

import asyncio
from uuid import uuid4

import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import BatchStatus
from tests.fixtures.batches import Person, World, decode_snapshot


async def test_the_first_snapshot_shows_the_photos_in_the_order_of_the_uploads(
    shared_world: World, shared_person: Person
) -> None:
    uploads = await shared_world.uploads(shared_person, 3)
    progress = await shared_world.create(shared_person, uploads[::-1])
    assert progress.body is not None
    snapshot = decode_snapshot(progress.body)
    assert (snapshot.status, snapshot.run, snapshot.n, progress.n) == (BatchStatus.QUEUED, 1, 1, 1)
    assert snapshot.inventory_summary is None
    async with shared_world.pool.connection() as conn:
        query = "SELECT storage_key FROM photos WHERE batch_id = %s ORDER BY position"
        keys = await (await conn.execute(query, [progress.batch_id])).fetchall()
    assert keys == [(f"originals/{upload}",) for upload in uploads[::-1]]


async def test_no_photos_too_many_and_one_named_twice_are_refused(shared_world: World, shared_person: Person) -> None:
    one = uuid4()
    for uploads, kind, slug in (
        ([], errors.Invalid, "no-photos"),
        ([one, one], errors.Invalid, "upload-repeated"),
        ([uuid4() for _ in range(201)], errors.TooLarge, "too-many-photos"),
    ):
        with pytest.raises(kind, match=slug):
            await shared_world.create(shared_person, uploads)


async def test_uploads_are_used_once_by_their_owner_and_in_time(shared_world: World, shared_person: Person) -> None:
    stranger = await shared_world.person()
    theirs = await shared_world.uploads(stranger, 1)
    used = await shared_world.uploads(shared_person, 1)
    old = await shared_world.uploads(shared_person, 1)
    async with shared_world.pool.connection() as conn:
        await conn.execute("UPDATE uploads SET expires_at = now() WHERE id = ANY (%s)", [old])
    await shared_world.create(shared_person, used)
    for unusable in (theirs, used, old, [uuid4()]):
        fresh = await shared_world.uploads(shared_person, 1)
        with pytest.raises(errors.Conflict, match="upload-not-usable"):
            await shared_world.create(shared_person, [*fresh, *unusable])
        await shared_world.create(shared_person, fresh)  # nothing was bound by the refused call


async def test_an_unknown_project_binds_nothing(shared_world: World, shared_person: Person) -> None:
    stranger = await shared_world.person()
    uploads = await shared_world.uploads(shared_person, 1)
    for project in (uuid4(), stranger.project):
        with pytest.raises(errors.NotFound, match="project-not-found"):
            await shared_world.create(shared_person, uploads, project=project)
    await shared_world.create(shared_person, uploads)


async def test_the_same_request_sent_twice_at_once_makes_one_batch(shared_world: World, shared_person: Person) -> None:
    uploads = await shared_world.uploads(shared_person, 2)
    made = await asyncio.gather(*(shared_world.create(shared_person, uploads, key="one") for _ in range(4)))
    assert len({progress.batch_id for progress in made}) == 1
    other = await shared_world.uploads(shared_person, 1)
    with pytest.raises(errors.Conflict, match="idempotency-key-reused"):
        await shared_world.create(shared_person, other, key="one")


async def test_two_batches_over_the_same_uploads_in_opposite_order_make_one(
    shared_world: World, shared_person: Person
) -> None:
    for _ in range(5):
        uploads = await shared_world.uploads(shared_person, 20)
        answers = await asyncio.gather(
            *(shared_world.create(shared_person, order) for order in (uploads, uploads[::-1])),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers].count(service.Progress) == 1
        assert [type(answer) for answer in answers].count(errors.Conflict) == 1
