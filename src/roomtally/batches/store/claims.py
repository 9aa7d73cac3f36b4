"""A worker's calls (claim, renew, finish, fail, release) and the sweeper's expiry: each one round trip, good in autocommit."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID, uuid4

import msgspec
from psycopg.rows import class_row

from roomtally.batches.model import ATTEMPTS_SPENT, MAX_ATTEMPTS, FoundItem
from roomtally.batches.store import moves
from roomtally.batches.store.moves import OPEN, RUNNING, TAIL, Logged, delta
from roomtally.db.pool import Connection


def ended(outcome: LiteralString) -> LiteralString:
    """The CTE that closes the attempt; without EXISTS a late worker would write its outcome over the sweeper's."""
    return f""", ended AS (UPDATE photo_attempts SET ended_at = clock_timestamp(), outcome = '{outcome}'
     WHERE claim_id = %(claim)s AND EXISTS (SELECT FROM p))"""


class ClaimedRow(Logged, frozen=True, kw_only=True):
    """The event of a claim with what the worker needs to know; `trace` is that of the call that made the batch."""

    storage_key: str
    filename: str
    attempts: int
    trace: str | None


# The look at the batch is a scalar subselect, not EXISTS: a semi-join was planned as a scan of all batches.
CLAIM_PHOTO = f"""
WITH p AS (
    UPDATE photos p
       SET status = 'PROCESSING', claim_id = %(claim)s, not_before = NULL,
           claimed_until = clock_timestamp() + %(lease)s::float8 * interval '1 second'
     WHERE p.id = %(photo)s AND p.status = 'PENDING' AND (p.not_before IS NULL OR p.not_before <= clock_timestamp())
       AND (SELECT b.status = ANY ({OPEN}) AND NOT b.paused AND b.deleted_at IS NULL FROM batches b WHERE b.id = p.batch_id)
 RETURNING p.*)
, attempt AS (
    INSERT INTO photo_attempts (claim_id, photo_id, worker, trace_id) SELECT p.claim_id, p.id, %(worker)s, %(trace_id)s FROM p)
, {delta("FROM p", "'photo_claimed'", pending="-1", processing="1", states=OPEN, paused="false")}
{moves.WRITE}
SELECT {moves.LOGGED}, p.storage_key, p.filename, p.attempts,
       (SELECT e.trace FROM batch_events e WHERE e.batch_id = p.batch_id AND e.n = 1) AS trace
  FROM logged l, p ORDER BY l.n"""


async def claim_photo(
    conn: Connection,
    photo_id: UUID,
    claim_id: UUID,
    *,
    worker: str,
    lease_seconds: float,
    trace: str | None,
    trace_id: str | None,
) -> ClaimedRow | None:
    """None: not PENDING, not yet due, or its batch is closed. Raises moves.Refused when it closed meanwhile."""
    values = {
        "photo": photo_id,
        "claim": claim_id,
        "worker": worker,
        "lease": lease_seconds,
        "trace": trace,
        "trace_id": trace_id,
    }
    rows = await moves.run_move_as(conn, ClaimedRow, CLAIM_PHOTO, values)
    return rows[0] if rows else None


class Renewal(msgspec.Struct, frozen=True):
    deleted: bool


RENEW_CLAIM = """
UPDATE photos p SET claimed_until = clock_timestamp() + %(lease)s::float8 * interval '1 second'
 WHERE p.id = %(photo)s AND p.claim_id = %(claim)s
RETURNING (SELECT b.deleted_at IS NOT NULL FROM batches b WHERE b.id = p.batch_id) AS deleted"""


