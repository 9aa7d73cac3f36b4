"""What is counted, read only: the write side of items belongs to the batches."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import class_row

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.db.pool import Connection
from roomtally.inventory.model import Found, Line, Room


async def freeze(conn: Connection) -> None:
    """From here to the end of the transaction every read sees one moment."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


async def get_batch(conn: Connection, user_id: UserId, batch_id: UUID) -> UUID:
    """Raises errors.NotFound, for somebody else's too: existence is not told."""
    cursor = await conn.execute(
        "SELECT 1 FROM batches WHERE id = %s AND user_id = %s AND deleted_at IS NULL", [batch_id, user_id]
    )
    if await cursor.fetchone() is None:
        raise errors.NotFound("batch-not-found", "There is no such batch.")
    return batch_id


async def list_batches_of_project(conn: Connection, user_id: UserId, project_id: UUID) -> list[UUID]:
    """Raises errors.NotFound where the project is not there or not theirs; a project without batches gives none."""
    cursor = await conn.execute(
        """
        SELECT b.id FROM projects p LEFT JOIN batches b ON b.project_id = p.id AND b.deleted_at IS NULL
         WHERE p.id = %s AND p.user_id = %s AND p.deleted_at IS NULL""",
        [project_id, user_id],
    )
    rows: list[tuple[UUID | None]] = await cursor.fetchall()
    if not rows:
        raise errors.NotFound("project-not-found", "You have no such project; list yours at /api/projects.")
    return [batch_id for (batch_id,) in rows if batch_id is not None]


async def list_lines(conn: Connection, batch_ids: Sequence[UUID]) -> list[Line]:
    """Equal pieces of a room kind together, so that a move of 10,000 photos still gives a few hundred rows."""
    async with conn.cursor(row_factory=class_row(Line)) as cursor:
        await cursor.execute(
            """
            SELECT coalesce(p.room_type, 'other') AS room, i.label, i.litres_each, i.source = 'person' AS by_person,
                   i.proposed AND NOT p.confirmed AS proposed, sum(i.count)::int AS count
              FROM photos p JOIN items i ON i.photo_id = p.id AND i.count > 0
             WHERE p.batch_id = ANY(%s)
             GROUP BY 1, 2, 3, 4, 5""",
            [list(batch_ids)],
        )
        return await cursor.fetchall()


async def list_rooms(conn: Connection, batch_ids: Sequence[UUID]) -> list[Room]:
    """The room kinds of all photos that were analysed or that hold items."""
    async with conn.cursor(row_factory=class_row(Room)) as cursor:
        await cursor.execute(
            """
            SELECT coalesce(p.room_type, 'other') AS room, count(*)::int AS photos,
                   (count(*) FILTER (WHERE p.status = 'DONE' AND NOT p.confirmed))::int AS unconfirmed
              FROM photos p
             WHERE p.batch_id = ANY(%s) AND (p.room_type IS NOT NULL OR p.item_count > 0)
             GROUP BY 1""",
            [list(batch_ids)],
        )
        return await cursor.fetchall()


_FOUND = """
SELECT i.id, i.version, i.label, i.count, i.litres_each, i.confidence, coalesce(i.boxes, '[]') AS boxes,
       i.proposed AND NOT p.confirmed AS proposed, i.source = 'person' AS by_person
  FROM items i JOIN photos p ON p.id = i.photo_id"""


async def list_found(conn: Connection, photo_id: UUID) -> list[Found]:
    async with conn.cursor(row_factory=class_row(Found)) as cursor:
        await cursor.execute(
            _FOUND + " WHERE p.id = %s AND i.count > 0 ORDER BY proposed, i.count * i.litres_each DESC, i.label",
            [photo_id],
        )
        return await cursor.fetchall()


async def get_found(conn: Connection, user_id: UserId, item_id: UUID) -> Found:
    """Also one that was removed, with a count of 0. Raises errors.NotFound, for somebody else's too."""
    async with conn.cursor(row_factory=class_row(Found)) as cursor:
        await cursor.execute(
            _FOUND + " JOIN batches b ON b.id = p.batch_id AND b.deleted_at IS NULL WHERE i.id = %s AND b.user_id = %s",
            [item_id, user_id],
        )
        found = await cursor.fetchone()
    if found is None:
        raise errors.NotFound("item-not-found", "There is no such item.")
    return found


async def is_confirmed(conn: Connection, user_id: UserId, photo_id: UUID) -> bool:
    """Whether a person has looked at the photo's list. Raises errors.NotFound, for somebody else's too."""
    cursor = await conn.execute(
        """
        SELECT p.confirmed FROM photos p JOIN batches b ON b.id = p.batch_id AND b.deleted_at IS NULL
         WHERE p.id = %s AND b.user_id = %s""",
        [photo_id, user_id],
    )
    row: tuple[bool] | None = await cursor.fetchone()
    if row is None:
        raise errors.NotFound("photo-not-found", "There is no such photo.")
    return row[0]
