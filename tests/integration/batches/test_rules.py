"""One rule of the write side each: what would go wrong if it were left out."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import uuid4

import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import FoundItem
from roomtally.batches.service import restoring, sweeping
from roomtally.batches.store import claims
from roomtally.db.pool import transaction
from tests.fixtures.batches import Batch, Person, World, result
from tests.fixtures.waiting import until

CHAIR = FoundItem(label="chair", count=2, litres=150, confidence=0.7)


async def ask(world: World, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    async with world.pool.connection() as conn:
        return await (await conn.execute(query, values)).fetchall()


async def tell(world: World, statement: LiteralString, *values: object) -> None:
    async with world.pool.connection() as conn:
        await conn.execute(statement, values)


# --- attempts and claims


async def attempts(batch: Batch) -> list[tuple[str | None, datetime | None]]:
    query = "SELECT outcome, ended_at FROM photo_attempts WHERE photo_id = ANY (%s) ORDER BY started_at"
    return await ask(batch.world, query, batch.photos)


async def test_a_late_worker_does_not_write_over_the_end_of_its_attempt(
    shared_world: World, shared_person: Person
) -> None:
    context, batch = shared_world.context, await shared_world.batch(shared_person, 1)
    late = await batch.claim()
    await service.give_up_claim(context, late)
    await until(lambda: swept(shared_world, late))
    before = await attempts(batch)
    assert [outcome for outcome, _ in before] == ["expired"]
    assert not await service.finish_photo(context, late, result())
    assert not await service.fail_photo(context, late, "late")
    assert not await service.release_photo(context, late)
    assert await attempts(batch) == before


async def swept(world: World, claimed: service.Claimed) -> bool:
    await service.sweep_once(world.context)
    return not await ask(world, "SELECT FROM photos WHERE claim_id = %s", claimed.claim_id)


async def test_an_expiry_that_comes_late_does_not_write_over_a_result(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    claimed = await batch.claim()
    assert await service.finish_photo(shared_world.context, claimed, result())
    before = await attempts(batch)
    async with shared_world.pool.connection() as conn:
        assert await claims.expire_claim(conn, claimed.photo_id, claimed.claim_id, None) == []
    assert await attempts(batch) == before
    assert [outcome for outcome, _ in before] == ["done"]


async def test_a_claim_that_was_renewed_after_the_sweeper_looked_is_left_alone(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    claimed = await batch.claim()
    async with shared_world.pool.connection() as conn:
        assert await claims.expire_claim(conn, claimed.photo_id, claimed.claim_id, None) == []
    assert [kind for _, kind in await batch.log()] == ["batch_created", "photo_claimed"]
    assert await service.finish_photo(shared_world.context, claimed, result())


# --- time


async def test_no_event_is_older_than_the_one_before_though_the_clock_steps_back(
    shared_world: World, shared_person: Person
) -> None:
    context, user = shared_world.context, shared_person.user
    batch = await shared_world.batch(shared_person, 2)
    [(ahead,)] = await ask(
        shared_world,
        "UPDATE batches SET updated_at = clock_timestamp() + interval '1 hour' WHERE id = %s RETURNING updated_at",
        batch.id,
    )
    await batch.fail(0)
    await service.pause(context, user, batch.id)
    await service.resume(context, user, batch.id)
    await batch.finish(1, [CHAIR])
    await service.retry_failed(context, user, batch.id)
    assert await service.release_photo(context, await batch.claim(0))
    await service.add_item(context, user, batch.photos[1], label="bed", count=1, litres=900)
    await service.cancel(context, user, batch.id)
    await service.delete(context, user, batch.id)
    rows = await ask(
        shared_world,
        "SELECT type, created_at, payload ->> 'updatedAt' FROM batch_events WHERE batch_id = %s AND n > 1 ORDER BY n",
        batch.id,
    )
    assert [kind for kind, at, _ in rows if at != ahead] == []
    assert [kind for kind, _, said in rows if datetime.fromisoformat(said) != ahead] == []
    assert len(rows) == 14
    [(finished,)] = await ask(shared_world, "SELECT finished_at FROM batches WHERE id = %s", batch.id)
    assert finished == ahead


async def test_an_event_has_the_time_at_which_it_was_written_not_that_of_its_transaction(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    async with transaction(shared_world.pool) as conn:
        [(began,)] = await (await conn.execute("SELECT now()")).fetchall()
        await until(lambda: passed(shared_world, began))
        claimed = await claims.claim_photo(
            conn, batch.photos[0], uuid4(), worker="t", lease_seconds=60, trace=None, trace_id=None
        )
        assert claimed
    [(at,)] = await ask(shared_world, "SELECT updated_at FROM batches WHERE id = %s", batch.id)
    assert at - began > timedelta(milliseconds=2)


async def passed(world: World, began: datetime) -> bool:
    [(now,)] = await ask(world, "SELECT clock_timestamp()")
    return now - began > timedelta(milliseconds=2)


# --- retries


async def test_a_retry_forgets_what_was_spent_before(shared_world: World, shared_person: Person) -> None:
    context = replace(shared_world.context, release_first_seconds=0.0)
    batch = await shared_world.batch(shared_person, 1)
    assert await service.release_photo(context, await batch.claim())
    for _ in range(2):
        gone = await batch.claim()
        await service.give_up_claim(context, gone)
        await until(lambda gone=gone: swept(shared_world, gone))
    await batch.fail()
    query: LiteralString = "SELECT attempts, releases, not_before IS NULL, error FROM photos WHERE id = %s"
    assert await ask(shared_world, query, batch.photos[0]) == [(2, 1, True, "not a photo")]
    await service.retry_failed(context, shared_person.user, batch.id)
    assert await ask(shared_world, query, batch.photos[0]) == [(0, 0, True, None)]
    for _ in range(2):  # two deaths again, and it still has a third attempt
        gone = await batch.claim()
        await service.give_up_claim(context, gone)
        await until(lambda gone=gone: swept(shared_world, gone))
    assert (await batch.snapshot()).counts.queued == 1


async def stamps(batch: Batch) -> list[tuple[bool, bool, bool]]:
    """Of each waiting photo: whether it was hinted, after the batch's last event, by another transaction."""
    return await ask(
        batch.world,
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


# --- whose turn it is


async def wait_unhinted(world: World, photos: int) -> list[Batch]:
    """A batch each for three people, by the ids of the people, and nobody told of them."""
    batches = [await world.batch(await world.person(), photos) for _ in range(3)]
    await tell(world, "UPDATE photos SET enqueued_at = NULL")
    return sorted(batches, key=lambda batch: batch.person.user)


async def owners(world: World, batches: list[Batch], room: int) -> list[int]:
    """Whose photos are found, by their places in `batches`."""
    found = await sweeping.find_waiting(world.context, room)
    return [next(i for i, batch in enumerate(batches) if photo in batch.photos) for photo in found]


async def test_who_was_served_longest_ago_comes_first(world: World) -> None:
    batches = await wait_unhinted(world, 3)
    for hours, batch in enumerate(batches):  # the smallest id last
        await tell(
            world,
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
    await tell(world, "UPDATE photos SET not_before = clock_timestamp()")
    assert await service.sweep_once(world.context) == service.Swept(expired=0, hinted=1)


async def test_the_pause_of_a_released_photo_doubles_to_a_bound(shared_world: World, shared_person: Person) -> None:
    batch, pauses = await shared_world.batch(shared_person, 1), list[float]()
    for _ in range(8):
        assert await service.release_photo(shared_world.context, await batch.claim())
        [(pause,)] = await ask(
            shared_world,
            """UPDATE photos SET not_before = NULL FROM photos old WHERE photos.id = %s AND old.id = photos.id
               RETURNING extract(epoch FROM old.not_before - clock_timestamp())::float8""",
            batch.photos[0],
        )
        pauses.append(pause)
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 60, 60, 60], abs=0.5)
    await tell(shared_world, "UPDATE photos SET releases = 1000000 WHERE id = %s", batch.photos[0])
    assert await service.release_photo(shared_world.context, await batch.claim())  # for days: nothing overflows


