"""The shared tail of every change of a batch.

A change is ONE statement: a first part moves photos (and items) and ends in a CTE `delta`, one row; the tail applies `delta` to
the batch row, writes the event(s) and the outbox row. So the finish rule, the numbers and the run stand in one place. It is atomic
in autocommit too: where the batch refuses (paused, cancelled, deleted), the event's number is NULL, and the NOT NULL on
batch_events.n rolls the photo back with it.

Locks: photos by id -> their items -> the batch row last. Only such statements may change photos, items and batches.
Every CTE that writes hangs on the guarded one: PostgreSQL runs it even if its sibling found no row.
"""

from collections.abc import Mapping
from typing import LiteralString, TypeVar
from uuid import UUID

import msgspec
from psycopg import errors as pg_errors
from psycopg.rows import class_row

from roomtally.db.pool import Connection

FINISHED = "('COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')"
OPEN = "ARRAY['QUEUED', 'PROCESSING']"
ALIVE = "ARRAY['QUEUED', 'PROCESSING', 'CANCELLING']"
RUNNING = "ARRAY['PROCESSING', 'CANCELLING']"
ANY_STATE = "ARRAY['QUEUED', 'PROCESSING', 'CANCELLING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED']"
UTC = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""  # not to_json(): that follows the session's time zone


class Refused(Exception):
    """The photo was there, but its batch is paused, cancelled or deleted; nothing was changed."""


class RunTime(msgspec.Struct, frozen=True):
    """A run that ends, from its first event on."""

    photos: int
    seconds: float
    worked: bool  # a photo was claimed in it
    paused: bool


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was written; `payload` is JSON text, `epoch` the life of the database that numbers it.

    `timing`: of a `batch_finished`, the JSON of a RunTime.
    """

    batch_id: UUID
    n: int
    run: int
    type: str
    payload: str
    epoch: str
    timing: str | None = None


LoggedRow = TypeVar("LoggedRow", bound=Logged)


def photo_json(p: LiteralString) -> LiteralString:
    return (
        f"json_build_object('id', {p}.id, 'filename', {p}.filename, 'status', {p}.status, 'roomType', {p}.room_type,"
        f" 'itemCount', {p}.item_count, 'volume', {p}.litres / 1000::float8, 'error', {p}.error)"
    )


COUNTS = (
    "json_build_object('queued', b.pending, 'processing', b.processing, 'completed', b.done, 'failed', b.failed,"
    " 'total', b.total)"
)
PROGRESS = "100 * (b.done + b.failed) / b.total"
NO_LIST = "'[]'::json"


def payload(photos: LiteralString = NO_LIST, changes: LiteralString = NO_LIST) -> LiteralString:
    return f"""json_build_object('batchId', b.id, 'run', b.run, 'status', b.status, 'paused', b.paused,
        'progress', {PROGRESS}, 'counts', {COUNTS}, 'totalItems', b.total_items, 'totalVolume', b.total_litres / 1000::float8,
        'photos', {photos}, 'changes', {changes}, 'updatedAt', to_char(b.updated_at AT TIME ZONE 'UTC', {UTC}))"""


def delta(
    source: LiteralString,
    type_: LiteralString,
    *,
    pending: LiteralString = "0",
    processing: LiteralString = "0",
    done: LiteralString = "0",
    failed: LiteralString = "0",
    items: LiteralString = "0",
    litres: LiteralString = "0",
    batch: LiteralString = "p.batch_id",
    photos: LiteralString | None = None,
    changes: LiteralString = NO_LIST,
    pause: LiteralString = "NULL::boolean",
    cancel: LiteralString = "false",
    states: LiteralString = ALIVE,
    paused: LiteralString = "NULL::boolean",
    notify: LiteralString = "false",
) -> LiteralString:
    """The CTE `delta`: by how much the counters change, what the event says, in which `states` the batch must be.

    `pause` sets the batch's flag, `paused` demands it; `photos` is by default the one photo of the CTE `p`.
    """
    return f"""delta AS (
    SELECT {batch} AS batch_id, {type_}::text AS type, {pending} AS pending, {processing} AS processing, {done} AS done,
           {failed} AS failed, {items} AS items, {litres} AS litres,
           {photos or f"json_build_array({photo_json('p')})"} AS photos, {changes} AS changes,
           {pause} AS pause, {cancel} AS cancel, {states} AS states, {paused} AS paused, {notify} AS notify
      {source})"""


BATCH_UPDATE = f"""
, batch AS (
    UPDATE batches b
       SET (pending, processing, done, failed, total_items, total_litres, status, paused, run, last_event, updated_at,
            finished_at) = (
           SELECT c.pending, c.processing, c.done, c.failed, b.total_items + d.items, b.total_litres + d.litres, s.status,
                  coalesce(d.pause, b.paused) AND s.status IN ('QUEUED', 'PROCESSING'),
                  b.run + (b.finished_at IS NOT NULL)::int,           -- whatever happens to a finished batch is a new run
                  b.last_event + 1 + (s.status IN {FINISHED})::int,   -- finishing is an event of its own
                  t.at, CASE WHEN s.status IN {FINISHED} THEN t.at END
             FROM (SELECT b.pending + d.pending AS pending, b.processing + d.processing AS processing,
                          b.done + d.done AS done, b.failed + d.failed AS failed) c
            CROSS JOIN LATERAL (SELECT CASE
                      WHEN b.status = 'CANCELLED' THEN 'CANCELLED'
                      WHEN b.status = 'CANCELLING' OR d.cancel
                           THEN CASE c.processing WHEN 0 THEN 'CANCELLED' ELSE 'CANCELLING' END
                      WHEN c.done = b.total THEN 'COMPLETED'
                      WHEN c.failed = b.total THEN 'FAILED'
                      WHEN c.done + c.failed = b.total THEN 'PARTIAL'
                      WHEN c.processing > 0 THEN 'PROCESSING'
                      WHEN b.finished_at IS NOT NULL THEN 'QUEUED'    -- opened again
                      ELSE b.status END AS status) s
            CROSS JOIN (SELECT greatest(b.updated_at, clock_timestamp()) AS at) t)
      FROM delta d
     WHERE b.id = d.batch_id AND b.deleted_at IS NULL AND b.status = ANY (d.states) AND b.paused = coalesce(d.paused, b.paused)
 RETURNING b.*)"""

EVENT_INSERT = f"""
, logged AS (
    INSERT INTO batch_events (batch_id, n, run, type, payload, trace, created_at)
    SELECT d.batch_id, b.last_event - (b.finished_at IS NOT NULL)::int, b.run, d.type, {payload("d.photos", "d.changes")},
           %(trace)s::text, b.updated_at
      FROM delta d LEFT JOIN batch b ON b.id = d.batch_id             -- LEFT: no batch, no number, no commit
     UNION ALL
    SELECT b.id, b.last_event, b.run, 'batch_finished', {payload()}, %(trace)s::text, b.updated_at
      FROM batch b WHERE b.finished_at IS NOT NULL
 RETURNING batch_id, n, run, type, payload)
