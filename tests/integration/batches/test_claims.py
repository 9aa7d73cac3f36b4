"""A claim and its attempt: one end each, however late others come with theirs."""

from datetime import datetime
from typing import LiteralString
from uuid import uuid4

from roomtally.batches import service
from roomtally.batches.store import claims
from tests.fixtures.batches import Batch, Person, World, result
from tests.fixtures.waiting import until


async def attempts(batch: Batch) -> list[tuple[str | None, datetime | None]]:
    query = "SELECT outcome, ended_at FROM photo_attempts WHERE photo_id = ANY (%s) ORDER BY started_at"
    return await batch.world.ask(query, batch.photos)


async def test_a_late_worker_does_not_write_over_the_end_of_its_attempt(
    shared_world: World, shared_person: Person
) -> None:
    context, batch = shared_world.context, await shared_world.batch(shared_person, 1)
    late = await batch.claim()
    await service.give_up_claim(context, late)
    await until(lambda: shared_world.swept(late))
    before = await attempts(batch)
    assert [outcome for outcome, _ in before] == ["expired"]
    assert not await service.finish_photo(context, late, result())
    assert not await service.fail_photo(context, late, "late")
    assert not await service.release_photo(context, late)
    assert await attempts(batch) == before


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


async def test_a_claim_that_ran_out_is_expired_while_paused_too(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    gone = await batch.claim()
    await service.pause(shared_world.context, shared_person.user, batch.id)
    await service.give_up_claim(shared_world.context, gone)
    await until(lambda: shared_world.swept(gone))
    snapshot = await batch.snapshot()
    assert (snapshot.status, snapshot.paused, snapshot.counts.queued) == ("PROCESSING", True, 1)
    assert (await batch.log())[-1] == (4, "photo_expired")


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
    assert await shared_world.ask(query, batch.photos[0]) == [("w", "ab", True, None)]