async def renew_claim(conn: Connection, photo_id: UUID, claim_id: UUID, lease_seconds: float) -> bool:
    """False: the claim was given up or the batch was deleted; stop the work."""
    async with conn.cursor(row_factory=class_row(Renewal)) as cursor:
        await cursor.execute(RENEW_CLAIM, {"photo": photo_id, "claim": claim_id, "lease": lease_seconds}, prepare=True)
        renewal = await cursor.fetchone()
    return renewal is not None and not renewal.deleted


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker found. Labels are unique; `width` and `height` are pixels of the upright photo."""

    room_type: str
    room_confidence: float
    items: Sequence[FoundItem]
    thumbnail_key: str | None = None
    width: int | None = None
    height: int | None = None


# Labels of which the person has spoken are left alone, also under their former name. The photo's items cannot change under
# our feet: only those of DONE and ERROR photos can be corrected.
FINISH_DONE = f"""
WITH spoken AS MATERIALIZED (
    SELECT i.label, i.analyzer_label, i.count, i.litres_each FROM items i WHERE i.photo_id = %(photo)s)
, fresh AS MATERIALIZED (
    SELECT f.* FROM json_to_recordset(%(items)s::json)
           AS f (id uuid, label text, count integer, litres integer, confidence real, boxes json, proposed boolean)
     WHERE NOT EXISTS (SELECT FROM spoken s WHERE f.label IN (s.label, s.analyzer_label)))
, p AS (
    UPDATE photos p
       SET status = 'DONE', claim_id = NULL, claimed_until = NULL,
           room_type = %(room)s, room_confidence = %(room_confidence)s::real,
           thumbnail_key = %(thumbnail)s, width = %(width)s, height = %(height)s,
           item_count = p.item_count + f.count, litres = p.litres + f.litres
      FROM (SELECT coalesce(sum(f.count), 0) AS count, coalesce(sum(f.count * f.litres), 0) AS litres FROM fresh f) f
     WHERE p.id = %(photo)s AND p.claim_id = %(claim)s
 RETURNING p.*, f.count AS more_items, f.litres AS more_litres)
, item AS (
    INSERT INTO items (id, photo_id, label, count, litres_each, confidence, boxes, proposed, source, analyzer_label)
    SELECT f.id, p.id, f.label, f.count, f.litres, f.confidence, f.boxes, f.proposed, 'analyzer', f.label FROM fresh f, p)
, change AS (                                        -- what the person added to the failed photo gets its room now
    SELECT c.room, c.label, sum(c.count) AS count, sum(c.litres) AS litres
      FROM (SELECT %(room)s::text AS room, f.label, f.count, f.count * f.litres AS litres FROM fresh f
             UNION ALL SELECT %(room)s, s.label, s.count, s.count * s.litres_each FROM spoken s
             UNION ALL SELECT 'other', s.label, -s.count, -s.count * s.litres_each FROM spoken s) c
     GROUP BY 1, 2 HAVING sum(c.count) <> 0 OR sum(c.litres) <> 0)
{ended("done")}
, {
    delta(
        "FROM p",
        "'photo_done'",
        processing="-1",
        done="1",
        items="p.more_items",
        litres="p.more_litres",
        states=RUNNING,
        notify="true",
        changes="(SELECT coalesce(json_agg(json_build_object('room', c.room, 'label', c.label, 'count', c.count,"
        " 'volume', c.litres / 1000::float8)), '[]') FROM change c)",
    )
}
{TAIL}"""


async def finish_photo(
    conn: Connection, photo_id: UUID, claim_id: UUID, result: Result, trace: str | None
) -> list[Logged]:
    """[photo_done] or, for the last photo, [photo_done, batch_finished]; no row: the claim is not ours any more.

    Raises moves.Refused when the batch was deleted.
    """
    values = {
        "photo": photo_id,
        "claim": claim_id,
        "room": result.room_type,
        "room_confidence": result.room_confidence,
        "thumbnail": result.thumbnail_key,
        "width": result.width,
        "height": result.height,
        "items": _items_json(result.items),
        "trace": trace,
    }
    return await moves.run_move(conn, FINISH_DONE, values)


def _items_json(items: Sequence[FoundItem]) -> str:
    rows = [msgspec.structs.asdict(item) | {"id": uuid4()} for item in items]
    return msgspec.json.encode(rows).decode()


FINISH_ERROR = f"""
WITH p AS (
    UPDATE photos p SET status = 'ERROR', claim_id = NULL, claimed_until = NULL, error = %(error)s
     WHERE p.id = %(photo)s AND p.claim_id = %(claim)s
 RETURNING p.*)
{ended("failed")}
, {delta("FROM p", "'photo_failed'", processing="-1", failed="1", states=RUNNING, notify="true")}
{TAIL}"""


async def fail_photo(conn: Connection, photo_id: UUID, claim_id: UUID, error: str, trace: str | None) -> list[Logged]:
    """The photo's own fault: ERROR at once, with a reason that a person understands. Rows and errors as of finish_photo."""
    values = {"photo": photo_id, "claim": claim_id, "error": error, "trace": trace}
    return await moves.run_move(conn, FINISH_ERROR, values)


