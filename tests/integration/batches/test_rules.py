"""What an event says, and when: one rule each, and what would go wrong if it were left out."""

from datetime import datetime, timedelta
from typing import LiteralString
from uuid import uuid4

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from roomtally.batches.service import restoring
from roomtally.batches.store import claims
from roomtally.db.pool import transaction
from tests.fixtures.batches import Person, World
from tests.fixtures.waiting import until

CHAIR = FoundItem(label="chair", count=2, litres=150, confidence=0.7)


async def test_no_event_is_older_than_the_one_before_though_the_clock_steps_back(
    shared_world: World, shared_person: Person
) -> None:
    context, user = shared_world.context, shared_person.user
    batch = await shared_world.batch(shared_person, 2)
    [(ahead,)] = await shared_world.ask(
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
    rows = await shared_world.ask(
        "SELECT type, created_at, payload ->> 'updatedAt' FROM batch_events WHERE batch_id = %s AND n > 1 ORDER BY n",
        batch.id,
    )
    assert [kind for kind, at, _ in rows if at != ahead] == []
    assert [kind for kind, _, said in rows if datetime.fromisoformat(said) != ahead] == []
    assert len(rows) == 14
    [(finished,)] = await shared_world.ask("SELECT finished_at FROM batches WHERE id = %s", batch.id)
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
    [(at,)] = await shared_world.ask("SELECT updated_at FROM batches WHERE id = %s", batch.id)
    assert at - began > timedelta(milliseconds=2)


async def passed(world: World, began: datetime) -> bool:
    [(now,)] = await world.ask("SELECT clock_timestamp()")
    return now - began > timedelta(milliseconds=2)


async def test_a_snapshot_of_another_life_of_the_database_is_not_shown(world: World, person: Person) -> None:
    """After a restore the same number may stand for another state."""
    batch = await world.batch(person, 1)
    assert (await batch.snapshot()).photos[0].filename == "room.jpg"
    await world.tell("UPDATE photos SET filename = 'restored.jpg'")
    epoch = await restoring.change_epoch(world.pool)
    snapshot = await batch.snapshot()
    assert (snapshot.photos[0].filename, snapshot.event_id) == ("restored.jpg", f"{epoch}-1")


async def test_the_last_photo_and_the_end_are_two_events_of_one_transaction_with_the_final_status(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    await batch.finish()
    query: LiteralString = """SELECT type, payload ->> 'status', count(*) OVER (PARTITION BY xmin::text)
                                FROM batch_events WHERE batch_id = %s AND n > 2 ORDER BY n"""
    assert await shared_world.ask(query, batch.id) == [
        ("photo_done", "COMPLETED", 2),
        ("batch_finished", "COMPLETED", 2),
    ]


async def test_progress_is_rounded_down(shared_world: World, shared_person: Person) -> None:
    batch, progress = await shared_world.batch(shared_person, 3), list[int]()
    for position in range(3):
        await (batch.fail if position == 1 else batch.finish)(position)
        progress.append((await batch.snapshot()).progress)
    assert progress == [33, 66, 100]
