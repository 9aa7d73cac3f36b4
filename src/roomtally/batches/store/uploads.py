"""Uploads: photos that wait to be bound to a batch."""

from uuid import UUID

import msgspec

from roomtally.db.pool import Connection

ROOM = 0x726F6F00  # with a user's number it names a lock; the locks of two numbers are none of those of one (sweep, migrate)


class NewUpload(msgspec.Struct, frozen=True):
    id: UUID
    storage_key: str
    filename: str
    content_type: str
    bytes: int


async def add_upload(conn: Connection, user_id: UUID, upload: NewUpload, hours: float) -> None:
    """`hours`: how long it may wait unbound."""
    await conn.execute(
        """
        INSERT INTO uploads (id, user_id, storage_key, filename, content_type, bytes, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + %s * interval '1 hour')""",
        [upload.id, user_id, upload.storage_key, upload.filename, upload.content_type, upload.bytes, hours],
    )


async def lock_room(conn: Connection, user_id: UUID) -> None:
    """Until the transaction ends nobody else adds an upload of this user: in READ COMMITTED each would see the sum without the
    others'. Ask for the sum in a statement of its own afterwards.

    No row is locked: the user's is the sweeper's too. Take it after an idempotency key, before any row of the lock order. Of two
    users in four thousand million the numbers are the same, and one waits for the other.
    """
    number = int.from_bytes(user_id.bytes[-4:], signed=True)
    await conn.execute("SELECT pg_advisory_xact_lock(%s::int4, %s::int4)", [ROOM, number])


async def get_used_bytes(conn: Connection, user_id: UUID) -> int:
    """What a user keeps in the store: an index-only sum, about 2,000 rows for a full quota of 5 MB photos."""
    cursor = await conn.execute("SELECT coalesce(sum(bytes), 0)::bigint FROM uploads WHERE user_id = %s", [user_id])
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def delete_unbound(conn: Connection, upload_ids: list[UUID]) -> set[UUID]:
    """Remove uploads that no batch took; returns those that a batch did take."""
    cursor = await conn.execute(
        """
        WITH gone AS (DELETE FROM uploads WHERE id = ANY (%(ids)s) AND batch_id IS NULL)
        SELECT id FROM uploads WHERE id = ANY (%(ids)s) AND batch_id IS NOT NULL""",
        {"ids": upload_ids},
    )
    return {row[0] for row in await cursor.fetchall()}


async def has_uploads(conn: Connection) -> bool:
    """Of anybody."""
    row = await (await conn.execute("SELECT EXISTS (SELECT FROM uploads)")).fetchone()
    return bool(row and row[0])
