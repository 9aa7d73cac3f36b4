"""Reading batches: the snapshot, the log, and what the hub's sweep asks."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Literal
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from roomtally import errors
from roomtally.batches.store.moves import COUNTS, FINISHED, PROGRESS, UTC, photo_json
from roomtally.db.pool import Connection

SLICE = 250  # values of an array between two looks at the rest of the event loop: 0.15 ms

# OFFSET 0 keeps the plan: photo by photo, by the unique index. A plain join took 4 ms for 200 photos once the tables had grown.
SUMMARY = """CASE WHEN b.done > 0 OR b.total_items > 0 THEN (
    WITH g AS MATERIALIZED (
        SELECT coalesce(p.room_type, 'other') AS room, i.label, sum(i.count) AS count, sum(i.count * i.litres_each) AS litres
          FROM photos p CROSS JOIN LATERAL (SELECT * FROM items i WHERE i.photo_id = p.id AND i.count > 0 OFFSET 0) i
         WHERE p.batch_id = b.id GROUP BY 1, 2)
    SELECT json_build_object('totalItems', b.total_items, 'totalVolume', b.total_litres / 1000::float8,
        'byRoom', (SELECT coalesce(json_agg(json_build_object(
                              'roomType', r.room, 'items', r.count, 'volume', r.litres / 1000::float8)
                           ORDER BY r.room COLLATE "C"), '[]')
                     FROM (SELECT room, sum(count) AS count, sum(litres) AS litres FROM g GROUP BY room) r),
        'byItem', (SELECT coalesce(json_agg(json_build_object(
                              'label', l.label, 'count', l.count, 'volume', l.litres / 1000::float8)
                           ORDER BY l.label COLLATE "C"), '[]')
                     FROM (SELECT label, sum(count) AS count, sum(litres) AS litres FROM g GROUP BY label) l))) END"""

SNAPSHOTS = f"""
SELECT b.id AS batch_id, b.last_event AS n, epoch, b.user_id, b.run, b.status IN {FINISHED} AS finished,
       json_build_object('batchId', b.id, 'projectId', b.project_id, 'status', b.status, 'paused', b.paused, 'run', b.run,
           'progress', {PROGRESS}, 'counts', {COUNTS},
           'photos', (SELECT json_agg({photo_json("p")} ORDER BY p.position) FROM photos p WHERE p.batch_id = b.id),
           'inventorySummary', {SUMMARY}, 'eventId', epoch || '-' || b.last_event,
           'createdAt', to_char(b.created_at AT TIME ZONE 'UTC', {UTC}),
           'updatedAt', to_char(b.updated_at AT TIME ZONE 'UTC', {UTC}))::text AS body
  FROM batches b, installation WHERE b.id = ANY (%(batches)s::uuid[]) AND b.deleted_at IS NULL"""


class SnapshotText(msgspec.Struct, frozen=True):
    """The whole progress as JSON text, of one moment: `body` holds the state after event `n`."""

    batch_id: UUID
    n: int
    epoch: str
    user_id: UUID
    run: int
    finished: bool
    body: str


async def list_snapshots(conn: Connection, batch_ids: Sequence[UUID]) -> list[SnapshotText]:
    """One statement, one MVCC snapshot, in any order. Without those that are not there or deleted."""
    async with conn.cursor(row_factory=class_row(SnapshotText)) as cursor:
        await cursor.execute(SNAPSHOTS, {"batches": uuid_array(batch_ids)}, prepare=True)
        return await cursor.fetchall()


class Head(msgspec.Struct, frozen=True):
    batch_id: UUID
    n: int
    epoch: str
    user_id: UUID
    finished: bool


async def list_heads(conn: Connection, batch_ids: Sequence[UUID]) -> list[Head]:
    """The last numbers and the owners, by primary key, in any order. Without those that are not there or deleted."""
    async with conn.cursor(row_factory=class_row(Head)) as cursor:
        await cursor.execute(
            """
            SELECT id AS batch_id, last_event AS n, epoch, user_id, finished_at IS NOT NULL AS finished
              FROM batches, installation WHERE id = ANY (%s::uuid[]) AND deleted_at IS NULL""",
            [uuid_array(batch_ids)],
            prepare=True,
        )
        return await cursor.fetchall()


async def find_head(conn: Connection, batch_id: UUID) -> Head | None:
    """None: not there or deleted."""
    return next(iter(await list_heads(conn, [batch_id])), None)


class BatchRow(msgspec.Struct, frozen=True):
    """A line in a list of batches; `n` and `epoch` make its event id, `progress` is 0 to 100."""

    id: UUID
    project_id: UUID
    status: str
    paused: bool
    run: int
    progress: int
    pending: int
    processing: int
    done: int
    failed: int
    total: int
    total_items: int
    total_litres: int
    n: int
    epoch: str
    created_at: datetime
    updated_at: datetime


async def list_batches(
    conn: Connection, user_id: UUID, project_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[BatchRow]:
    """Newest first, a page of `limit` after the batch whose (created_at, id) is `before`."""
    async with conn.cursor(row_factory=class_row(BatchRow)) as cursor:
        await cursor.execute(
            f"""
            SELECT b.id, b.project_id, b.status, b.paused, b.run, {PROGRESS} AS progress, b.pending, b.processing, b.done,
                   b.failed, b.total, b.total_items, b.total_litres, b.last_event AS n, epoch, b.created_at, b.updated_at
              FROM batches b, installation
             WHERE b.user_id = %(user)s AND b.deleted_at IS NULL
               AND (%(project)s::uuid IS NULL OR b.project_id = %(project)s)
               AND (%(at)s::timestamptz IS NULL OR (b.created_at, b.id) < (%(at)s, %(id)s::uuid))
             ORDER BY b.created_at DESC, b.id DESC LIMIT %(limit)s""",
            {
                "user": user_id,
                "project": project_id,
                "at": before[0] if before else None,
                "id": before[1] if before else None,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


class PhotoFile(msgspec.Struct, frozen=True):
    id: UUID
    storage_key: str
    thumbnail_key: str | None
    filename: str
    content_type: str
    bytes: int


async def get_photo_file(conn: Connection, user_id: UUID, photo_id: UUID) -> PhotoFile:
    """Where a photo's files lie. Raises NotFound where it is not there, deleted or somebody else's."""
    async with conn.cursor(row_factory=class_row(PhotoFile)) as cursor:
        await cursor.execute(
            """
            SELECT p.id, p.storage_key, p.thumbnail_key, p.filename, p.content_type, p.bytes
              FROM photos p JOIN batches b ON b.id = p.batch_id
             WHERE p.id = %s AND b.user_id = %s AND b.deleted_at IS NULL""",
            [photo_id, user_id],
        )
        row = await cursor.fetchone()
    if row is None:
        raise errors.NotFound("photo-not-found", "There is no such photo.")
    return row


# --- streams ------------------------------------------------------------------------------------------------------------


class LogRow(msgspec.Struct, frozen=True):
    """`committed_at`: unix seconds, where the server keeps commit timestamps."""

    batch_id: UUID
    n: int
    run: int
    type: str
    payload: str
    trace: str | None
    committed_at: float | None


READ_LOG = """
SELECT t.id AS batch_id, e.n, e.run, e.type, e.payload::text AS payload, e.trace,
       CASE WHEN current_setting('track_commit_timestamp') = 'on'     -- the function raises where it is off
            THEN extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8 END AS committed_at
  FROM unnest(%(topics)s::uuid[], %(after)s::bigint[]) t (id, after)
 CROSS JOIN LATERAL (
       SELECT xmin, n, run, type, payload, trace FROM batch_events e
        WHERE e.batch_id = t.id AND e.n > t.after ORDER BY e.n LIMIT %(limit)s) e
 ORDER BY t.id, e.n"""


async def read_log(conn: Connection, after: Mapping[UUID, int], limit: int) -> list[LogRow]:
    """Up to `limit` events of each batch after its number; a first n above number + 1: pruned, take a snapshot."""
    async with conn.cursor(row_factory=class_row(LogRow)) as cursor:
        await cursor.execute(
            READ_LOG, {"topics": list(after), "after": list(after.values()), "limit": limit}, prepare=True
        )
        return await cursor.fetchall()


class SweepRow(msgspec.Struct, frozen=True):
    """A difference. "changed": `n` is the topic's number now. "missing": the topic is gone. "ended": the credential is.

    And one row "epoch", which alone has one.
    """

    kind: Literal["epoch", "changed", "missing", "ended"]
    id: UUID
    n: int
    epoch: str


# Scalar subselects keep the plan at one index probe a credential.
SWEEP_TOPICS = """
SELECT 'epoch' AS kind, '00000000-0000-0000-0000-000000000000'::uuid AS id, 0::bigint AS n, epoch FROM installation
 UNION ALL
