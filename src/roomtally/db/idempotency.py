"""Idempotency keys: the same write sent twice makes one resource."""

from uuid import UUID

from roomtally import errors
from roomtally.db.pool import Connection

KEPT_HOURS = 24


async def claim(conn: Connection, user_id: UUID, key: str, fingerprint: bytes, resource_id: UUID) -> UUID:
    """Take `key` for `resource_id` inside the caller's transaction; a twin request waits here until it ends.

    Returns `resource_id` when the key is new (or older than 24 h), else the id that the first request took.
    Raises errors.Conflict when the key came with another request before.
    """
    cursor = await conn.execute(
        """
        INSERT INTO idempotency_keys AS k (user_id, key, fingerprint, resource_id)
        VALUES (%(user)s, %(key)s, %(fingerprint)s, %(resource)s)
            ON CONFLICT (user_id, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, created_at = excluded.created_at
         WHERE k.created_at < clock_timestamp() - %(kept)s * interval '1 hour'
        RETURNING 1""",
        {"user": user_id, "key": key, "fingerprint": fingerprint, "resource": resource_id, "kept": KEPT_HOURS},
    )
    if await cursor.fetchone():
        return resource_id
    return await _get_earlier(conn, user_id, key, fingerprint)


async def _get_earlier(conn: Connection, user_id: UUID, key: str, fingerprint: bytes) -> UUID:
    cursor = await conn.execute(
        "SELECT fingerprint, resource_id FROM idempotency_keys WHERE user_id = %s AND key = %s", [user_id, key]
    )
    row = await cursor.fetchone()
    if row is None or row[0] != fingerprint:
        raise errors.Conflict(
            "idempotency-key-reused", "This Idempotency-Key came with another request before; use a new key."
        )
    return row[1]


async def is_taken(conn: Connection, user_id: UUID, key: str) -> bool:
    """Whether a request came with `key` before: then this one will make nothing new, whatever it is."""
    cursor = await conn.execute(
        """
        SELECT 1 FROM idempotency_keys
         WHERE user_id = %s AND key = %s AND created_at >= clock_timestamp() - %s * interval '1 hour'""",
        [user_id, key, KEPT_HOURS],
    )
    return await cursor.fetchone() is not None


async def settle(conn: Connection, user_id: UUID, key: str, resource_id: UUID) -> None:
    """What a key that was claimed in this transaction stands for, where that is known only afterwards."""
    await conn.execute(
        "UPDATE idempotency_keys SET resource_id = %s WHERE user_id = %s AND key = %s", [resource_id, user_id, key]
    )


async def forget_old(conn: Connection) -> int:
    """Delete keys older than 24 h; returns how many."""
    cursor = await conn.execute(
        "DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - %s * interval '1 hour'", [KEPT_HOURS]
    )
    return cursor.rowcount
