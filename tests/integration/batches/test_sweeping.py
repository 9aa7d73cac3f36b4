"""What the sweeper and the purge do, with nobody else at work."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from roomtally import worker
from roomtally.batches import service
from roomtally.batches.service import sweeping
from roomtally.batches.store import sweep
from roomtally.db.pool import transaction
from roomtally.storage.photos import open_storage
from roomtally.telemetry import metrics
from tests.fixtures.batches import Batch, Person, World, result


class Folder:
    """Files that were deleted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    async def delete(self, keys: Sequence[str]) -> None:
        self.deleted += keys


async def forget_hints(world: World) -> None:
    """As if all that were sent had been lost a while ago."""
    world.hints.told.clear()
    async with world.pool.connection() as conn:
        await conn.execute("UPDATE photos SET enqueued_at = clock_timestamp() - interval '1 minute'")


async def test_lost_hints_are_sent_again_and_fresh_ones_are_not(world: World, person: Person) -> None:
    batch = await world.batch(person, 3)
    world.hints.told.clear()
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=0)
    await forget_hints(world)
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=3)
    assert world.hints.told == batch.photos


async def test_paused_and_cancelled_batches_get_no_hints(world: World, person: Person) -> None:
    paused, cancelled = await world.batch(person, 1), await world.batch(person, 2)
    await service.pause(world.context, person.user, paused.id)
    await cancelled.claim(0)
    await service.cancel(world.context, person.user, cancelled.id)
    await forget_hints(world)
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=0)


async def test_a_long_queue_gets_nothing_more_and_an_unknown_one_does(world: World, person: Person) -> None:
    await world.batch(person, 1)
    await forget_hints(world)
    world.hints.waiting, world.hints.workers = 6, 3
    assert (await service.sweep_once(world.context)) == service.Swept(expired=0, hinted=0)
    world.hints.waiting = world.hints.workers = None
    assert (await service.sweep_once(world.context)) == service.Swept(expired=0, hinted=1)


async def test_a_worker_that_no_hint_reaches_finds_what_waits_and_no_other_finds_it_too(world: World) -> None:
    batches = [await world.batch(await world.person(), 2) for _ in range(2)]
    assert await sweeping.find_waiting(world.context, 4) == []  # hinted a moment ago
    await forget_hints(world)
    found = await sweeping.find_waiting(world.context, 2)
    assert [sum(photo in found for photo in batch.photos) for batch in batches] == [1, 1]
    rest = await sweeping.find_waiting(world.context, 4)
    assert {*found, *rest} == {photo for batch in batches for photo in batch.photos}
    assert len(rest) == 2
    await asyncio.sleep(sweeping.STALE_WITHOUT_QUEUE_SECONDS)
    assert len(await sweeping.find_waiting(world.context, 4)) == 4  # nobody claimed them


async def test_users_take_turns(world: World) -> None:
    batches = [await world.batch(await world.person(), 30) for _ in range(2)]
    await forget_hints(world)
    await service.sweep_once(world.context)  # room for 20
    owners = [next(i for i, batch in enumerate(batches) if photo in batch.photos) for photo in world.hints.told]
    assert sorted(owners) == [0] * 10 + [1] * 10
    assert owners[:4] in ([0, 1, 0, 1], [1, 0, 1, 0])


async def test_a_claim_that_ran_out_is_expired_while_cancelling_too(world: World, person: Person) -> None:
    batch = await world.batch(person, 2)
    claimed = await batch.claim(0)
    await service.cancel(world.context, person.user, batch.id)
    await service.give_up_claim(world.context, claimed)
    assert await service.sweep_once(world.context) == service.Swept(expired=1, hinted=0)
    assert (await batch.snapshot()).status == "CANCELLED"


async def test_a_renewed_claim_is_left_alone(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    claimed = await batch.claim(0)
    await service.give_up_claim(world.context, claimed)
    assert await service.renew_claim(world.context, claimed)
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=0)


async def test_photos_that_are_released_again_and_again_are_told_to_operators(world: World, person: Person) -> None:
    stuck, paused = await world.batch(person, 2), await world.batch(person, 1)
    context = replace(world.context, release_first_seconds=0.0)
    for batch in (stuck, paused):
        for times in range(sweeping.STUCK_RELEASES):
            assert await sweeping.count_stuck(context) == 0, times
            assert await service.release_photo(context, await batch.claim(0))
        if batch is stuck:
            assert await sweeping.count_stuck(context) == 1
            again = await batch.claim(0)
            assert (
                await sweeping.count_stuck(context) == 1
            )  # one more try is no news: an endpoint takes a minute to fail
            assert await service.finish_photo(context, again, result())
            await batch.finish(1)
    assert await sweeping.count_stuck(context) == 1
    assert metrics.REGISTRY.get_sample_value("roomtally_photos_stuck") == 1
    await service.pause(context, person.user, paused.id)
    assert await sweeping.count_stuck(context) == 0