, pushed AS (
    INSERT INTO outbox (kind, user_id, batch_id, run, payload)
    SELECT 'batch_finished', b.user_id, b.id, b.run, json_build_object('batchId', b.id, 'status', b.status)
      FROM batch b JOIN delta d ON d.batch_id = b.id
     WHERE d.notify AND b.status IN ('COMPLETED', 'PARTIAL', 'FAILED'))"""

# Of the events before this statement, which are all but the last of the run: measuring costs no round trip of its own.
TIMING = """CASE l.type WHEN 'batch_finished' THEN (
    SELECT json_build_object('photos', (l.payload -> 'counts' ->> 'total')::int,
                             'seconds', extract(epoch FROM clock_timestamp() - min(e.created_at)),
                             'worked', bool_or(e.type = 'photo_claimed'), 'paused', bool_or(e.type = 'batch_paused'))::text
      FROM batch_events e WHERE e.batch_id = l.batch_id AND e.run = l.run HAVING count(*) > 0) END"""
LOGGED = f"""l.batch_id, l.n, l.run, l.type, l.payload::text AS payload, (SELECT epoch FROM installation) AS epoch,
       {TIMING} AS timing"""
WRITE = BATCH_UPDATE + EVENT_INSERT
TAIL = f"{WRITE}\nSELECT {LOGGED} FROM logged l ORDER BY l.n"


async def run_move(conn: Connection, statement: LiteralString, values: Mapping[str, object]) -> list[Logged]:
    """Execute a change that ends in TAIL; no row: the photo or batch was not as it must be. Raises Refused."""
    return await run_move_as(conn, Logged, statement, values)


async def run_move_as(
    conn: Connection, row: type[LoggedRow], statement: LiteralString, values: Mapping[str, object]
) -> list[LoggedRow]:
    """The same where each event comes with more columns."""
    try:
        async with conn.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(statement, values, prepare=True)
            return await cursor.fetchall()
    except pg_errors.NotNullViolation as error:
        if (error.diag.table_name, error.diag.column_name) == ("batch_events", "n"):
            raise Refused from error
        raise
