"""The person's word on the items of a photo: it wins over the analyzer for ever."""

from uuid import UUID

import msgspec
from psycopg import errors as pg_errors
from psycopg.rows import class_row

from roomtally import errors
from roomtally.batches.store import moves
from roomtally.batches.store.moves import ANY_STATE, LOGGED, WRITE, Logged, delta
from roomtally.db.pool import Connection


class CorrectedRow(Logged, frozen=True, kw_only=True):
    """`total_litres` is what the whole batch holds now."""

    item_id: UUID
    version: int
    total_litres: int


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """None leaves a field as it is; a count of 0 removes the item. `litres` is the volume of one."""

    label: str | None = None
    count: int | None = None
    litres: int | None = None


CORRECTION = f"""
, p AS (
    UPDATE photos p SET item_count = p.item_count + c.more_items, litres = p.litres + c.more_litres, confirmed = true
      FROM (SELECT sum(c.count)::int AS more_items, sum(c.litres)::int AS more_litres FROM change c) c
     WHERE p.id = %(photo)s AND EXISTS (SELECT FROM item)   -- every CTE that writes hangs on the one that is guarded
 RETURNING p.*, c.more_items, c.more_litres)
, {
    delta(
        "FROM p",
        "'item_corrected'",
        items="p.more_items",
        litres="p.more_litres",
        states=ANY_STATE,
        changes="(SELECT coalesce(json_agg(json_build_object('room', coalesce(p.room_type, 'other'), 'label', c.label,"
        " 'count', c.count, 'volume', c.litres / 1000::float8)), '[]')"
        " FROM (SELECT label, sum(count) AS count, sum(litres) AS litres FROM change"
        " GROUP BY label HAVING sum(count) <> 0 OR sum(litres) <> 0) c)",
    )
}
{WRITE}
SELECT {LOGGED}, item.id AS item_id, item.version, batch.total_litres FROM logged l, item, batch ORDER BY l.n"""

CORRECT_ITEM = f"""
WITH old AS (
    SELECT i.* FROM items i JOIN photos p ON p.id = i.photo_id AND p.status IN ('DONE', 'ERROR')
     WHERE i.id = %(item)s AND i.photo_id = %(photo)s AND i.version = %(version)s)     -- stable: the photo is locked
, item AS (
    UPDATE items i
       SET label = coalesce(%(label)s, i.label), count = coalesce(%(count)s, i.count),
           litres_each = coalesce(%(litres)s, i.litres_each), source = 'person', proposed = false, version = i.version + 1
      FROM old WHERE i.id = old.id
 RETURNING i.*)
, change AS (
    SELECT label, count, count * litres_each AS litres FROM item
     UNION ALL SELECT label, -count, -count * litres_each FROM old)
{CORRECTION}"""


async def correct_item(
    conn: Connection, photo_id: UUID, item_id: UUID, *, version: int, correction: Correction, trace: str | None
) -> list[CorrectedRow]:
    """After the photo was locked. No row: another version, or the photo is not ready.

    Raises Conflict where the photo has that label already, moves.Refused where the batch was deleted.
    """
    values = {
        "photo": photo_id,
        "item": item_id,
        "version": version,
        "label": correction.label,
        "count": correction.count,
        "litres": correction.litres,
        "trace": trace,
    }
    try:
        return await moves.run_move_as(conn, CorrectedRow, CORRECT_ITEM, values)
    except pg_errors.UniqueViolation as error:
        raise label_exists() from error


def label_exists() -> errors.Conflict:
    return errors.Conflict("label-exists", "This photo has an item of that label already; change its count instead.")


# A label that the person had removed comes back.
ADD_ITEM = f"""
WITH item AS (
    INSERT INTO items (id, photo_id, label, count, litres_each, source)
    SELECT %(item)s, p.id, %(label)s, %(count)s, %(litres)s, 'person' FROM photos p
     WHERE p.id = %(photo)s AND p.status IN ('DONE', 'ERROR')
        ON CONFLICT ON CONSTRAINT item_label_is_unique_on_photo DO UPDATE
       SET count = excluded.count, litres_each = excluded.litres_each, source = 'person', version = items.version + 1
     WHERE items.count = 0
 RETURNING *)
, change AS (SELECT label, count, count * litres_each AS litres FROM item)
{CORRECTION}"""


async def add_item(
    conn: Connection, photo_id: UUID, item_id: UUID, *, label: str, count: int, litres: int, trace: str | None
) -> list[CorrectedRow]:
    """After the photo was locked. No row: the label is there already, or the photo is not ready. Raises moves.Refused."""
    values = {"photo": photo_id, "item": item_id, "label": label, "count": count, "litres": litres, "trace": trace}
    return await moves.run_move_as(conn, CorrectedRow, ADD_ITEM, values)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of it before the correction. `litres` is the volume of one."""

    id: UUID
    photo_id: UUID
    batch_id: UUID
    version: int
    label: str
    count: int
    litres: int
    proposed: bool
    by_person: bool


async def find_item(conn: Connection, user_id: UUID, item_id: UUID) -> Item | None:
    """None: not there, deleted or somebody else's."""
    async with conn.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(
            """
            SELECT i.id, i.photo_id, p.batch_id, i.version, i.label, i.count, i.litres_each AS litres, i.proposed,
                   i.source = 'person' AS by_person
              FROM items i JOIN photos p ON p.id = i.photo_id JOIN batches b ON b.id = p.batch_id
             WHERE i.id = %s AND b.user_id = %s AND b.deleted_at IS NULL""",
            [item_id, user_id],
        )
        return await cursor.fetchone()


async def has_room(conn: Connection, photo_id: UUID, label: str, most: int) -> bool:
    """Whether `label` would be one of at most `most` on the photo, removed ones counted too. After the photo was locked."""
    cursor = await conn.execute(
        "SELECT count(*) < %s OR bool_or(label = %s) FROM items WHERE photo_id = %s", [most, label, photo_id]
    )
    row: tuple[bool] | None = await cursor.fetchone()
    return row is not None and row[0]