async def test_a_sweeper_says_once_that_photos_are_stuck(
    world: World, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_EVERY_SECONDS", 0.0)
    context = replace(world.context, release_first_seconds=0.0)
    batch, sweeper = await world.batch(person, 1), worker.Sweeper(context, open_storage(tmp_path.as_uri()))
    for _ in range(sweeping.STUCK_RELEASES):
        await service.release_photo(context, await batch.claim())
    with structlog.testing.capture_logs() as said:
        await sweeper.run_pass()
        await sweeper.run_pass()
        await batch.finish()
        await sweeper.run_pass()
    told = [(line["event"], line.get("count")) for line in said if line["event"].startswith("photos_stuck")]
    assert told == [("photos_stuck", 1), ("photos_stuck_no_more", None)]


async def test_a_store_that_is_away_keeps_no_old_events(world: World, person: Person, tmp_path: Path) -> None:
    """Files of a deleted batch cannot be removed; what the database alone can forget is forgotten all the same."""
    old, deleted = await world.batch(person, 1), await world.batch(person, 1)
    await old.finish()
    await service.delete(world.context, person.user, deleted.id)
    await world.tell("UPDATE batch_events SET created_at = created_at - interval '2 days'")
    await world.tell(
        "UPDATE batches SET finished_at = finished_at - interval '2 days', deleted_at = deleted_at - interval '2 days'"
    )
    storage = open_storage((tmp_path / "unmounted").as_uri())
    (tmp_path / "unmounted").rmdir()
    with structlog.testing.capture_logs() as said:
        await worker.Sweeper(world.context, storage).run_pass()
    assert "sweep_failed" in [line["event"] for line in said]
    assert await old.log() == []


async def test_one_sweeper_at_a_time(world: World) -> None:
    async with transaction(world.pool) as conn:
        assert await sweep.try_lock(conn)
        assert await service.sweep_once(world.context) is None
    assert await service.sweep_once(world.context) is not None


async def test_resuming_hints_what_waits(world: World, person: Person) -> None:
    batch = await world.batch(person, 3)
    await batch.finish(1)
    await service.pause(world.context, person.user, batch.id)
    world.hints.told.clear()
    await service.resume(world.context, person.user, batch.id)
    assert world.hints.told == [batch.photos[0], batch.photos[2]]


async def test_retries_hint_their_photos(world: World, person: Person) -> None:
    batch = await world.batch(person, 3)
    await asyncio.gather(*(batch.fail(position) for position in range(3)))
    world.hints.told.clear()
    await service.retry_photo(world.context, person.user, batch.photos[1])
    assert world.hints.told == [batch.photos[1]]
    await service.retry_failed(world.context, person.user, batch.id)
    assert sorted(world.hints.told) == sorted(batch.photos)


async def rows_of(world: World, batch: Batch) -> int:
    """Rows of any table that belong to a batch."""
    async with world.pool.connection() as conn:
        cursor = await conn.execute(
            """
            SELECT (SELECT count(*) FROM batches WHERE id = %(id)s) + (SELECT count(*) FROM photos WHERE batch_id = %(id)s)
                 + (SELECT count(*) FROM uploads WHERE batch_id = %(id)s)
                 + (SELECT count(*) FROM batch_events WHERE batch_id = %(id)s)
                 + (SELECT count(*) FROM outbox WHERE batch_id = %(id)s)""",
            {"id": batch.id},
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_the_purge_takes_deleted_batches_with_all_that_is_theirs(world: World, person: Person) -> None:
    gone, kept = await world.batch(person, 2), await world.batch(person, 1)
    await gone.finish(0)
    await gone.fail(1)
    await kept.finish(0)
    await service.delete(world.context, person.user, gone.id)
    folder = Folder()
    assert (await service.purge_once(world.context, folder)).batches == 0  # a worker may still hold a claim
    assert await rows_of(world, gone) == 1 + 2 + 2 + 7 + 1
    purged = await service.purge_once(world.context, folder, after_seconds=0)
    assert purged == service.Purged(batches=1, uploads=0, keys=0)
    # The thumbnail also of the photo that was not done: its worker may have written it.
    assert {key for key in folder.deleted if not key.startswith("originals/")} == {
        f"thumbnails/{photo}.webp" for photo in gone.photos
    }
    assert len([key for key in folder.deleted if key.startswith("originals/")]) == 2
    assert await rows_of(world, gone) == 0
    assert await rows_of(world, kept) == 1 + 1 + 1 + 4 + 1


async def test_the_purge_takes_unused_uploads_and_old_keys(world: World, person: Person) -> None:
    expired, fresh = await world.uploads(person, 1), await world.uploads(person, 1)
    async with world.pool.connection() as conn:
        await conn.execute("UPDATE uploads SET expires_at = now() WHERE id = ANY (%s)", [expired])
        await conn.execute(
            """INSERT INTO idempotency_keys VALUES (%s, 'old', 'x', %s, now() - interval '25 hours'),
                                                   (%s, 'new', 'x', %s, now())""",
            [person.user, UUID(int=1), person.user, UUID(int=2)],
        )
    folder = Folder()
    assert await service.purge_once(world.context, folder) == service.Purged(batches=0, uploads=1, keys=1)
    assert folder.deleted == [f"originals/{expired[0]}"]
    async with world.pool.connection() as conn:
        assert await (await conn.execute("SELECT id FROM uploads")).fetchall() == [(fresh[0],)]