SELECT CASE WHEN b.id IS NULL THEN 'missing' ELSE 'changed' END, t.id, coalesce(b.last_event, 0), ''
  FROM unnest(%(topics)s::uuid[], %(known)s::bigint[]) t (id, known)
  LEFT JOIN batches b ON b.id = t.id AND b.deleted_at IS NULL
 WHERE b.last_event IS DISTINCT FROM t.known
 UNION ALL
SELECT 'ended', t.id, 0, '' FROM unnest(%(credentials)s::uuid[]) t (id)
 WHERE coalesce((SELECT true FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
                  WHERE s.id = t.id AND s.expires_at > clock_timestamp()),
                (SELECT true FROM api_tokens a JOIN users u ON u.id = a.user_id AND u.deleted_at IS NULL
                  WHERE a.id = t.id AND a.deleted_at IS NULL)) IS NULL"""


async def sweep_topics(conn: Connection, known: Mapping[UUID, int], credentials: Collection[UUID]) -> list[SweepRow]:
    """Only what differs from `known`, the credentials that ended, and always the epoch.

    Other tasks run while the question is written: for 5,000 topics of 5,000 viewers that takes 7 ms of CPU.
    """
    async with conn.cursor(row_factory=class_row(SweepRow)) as cursor:
        await cursor.execute(
            SWEEP_TOPICS,
            {
                "topics": await _sliced_array(topic.hex for topic in known),
                "known": await _sliced_array(map(str, known.values())),
                "credentials": await _sliced_array(credential.hex for credential in credentials),
            },
            prepare=True,
        )
        return await cursor.fetchall()


def uuid_array(values: Iterable[UUID]) -> str:
    return array(value.hex for value in values)


def bytea_array(values: Iterable[bytes]) -> str:
    return array(f'"\\\\x{value.hex()}"' for value in values)


def array(values: Iterable[str]) -> str:
    """An array as PostgreSQL reads it: for 5,000 ids a quarter of the time that the driver takes, for 25 a twentieth, and nothing
    else runs then."""
    return f"{{{','.join(values)}}}"


async def _sliced_array(values: Iterable[str]) -> str:
    """The same, with a look at the rest of the event loop after each slice."""
    rest, parts = iter(values), list[str]()
    while part := ",".join(islice(rest, SLICE)):
        parts.append(part)
        await asyncio.sleep(0)
    return f"{{{','.join(parts)}}}"
