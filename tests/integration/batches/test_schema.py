"""What the schema itself forbids and allows: a batch that hangs or ends falsely cannot be stored, and the hot rows stay HOT."""

from dataclasses import replace
from typing import LiteralString

import pytest
from psycopg import errors as pg_errors
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from roomtally.batches import service
from roomtally.db.pool import create_pool
from tests.fixtures.batches import Person, World, result
from tests.fixtures.waiting import until

PHOTOS = 3  # of the batch that is bent, all PENDING


def bent(table: str, change: LiteralString) -> sql.Composed:
    return sql.SQL("UPDATE {} SET {} WHERE id = %s").format(sql.Identifier(table), sql.SQL(change))


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("pending = 0, done = 3", "batch_open_has_work"),
        ("pending = 2, processing = 1", "batch_queued_runs_nothing"),
        ("status = 'CANCELLING'", "batch_cancelling_runs_something"),
        (
            "status = 'CANCELLED', finished_at = now(), pending = 2, processing = 1",
            "batch_cancelled_runs_nothing",
        ),
        ("status = 'COMPLETED', finished_at = now(), pending = 1, done = 2", "batch_outcome_follows_counters"),
        ("status = 'FAILED', finished_at = now(), pending = 0, done = 1, failed = 2", "batch_outcome_follows_counters"),
        ("status = 'PARTIAL', finished_at = now(), pending = 0, done = 3", "batch_outcome_follows_counters"),
        (
            "status = 'PARTIAL', finished_at = now(), pending = 1, done = 1, failed = 1",
            "batch_outcome_follows_counters",
        ),
        ("status = 'COMPLETED', pending = 0, done = 3", "batch_finished_at_means_finished"),
        ("finished_at = now()", "batch_finished_at_means_finished"),
        (
            "paused = true, status = 'COMPLETED', finished_at = now(), pending = 0, done = 3",
            "batch_paused_only_while_open",
        ),
        ("pending = 2", "batch_counters_add_up"),
        ("pending = 4, done = -1", "batch_counters_not_negative"),
        ("total = 201, pending = 201", "batch_size_is_allowed"),
        ("run = 0", "batch_numbers_start_at_one"),
        ("status = 'DONE'", "batch_status_is_known"),
    ],
)
async def test_a_state_that_may_not_be_cannot_be_stored(
    shared_world: World, shared_person: Person, change: LiteralString, check: str
) -> None:
    batch = await shared_world.batch(shared_person, PHOTOS)
    async with shared_world.pool.connection() as conn:
        with pytest.raises(pg_errors.CheckViolation) as refusal:
            await conn.execute(bent("batches", change), [batch.id])
    assert refusal.value.diag.constraint_name == check


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("status = 'PROCESSING'", "photo_claim_means_processing"),
        ("claim_id = gen_random_uuid(), claimed_until = now()", "photo_claim_means_processing"),
        ("status = 'PROCESSING', claim_id = gen_random_uuid()", "photo_claim_means_processing"),
        ("status = 'ERROR'", "photo_error_means_reason"),
        ("error = 'x'", "photo_error_means_reason"),
        ("status = 'DONE'", "photo_done_means_room"),
        ("status = 'ERROR', error = 'x', not_before = now()", "photo_waits_only_while_pending"),
        ("attempts = 3", "photo_attempts_are_bounded"),
        ("attempts = 4, status = 'ERROR', error = 'x'", "photo_attempts_are_bounded"),
        ("litres = -1", "photo_sums_not_negative"),
    ],
)
async def test_a_photo_that_may_not_be_cannot_be_stored(
    shared_world: World, shared_person: Person, change: LiteralString, check: str
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    async with shared_world.pool.connection() as conn:
        with pytest.raises(pg_errors.CheckViolation) as refusal:
            await conn.execute(bent("photos", change), [batch.photos[0]])
    assert refusal.value.diag.constraint_name == check


async def test_a_run_ends_once(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    await batch.finish()
    async with shared_world.pool.connection() as conn:
        with pytest.raises(pg_errors.UniqueViolation) as refusal:
            await conn.execute(
                """INSERT INTO batch_events SELECT batch_id, n + 1, run, type, payload, trace, created_at
                     FROM batch_events WHERE batch_id = %s AND type = 'batch_finished'""",
                [batch.id],
            )
    assert refusal.value.diag.constraint_name == "event_one_finish_per_run"


async def test_nothing_locks_the_batch_row_before_its_turn(pool: AsyncConnectionPool) -> None:
    """No cascade from batches, and only photos refer to them: made with the batch, deleted before it."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """SELECT conrelid::regclass::text, confdeltype::text FROM pg_constraint
                WHERE contype = 'f' AND confrelid = 'batches'::regclass"""
        )
        assert await cursor.fetchall() == [("photos", "a")]


async def test_no_index_has_a_column_that_changes_with_events_or_claims(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """SELECT DISTINCT c.relname || '.' || a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])
                WHERE c.relname IN ('batches', 'photos')"""
        )
        indexed = {name for (name,) in await cursor.fetchall()}
    stable = {f"batches.{name}" for name in ("id", "user_id", "project_id", "created_at", "deleted_at")}
    assert indexed == stable | {"photos.id", "photos.batch_id", "photos.position"}


async def test_events_and_claims_are_hot(world: World, person: Person) -> None:
    """99 % of many are; of two batches nine in ten at least, since an end, which leaves the index of open batches, is not."""
    for _ in range(2):
        batch = await world.batch(person, 30)
        for position in range(30):
            claimed = await batch.claim(position)
            assert await service.renew_claim(world.context, claimed)
            assert await service.finish_photo(world.context, claimed, result())
    ratios = await until(lambda: hot_ratios(world, 2 * 30 * 2), what="the statistics do not come")
    assert ratios["batches"] > 0.9
    assert ratios["photos"] > 0.9


async def hot_ratios(world: World, least: int) -> dict[str, float]:
    async with world.pool.connection() as conn:
        await conn.execute("SELECT pg_stat_force_next_flush()")
        cursor = await conn.execute(
            """SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname IN ('batches', 'photos')"""
        )
        rows = await cursor.fetchall()
    if any(updates < least for _, updates, _ in rows):
        return {}
    return {name: hot / updates for name, updates, hot in rows}


async def test_the_statements_of_a_photo_are_prepared(world: World, person: Person, database: str) -> None:
    batch = await world.batch(person, 2)
    async with create_pool(database, size=1) as pool:
        context = replace(world.context, pool=pool)
        for photo in batch.photos:
            claimed = await service.claim_photo(context, photo, worker="test")
            assert claimed
            assert await service.renew_claim(context, claimed)
            assert await service.finish_photo(context, claimed, result())
        async with pool.connection() as conn:
            cursor = await conn.execute("SELECT statement FROM pg_prepared_statements")
            prepared = " ".join([statement for (statement,) in await cursor.fetchall()])
    for word in ("'photo_claimed'", "'photo_done'", "UPDATE photos p SET claimed_until"):
        assert word in prepared