# --- the cache


async def test_a_snapshot_of_another_life_of_the_database_is_not_shown(world: World, person: Person) -> None:
    """After a restore the same number may stand for another state."""
    batch = await world.batch(person, 1)
    assert (await batch.snapshot()).photos[0].filename == "room.jpg"
    await tell(world, "UPDATE photos SET filename = 'restored.jpg'")
    epoch = await restoring.change_epoch(world.pool)
    snapshot = await batch.snapshot()
    assert (snapshot.photos[0].filename, snapshot.event_id) == ("restored.jpg", f"{epoch}-1")


# --- what an event says, and when a pass ends


async def test_the_last_photo_and_the_end_are_two_events_of_one_transaction_with_the_final_status(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    await batch.finish()
    query: LiteralString = """SELECT type, payload ->> 'status', count(*) OVER (PARTITION BY xmin::text)
                                FROM batch_events WHERE batch_id = %s AND n > 2 ORDER BY n"""
    assert await ask(shared_world, query, batch.id) == [
        ("photo_done", "COMPLETED", 2),
        ("batch_finished", "COMPLETED", 2),
    ]


async def test_progress_is_rounded_down(shared_world: World, shared_person: Person) -> None:
    batch, progress = await shared_world.batch(shared_person, 3), list[int]()
    for position in range(3):
        await (batch.fail if position == 1 else batch.finish)(position)
        progress.append((await batch.snapshot()).progress)
    assert progress == [33, 66, 100]


async def test_a_claim_that_ran_out_is_expired_while_paused_too(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    gone = await batch.claim()
    await service.pause(shared_world.context, shared_person.user, batch.id)
    await service.give_up_claim(shared_world.context, gone)
    await until(lambda: swept(shared_world, gone))
    snapshot = await batch.snapshot()
    assert (snapshot.status, snapshot.paused, snapshot.counts.queued) == ("PROCESSING", True, 1)
    assert (await batch.log())[-1] == (4, "photo_expired")


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


async def test_an_attempt_has_the_trace_of_its_work(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    async with shared_world.pool.connection() as conn:
        claimed = await claims.claim_photo(
            conn, batch.photos[0], uuid4(), worker="w", lease_seconds=60, trace="00-ab-cd-01", trace_id="ab"
        )
    assert claimed
    query: LiteralString = (
        "SELECT worker, trace_id, started_at <= clock_timestamp(), ended_at FROM photo_attempts WHERE photo_id = %s"
    )
    assert await ask(shared_world, query, batch.photos[0]) == [("w", "ab", True, None)]
