"""What grows old: deleted batches, unused uploads, events."""

from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import class_row, scalar_row

from roomtally.db.pool import Connection


async def list_purgeable(conn: Connection, older_than_seconds: float, limit: int) -> list[UUID]:
    """Batches deleted so long ago that no worker holds a claim on one of their photos."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """
            SELECT id FROM batches WHERE deleted_at < clock_timestamp() - %s::float8 * interval '1 second'
             ORDER BY deleted_at LIMIT %s""",
            [older_than_seconds, limit],
        )
        return await cursor.fetchall()


async def list_files(conn: Connection, batch_id: UUID) -> list[tuple[UUID, str]]:
    """The photos of a batch with the storage keys of their originals."""
    async with conn.cursor() as cursor:
        await cursor.execute("SELECT id, storage_key FROM photos WHERE batch_id = %s", [batch_id])
        return await cursor.fetchall()


PURGE = (
    # by id, before the batch row; never DELETE ... CASCADE from the batch
    "SELECT id FROM photos WHERE batch_id = %s ORDER BY id FOR UPDATE",
    "DELETE FROM photos WHERE batch_id = %s",  # with their items and attempts
    "DELETE FROM uploads WHERE batch_id = %s",
    "DELETE FROM batch_events WHERE batch_id = %s",
    "DELETE FROM outbox WHERE kind = 'batch_finished' AND batch_id = %s",  # its only kind; with it the index is of use
    "DELETE FROM batches WHERE id = %s AND deleted_at IS NOT NULL",
)


async def purge_batch(conn: Connection, batch_id: UUID) -> None:
    """All rows of a deleted batch, in lock order; in one transaction of the caller."""
    for statement in PURGE:
        await conn.execute(statement, [batch_id])


class OldUpload(msgspec.Struct, frozen=True):
    id: UUID
    storage_key: str


async def list_expired_uploads(conn: Connection, limit: int) -> list[OldUpload]:
    """Uploads that no batch took in time; from now on none can."""
    async with conn.cursor(row_factory=class_row(OldUpload)) as cursor:
        await cursor.execute(
            """
            SELECT id, storage_key FROM uploads WHERE batch_id IS NULL AND expires_at < clock_timestamp()
             ORDER BY expires_at LIMIT %s""",
            [limit],
        )
        return await cursor.fetchall()


async def list_unknown_uploads(conn: Connection, ids: list[UUID]) -> list[UUID]:
    """Those of `ids` that no row has. A photo's file is known by its upload, whose row goes together with the photo's."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """
            SELECT f.id FROM unnest(%s::uuid[]) AS f (id) WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.id = f.id)""",
            [ids],
        )
        return await cursor.fetchall()


async def delete_uploads(conn: Connection, ids: list[UUID]) -> int:
    return (await conn.execute("DELETE FROM uploads WHERE id = ANY (%s) AND batch_id IS NULL", [ids])).rowcount


class Pruned(msgspec.Struct, frozen=True):
    """One step over the log: `looked` rows looked at, `deleted` of them removed, `reached` the age of the last one."""

    looked: int
    deleted: int
    reached: datetime | None


async def prune_events(conn: Connection, hours: float, after: datetime | None, limit: int) -> Pruned:
    """Removes events older than `hours` of batches that are finished for as long, in the order of age, from `after` on.

    `limit` rows are looked at, and those of the same moment as the last: the next step goes on after it. Those of batches that stay
    open for days are passed over and would cost every step.
    """
    async with conn.cursor(row_factory=class_row(Pruned)) as cursor:
        await cursor.execute(
            """
            WITH old AS (
                SELECT batch_id, n, created_at FROM batch_events
                 WHERE created_at > coalesce(%(after)s::timestamptz, '-infinity')
                   AND created_at < clock_timestamp() - %(hours)s::float8 * interval '1 hour'
                 ORDER BY created_at FETCH FIRST (%(limit)s) ROWS WITH TIES)
            , over AS (
                SELECT e.batch_id, e.n FROM old
                  JOIN batches b ON b.id = old.batch_id
                   AND b.finished_at < clock_timestamp() - %(hours)s::float8 * interval '1 hour'
                  JOIN batch_events e ON e.batch_id = old.batch_id AND e.n = old.n
                   FOR UPDATE OF e SKIP LOCKED)
            , gone AS (
                DELETE FROM batch_events e USING over WHERE e.batch_id = over.batch_id AND e.n = over.n RETURNING 1)
            SELECT (SELECT count(*) FROM old)::int AS looked, (SELECT count(*) FROM gone)::int AS deleted,
                   (SELECT max(created_at) FROM old) AS reached""",
            {"hours": hours, "after": after, "limit": limit},
        )
        found = await cursor.fetchone()
    assert found is not None
    return found


async def change_epoch(conn: Connection) -> str:
    """After a restore: every public event id is from another life now."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            "UPDATE installation SET epoch = right(replace(gen_random_uuid()::text, '-', ''), 12) RETURNING epoch"
        )
        return str(await cursor.fetchone())
