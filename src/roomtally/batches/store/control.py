"""A person's calls. In one transaction: lock (photos first, the batch row last), decide by the table, apply."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import class_row, scalar_row

from roomtally import errors
from roomtally.batches.model import BatchStatus, PhotoStatus
from roomtally.batches.store import moves
from roomtally.batches.store.moves import LOGGED, NO_LIST, OPEN, TAIL, Logged, delta, payload, photo_json
from roomtally.db.pool import Connection


class LockedBatch(msgspec.Struct, frozen=True):
    status: BatchStatus
    paused: bool
    failed: int


class LockedPhoto(msgspec.Struct, frozen=True):
    batch_id: UUID
    status: PhotoStatus


# NO KEY: foreign key checks need not wait.
LOCK_BATCH = """
SELECT status, paused, failed FROM batches
 WHERE id = %(batch)s AND user_id = %(user)s AND deleted_at IS NULL FOR NO KEY UPDATE"""

# Before LOCK_BATCH, always. By id: two retries of one batch meet in the same order. Whose batch it is, is only looked at: a
# stranger shall lock nothing, and the batch row is not locked before its turn.
LOCK_FAILED_PHOTOS = """
SELECT p.id FROM photos p JOIN batches b ON b.id = p.batch_id
 WHERE p.batch_id = %(batch)s AND p.status = 'ERROR' AND b.user_id = %(user)s AND b.deleted_at IS NULL
 ORDER BY p.id FOR NO KEY UPDATE OF p"""
LOCK_PHOTO = """
SELECT p.batch_id, p.status FROM photos p JOIN batches b ON b.id = p.batch_id
 WHERE p.id = %(photo)s AND b.user_id = %(user)s AND b.deleted_at IS NULL FOR NO KEY UPDATE OF p"""


async def lock_batch(conn: Connection, user_id: UUID, batch_id: UUID) -> LockedBatch | None:
    """None: not there, deleted or somebody else's."""
    async with conn.cursor(row_factory=class_row(LockedBatch)) as cursor:
        await cursor.execute(LOCK_BATCH, {"batch": batch_id, "user": user_id})
        row = await cursor.fetchone()
    return row and LockedBatch(BatchStatus(row.status), row.paused, row.failed)


async def lock_failed_photos(conn: Connection, user_id: UUID, batch_id: UUID) -> list[UUID]:
    """None of them where the batch is not there, deleted or somebody else's."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(LOCK_FAILED_PHOTOS, {"batch": batch_id, "user": user_id})
        return await cursor.fetchall()


async def lock_photo(conn: Connection, user_id: UUID, photo_id: UUID) -> LockedPhoto:
    """Raises NotFound where it is not there, deleted or somebody else's."""
    async with conn.cursor(row_factory=class_row(LockedPhoto)) as cursor:
        await cursor.execute(LOCK_PHOTO, {"photo": photo_id, "user": user_id})
        row = await cursor.fetchone()
    if row is None:
        raise errors.NotFound("photo-not-found", "There is no such photo.")
    return LockedPhoto(row.batch_id, PhotoStatus(row.status))


PAUSE = (
    "WITH "
    + delta("", "'batch_paused'", batch="%(batch)s::uuid", photos=NO_LIST, pause="true", states=OPEN, paused="false")
    + TAIL
)
RESUME = (
    "WITH "
    + delta("", "'batch_resumed'", batch="%(batch)s::uuid", photos=NO_LIST, pause="false", states=OPEN, paused="true")
    + TAIL
)
CANCEL = (
    "WITH "
    + delta("", "'batch_cancelling'", batch="%(batch)s::uuid", photos=NO_LIST, cancel="true", states=OPEN)
    + TAIL
)


async def pause_batch(conn: Connection, batch_id: UUID, trace: str | None) -> list[Logged]:
    """Raises moves.Refused unless the batch is open and not paused."""
    return await moves.run_move(conn, PAUSE, {"batch": batch_id, "trace": trace})


async def resume_batch(conn: Connection, batch_id: UUID, trace: str | None) -> list[Logged]:
    """Raises moves.Refused unless the batch is open and paused."""
    return await moves.run_move(conn, RESUME, {"batch": batch_id, "trace": trace})


async def cancel_batch(conn: Connection, batch_id: UUID, trace: str | None) -> list[Logged]:
    """[batch_cancelling], with batch_finished where nothing runs. Raises moves.Refused unless the batch is open."""
    return await moves.run_move(conn, CANCEL, {"batch": batch_id, "trace": trace})


RETRY_PHOTOS = f"""
WITH p AS (
    UPDATE photos p
       SET status = 'PENDING', error = NULL, attempts = 0, releases = 0, not_before = NULL, enqueued_at = NULL,
           confirmed = false                          -- nobody has looked at what will be found now
     WHERE p.id = ANY (%(photos)s) AND p.batch_id = %(batch)s AND p.status = 'ERROR'
 RETURNING p.*)
, {
    delta(
        "FROM (SELECT count(*)::int AS count FROM p) k WHERE k.count > 0",
        "'photos_retried'",
        batch="%(batch)s::uuid",
        pending="k.count",
        failed="-k.count",
        photos=f"(SELECT json_agg({photo_json('p')}) FROM p)",
        states="ARRAY['QUEUED', 'PROCESSING', 'PARTIAL', 'FAILED']",
    )
}
{TAIL}"""


async def retry_photos(conn: Connection, batch_id: UUID, photos: Sequence[UUID], trace: str | None) -> list[Logged]:
    """After the photos were locked. No row: none of them is ERROR. Raises moves.Refused where the batch was cancelled."""
    return await moves.run_move(conn, RETRY_PHOTOS, {"batch": batch_id, "photos": list(photos), "trace": trace})


# A tombstone; the batch keeps its state. It works in every state, so it does not use the tail.
DELETE_BATCH: LiteralString = f"""
WITH batch AS (
    UPDATE batches b
       SET deleted_at = clock_timestamp(), last_event = b.last_event + 1, updated_at = greatest(b.updated_at, clock_timestamp())
     WHERE b.id = %(batch)s AND b.user_id = %(user)s AND b.deleted_at IS NULL
 RETURNING b.*)
, l AS (
    INSERT INTO batch_events (batch_id, n, run, type, payload, trace, created_at)
    SELECT b.id, b.last_event, b.run, 'batch_deleted', {payload()}, %(trace)s::text, b.updated_at FROM batch b
 RETURNING batch_id, n, run, type, payload)
SELECT {LOGGED} FROM l"""


async def delete_batch(conn: Connection, user_id: UUID, batch_id: UUID, trace: str | None) -> list[Logged]:
    """No row: not there, deleted or somebody else's."""
    return await moves.run_move(conn, DELETE_BATCH, {"batch": batch_id, "user": user_id, "trace": trace})
