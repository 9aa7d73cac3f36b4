"""What the sweeper asks for: its lock, and hints for photos that wait while nobody was told of them."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import scalar_row

from roomtally.db.pool import Connection

LOCK = 0x73776570  # any number that all sweepers agree on, and another than the migrations'


async def try_lock(conn: Connection) -> bool:
    """True: this transaction is the one sweeper of the moment, until it ends."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(await cursor.fetchone())


# Users in turn, least recently served first. Takes no lock that another holds.
TOP_UP_HINTS = """
WITH working AS (
    SELECT DISTINCT b.user_id FROM batches b
     WHERE b.finished_at IS NULL AND b.deleted_at IS NULL AND b.pending > 0 AND NOT b.paused AND b.status <> 'CANCELLING')
, turn AS (
    SELECT u.id, u.served_at FROM users u JOIN working w ON w.user_id = u.id
     ORDER BY u.served_at NULLS FIRST, u.id LIMIT %(room)s)
, waiting AS (
    SELECT c.id, t.served_at, t.id AS user_id, c.round
      FROM turn t CROSS JOIN LATERAL (
           SELECT p.id, row_number() OVER (ORDER BY b.created_at, b.id, p.position) AS round
             FROM batches b JOIN photos p ON p.batch_id = b.id
            WHERE b.user_id = t.id AND b.finished_at IS NULL AND b.deleted_at IS NULL AND b.pending > 0 AND NOT b.paused
              AND b.status <> 'CANCELLING' AND p.status = 'PENDING'
              AND (p.not_before IS NULL OR p.not_before <= clock_timestamp())
              AND (p.enqueued_at IS NULL OR p.enqueued_at < clock_timestamp() - %(stale)s::float8 * interval '1 second')
            ORDER BY b.created_at, b.id, p.position
            LIMIT 4 * ceil(%(room)s::numeric / (SELECT count(*) FROM turn))) c
     ORDER BY c.round, t.served_at NULLS FIRST, t.id LIMIT %(room)s)
, locked AS (
    SELECT p.id FROM photos p
     WHERE p.id IN (SELECT id FROM waiting) AND p.status = 'PENDING' ORDER BY p.id FOR NO KEY UPDATE SKIP LOCKED)
, served AS (UPDATE users u SET served_at = clock_timestamp() FROM turn WHERE u.id = turn.id)
, stamped AS (
    UPDATE photos p SET enqueued_at = clock_timestamp() FROM locked WHERE p.id = locked.id RETURNING p.id)
SELECT s.id FROM stamped s JOIN waiting w ON w.id = s.id ORDER BY w.round, w.served_at NULLS FIRST, w.user_id"""


async def top_up_hints(conn: Connection, room: int, stale_seconds: float) -> list[UUID]:
    """Stamp up to `room` waiting photos that were never hinted, or not within `stale_seconds`; in the order to hint them."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(TOP_UP_HINTS, {"room": room, "stale": stale_seconds})
        return await cursor.fetchall()


async def count_released(conn: Connection, least: int) -> int:
    """Photos that wait, or are tried once more, after `least` releases or more.

    Those of paused batches wait for their owner and do not count.
    """
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """
            SELECT count(*) FROM batches b JOIN photos p ON p.batch_id = b.id
             WHERE b.finished_at IS NULL AND b.deleted_at IS NULL AND NOT b.paused AND b.status <> 'CANCELLING'
               AND p.status IN ('PENDING', 'PROCESSING') AND p.releases >= %s""",
            [least],
        )
        return int(await cursor.fetchone() or 0)


HINTS_OF_BATCH = """
WITH w AS (
    SELECT id FROM photos
     WHERE batch_id = %(batch)s AND (%(photos)s::uuid[] IS NULL OR id = ANY (%(photos)s))
       AND status = 'PENDING' AND (not_before IS NULL OR not_before <= clock_timestamp())
     ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
, stamped AS (
    UPDATE photos p SET enqueued_at = clock_timestamp() FROM w WHERE p.id = w.id RETURNING p.id, p.position)
SELECT id FROM stamped ORDER BY position"""


async def stamp_hints(conn: Connection, batch_id: UUID, photos: Sequence[UUID] | None = None) -> list[UUID]:
    """Stamp the waiting ones of `photos`, by default all of the batch; returns them in order.

    After a commit, on its own: photos after the batch row would break the lock order.
    """
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(HINTS_OF_BATCH, {"batch": batch_id, "photos": None if photos is None else list(photos)})
        return await cursor.fetchall()