RELEASE_PHOTO = f"""
WITH p AS (
    UPDATE photos p
       SET status = 'PENDING', claim_id = NULL, claimed_until = NULL, enqueued_at = NULL, releases = p.releases + 1,
           not_before = clock_timestamp()
             + least(%(longest)s::float8, %(first)s::float8 * 2 ^ least(p.releases, 20)) * interval '1 second'
     WHERE p.id = %(photo)s AND p.claim_id = %(claim)s
 RETURNING p.*)
{ended("released")}
, {delta("FROM p", "'photo_released'", pending="1", processing="-1", states=RUNNING)}
{TAIL}"""


async def release_photo(
    conn: Connection, photo_id: UUID, claim_id: UUID, *, first: float, longest: float, trace: str | None
) -> list[Logged]:
    """The infrastructure's fault: PENDING again, no attempt spent; the wait doubles from `first` to `longest` seconds."""
    values = {"photo": photo_id, "claim": claim_id, "first": first, "longest": longest, "trace": trace}
    return await moves.run_move(conn, RELEASE_PHOTO, values)


class Expired(msgspec.Struct, frozen=True):
    photo_id: UUID
    claim_id: UUID


async def list_expired(conn: Connection, limit: int) -> list[Expired]:
    """Claims whose time is over, found through open batches and their counters: no index changes with a claim."""
    async with conn.cursor(row_factory=class_row(Expired)) as cursor:
        await cursor.execute(
            """
            SELECT p.id AS photo_id, p.claim_id FROM batches b JOIN photos p ON p.batch_id = b.id
             WHERE b.finished_at IS NULL AND b.deleted_at IS NULL AND b.processing > 0
               AND p.status = 'PROCESSING' AND p.claimed_until < clock_timestamp()
             LIMIT %s""",
            [limit],
        )
        return await cursor.fetchall()


EXPIRE_CLAIM = f"""
WITH p AS (
    UPDATE photos p
       SET status = CASE WHEN p.attempts + 1 >= %(most)s THEN 'ERROR' ELSE 'PENDING' END, attempts = p.attempts + 1,
           claim_id = NULL, claimed_until = NULL, enqueued_at = NULL,
           error = CASE WHEN p.attempts + 1 >= %(most)s THEN %(spent)s END
     WHERE p.id = %(photo)s AND p.claim_id = %(claim)s AND p.claimed_until < clock_timestamp()
 RETURNING p.*)
{ended("expired")}
, {
    delta(
        "FROM p",
        "CASE p.status WHEN 'ERROR' THEN 'photo_failed' ELSE 'photo_expired' END",
        pending="(p.status = 'PENDING')::int",
        processing="-1",
        failed="(p.status = 'ERROR')::int",
        states=RUNNING,
        notify="true",
    )
}
{TAIL}"""


async def expire_claim(conn: Connection, photo_id: UUID, claim_id: UUID, trace: str | None) -> list[Logged]:
    """One attempt spent: PENDING, or ERROR after the third. No row: the claim was renewed or ended meanwhile."""
    values = {"photo": photo_id, "claim": claim_id, "most": MAX_ATTEMPTS, "spent": ATTEMPTS_SPENT, "trace": trace}
    return await moves.run_move(conn, EXPIRE_CLAIM, values)
