"""Making a batch out of uploads."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import errors as pg_errors
from psycopg.rows import class_row

from roomtally import errors
from roomtally.batches.store.moves import LOGGED, Logged, payload
from roomtally.db.pool import Connection

CREATE_BATCH = f"""
WITH free AS (
    SELECT u.* FROM uploads u
     WHERE u.id = ANY (%(uploads)s) AND u.user_id = %(user)s AND u.batch_id IS NULL AND u.expires_at > clock_timestamp()
     ORDER BY u.id FOR UPDATE)                       -- by id: two calls that share uploads must not deadlock
, bound AS (
    UPDATE uploads u SET batch_id = %(batch)s FROM free WHERE u.id = free.id RETURNING u.*)
, batch AS (
    INSERT INTO batches (id, user_id, project_id, total, pending)
    SELECT %(batch)s, %(user)s, p.id, k.total, k.total
      FROM projects p, (SELECT CASE WHEN count(*) = cardinality(%(uploads)s::uuid[]) THEN count(*) END AS total FROM bound) k
     WHERE p.id = %(project)s AND p.user_id = %(user)s AND p.deleted_at IS NULL
 RETURNING *)
, photo AS (
    INSERT INTO photos (id, batch_id, position, storage_key, filename, content_type, bytes, enqueued_at)
    SELECT w.photo, b.id, w.position, u.storage_key, u.filename, u.content_type, u.bytes,
           CASE WHEN %(hinted)s THEN clock_timestamp() END      -- here and not after the commit: one version a photo fewer
      FROM batch b, unnest(%(uploads)s::uuid[], %(photos)s::uuid[]) WITH ORDINALITY w (upload, photo, position)
      JOIN bound u ON u.id = w.upload
 RETURNING 1)
, l AS (
    INSERT INTO batch_events (batch_id, n, run, type, payload, trace, created_at)
    SELECT b.id, b.last_event, b.run, 'batch_created', {payload()}, %(trace)s::text, b.updated_at FROM batch b
 RETURNING batch_id, n, run, type, payload)
SELECT {LOGGED} FROM l"""


async def create_batch(
    conn: Connection,
    *,
    batch_id: UUID,
    user_id: UUID,
    project_id: UUID,
    uploads: Sequence[UUID],
    photos: Sequence[UUID],
    hinted: bool,
    trace: str | None,
) -> list[Logged]:
    """Bind the uploads and write batch, photos (`photos`: their new ids, in the order of `uploads`) and first event.

    `hinted`: the caller tells the workers after the commit, so the sweeper need not at once.

    Call it in a transaction and roll back on an error: uploads are bound before the project is looked at.
    Raises NotFound for the project, Conflict where an upload is not there, not the user's, used or expired.
    """
    values = {
        "batch": batch_id,
        "user": user_id,
        "project": project_id,
        "uploads": list(uploads),
        "photos": list(photos),
        "hinted": hinted,
        "trace": trace,
    }
    try:
        async with conn.cursor(row_factory=class_row(Logged)) as cursor:
            await cursor.execute(CREATE_BATCH, values)
            rows = await cursor.fetchall()
    except pg_errors.NotNullViolation as error:
        if (error.diag.table_name, error.diag.column_name) != ("batches", "total"):
            raise
        raise errors.Conflict(
            "upload-not-usable", "One of the uploads is used already, expired or not yours; upload that photo again."
        ) from error
    if not rows:
        raise errors.NotFound("project-not-found", "There is no such project; create it or choose another.")
    return rows
