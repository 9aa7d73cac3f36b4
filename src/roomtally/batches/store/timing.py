"""What is asked only to be measured: what waits in the whole installation."""

from typing import Any

import msgspec
from psycopg.rows import class_row

from roomtally.db.pool import Connection


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """`batches` counts unfinished ones by state."""

    batches: dict[str, int]
    waiting_seconds: float
    overdue_seconds: float


# Batches that were paused in this run are not overdue: their owner held them. A photo waits since its batch was made, opened again
# or resumed, and after a release since its pause was over.
LOOK = """
WITH unfinished AS MATERIALIZED (
    SELECT b.id, b.run, b.total, b.created_at, CASE WHEN b.paused THEN 'PAUSED' ELSE b.status END AS state
      FROM batches b WHERE b.finished_at IS NULL AND b.deleted_at IS NULL)
, begun AS MATERIALIZED (
    SELECT u.id, u.total, min(e.created_at) AS at, bool_or(e.type = 'batch_paused') AS held,
           max(e.created_at) FILTER (WHERE e.type IN ('batch_resumed', 'photos_retried')) AS resumed_at
      FROM unfinished u JOIN batch_events e ON e.batch_id = u.id AND e.run = u.run
     WHERE u.created_at < clock_timestamp() - %(base)s::float8 * interval '1 second'
     GROUP BY u.id, u.total)
, waiting AS (
    SELECT greatest(p.not_before, g.at, g.resumed_at, u.created_at) AS since -- NULLs do not count
      FROM unfinished u JOIN photos p ON p.batch_id = u.id AND p.status = 'PENDING' LEFT JOIN begun g ON g.id = u.id
     WHERE u.state IN ('QUEUED', 'PROCESSING') AND (p.not_before IS NULL OR p.not_before <= clock_timestamp()))
SELECT (SELECT coalesce(json_object_agg(s.state, s.count), '{}') FROM (
               SELECT state, count(*) FROM unfinished GROUP BY state) s) AS batches,
       (SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(w.since)), 0))::float8
          FROM waiting w) AS waiting_seconds,
       (SELECT greatest(0, coalesce(max(
               extract(epoch FROM clock_timestamp() - g.at) - %(base)s::float8 - g.total * %(photo)s::float8), 0))::float8
          FROM begun g WHERE NOT g.held) AS overdue_seconds"""


async def look(conn: Connection, base_seconds: float, photo_seconds: float) -> Seen:
    """The whole installation; a deadline is `base_seconds` and `photo_seconds` for each photo."""
    values: dict[str, Any] = {"base": base_seconds, "photo": photo_seconds}
    async with conn.cursor(row_factory=class_row(Seen)) as cursor:
        await cursor.execute(LOOK, values)
        seen = await cursor.fetchone()
    assert seen is not None
    return seen
