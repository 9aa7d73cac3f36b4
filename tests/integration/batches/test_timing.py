"""How long runs took, and what waits in the whole installation."""

import math

import pytest

from roomtally.batches import service
from roomtally.batches.service import sweeping
from roomtally.batches.service.timing import DEADLINE_SECONDS, PHOTO_SECONDS
from roomtally.batches.store import timing
from roomtally.telemetry import metrics
from tests.fixtures.batches import Batch, Person, World

HOUR = 3600


async def rewind(batch: Batch, seconds: float) -> None:
    """As if all that happened to the batch had happened so much earlier."""
    async with batch.world.pool.connection() as conn:
        await conn.execute(
            "UPDATE batches SET created_at = created_at - %s * interval '1 second' WHERE id = %s", [seconds, batch.id]
        )
        await conn.execute(
            "UPDATE batch_events SET created_at = created_at - %s * interval '1 second' WHERE batch_id = %s",
            [seconds, batch.id],
        )


async def look(world: World) -> timing.Seen:
    async with world.pool.connection() as conn:
        return await timing.look(conn, DEADLINE_SECONDS, PHOTO_SECONDS)


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def judged() -> tuple[float, float]:
    """Runs that met their deadline, and runs that did not."""
    return value("roomtally_batch_deadlines_total", met="true"), value("roomtally_batch_deadlines_total", met="false")


async def test_nothing_waits_where_nothing_is(world: World) -> None:
    assert await look(world) == timing.Seen(batches={}, waiting_seconds=0, overdue_seconds=0)


async def test_batches_are_counted_by_state_and_the_longest_wait_is_told(world: World, person: Person) -> None:
    waiting, working, paused = [await world.batch(person, 2) for _ in range(3)]
    await working.claim()
    await service.pause(world.context, person.user, paused.id)
    await rewind(waiting, 40)
    await rewind(paused, HOUR)
    seen = await look(world)
    assert seen.batches == {"QUEUED": 1, "PROCESSING": 1, "PAUSED": 1}
    assert seen.waiting_seconds == pytest.approx(40, abs=5)
    assert seen.overdue_seconds == pytest.approx(40 - DEADLINE_SECONDS - 2 * PHOTO_SECONDS, abs=5)


async def test_a_photo_waits_since_its_batch_was_resumed_or_opened_again(world: World, person: Person) -> None:
    resumed, opened = await world.batch(person, 1), await world.batch(person, 1)
    await service.pause(world.context, person.user, resumed.id)
    await opened.fail()
    for batch in (resumed, opened):
        await rewind(batch, HOUR)
    await service.resume(world.context, person.user, resumed.id)
    await service.retry_failed(world.context, person.user, opened.id)
    seen = await look(world)
    assert seen.waiting_seconds < 5
    assert seen.overdue_seconds == 0, "one was held, the run of the other has just begun"


async def test_a_photo_waits_since_its_pause_after_a_release_and_not_while_it_is_in_work(
    world: World, person: Person
) -> None:
    released, working = await world.batch(person, 1), await world.batch(person, 1)
    await working.claim()
    for batch in (released, working):
        await rewind(batch, HOUR)
    async with world.pool.connection() as conn:
        statement = "UPDATE photos SET not_before = clock_timestamp() + %s * interval '1 second' WHERE batch_id = %s"
        await conn.execute(statement, [100, released.id])
        assert (await look(world)).waiting_seconds == 0, "it may not be looked at yet, the other is"
        await conn.execute(statement, [-100, released.id])
    assert (await look(world)).waiting_seconds == pytest.approx(100, abs=5)


async def test_a_new_batch_waits_too_and_the_latest_of_many_is_told(world: World, person: Person) -> None:
    new = await world.batch(person, 1)
    await rewind(new, DEADLINE_SECONDS - 10)
    assert (await look(world)).waiting_seconds == pytest.approx(DEADLINE_SECONDS - 10, abs=5)
    late, latest = await world.batch(person, 2), await world.batch(person, 50)
    await rewind(late, 100)
    await rewind(latest, 300)
    assert (await look(world)).overdue_seconds == pytest.approx(300 - DEADLINE_SECONDS - 50 * PHOTO_SECONDS, abs=5)


async def test_what_is_finished_or_deleted_does_not_wait(world: World, person: Person) -> None:
    finished, deleted = await world.batch(person, 1), await world.batch(person, 1)
    await finished.finish()
    await service.delete(world.context, person.user, deleted.id)
    for batch in (finished, deleted):
        await rewind(batch, HOUR)
    assert await look(world) == timing.Seen(batches={}, waiting_seconds=0, overdue_seconds=0)


async def test_a_run_is_timed_and_judged_once(world: World, person: Person) -> None:
    before, seconds = judged(), value("roomtally_batch_duration_seconds_sum", outcome="COMPLETED")
    batch = await world.batch(person, 2)
    await batch.finish(0)
    assert judged() == before
    await batch.finish(1)
    assert judged() == (before[0] + 1, before[1])
    assert 0 < value("roomtally_batch_duration_seconds_sum", outcome="COMPLETED") - seconds < 10


@pytest.mark.parametrize(("photos", "late"), [(1, 33), (3, 37)])
async def test_a_late_run_is_told_as_late(world: World, person: Person, photos: int, late: float) -> None:
    before = judged()
    for seconds in (late - 4, late):
        batch = await world.batch(person, photos)
        await rewind(batch, seconds)
        for position in range(photos):
            await batch.finish(position)
    assert judged() == (before[0] + 1, before[1] + 1)


async def test_the_second_run_has_a_time_of_its_own(world: World, person: Person) -> None:
    batch = await world.batch(person, 1)
    await batch.fail()
    await rewind(batch, HOUR)
    before = judged()
    await service.retry_failed(world.context, person.user, batch.id)
    await batch.finish()
    assert judged() == (before[0] + 1, before[1])


async def test_runs_that_were_held_or_stopped_are_not_judged(world: World, person: Person) -> None:
    held, stopped = await world.batch(person, 1), await world.batch(person, 1)
    before, cancelled = judged(), value("roomtally_batches_finished_total", outcome="CANCELLED")
    await service.pause(world.context, person.user, held.id)
    await service.resume(world.context, person.user, held.id)
    await held.finish()
    await service.cancel(world.context, person.user, stopped.id)
    assert judged() == before
    assert value("roomtally_batches_finished_total", outcome="CANCELLED") == cancelled + 1


async def test_the_sweeper_shows_what_it_saw_and_when(world: World, person: Person) -> None:
    await world.batch(person, 1)
    world.hints.workers = None
    await sweeping.look_around(world.context)
    assert value("roomtally_batches", state="QUEUED") == 1
    assert value("roomtally_batches", state="PAUSED") == 0
    assert value("roomtally_sweeper_looked_timestamp_seconds") == pytest.approx(world.context.clock(), abs=5)
    consumers = metrics.REGISTRY.get_sample_value("roomtally_queue_consumers")
    assert consumers is not None
    assert math.isnan(consumers), "unknown"
