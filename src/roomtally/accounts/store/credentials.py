"""Sessions and API tokens; only hashes of their secrets are kept."""

from uuid import UUID

from psycopg.rows import class_row

from roomtally.accounts.model import ApiToken, CredentialId, CredentialKind, Principal, Role, UserId
from roomtally.db.pool import Connection


async def add_session(
    conn: Connection, session_id: CredentialId, user_id: UserId, token_hash: bytes, days: float
) -> None:
    await conn.execute(
        """
        INSERT INTO sessions (id, user_id, token_hash, expires_at)
        VALUES (%s, %s, %s, clock_timestamp() + %s * interval '1 day')""",
        [session_id, user_id, token_hash, days],
    )


async def find_session(conn: Connection, token_hash: bytes) -> Principal | None:
    cursor = await conn.execute(
        """
        SELECT u.id, u.role, s.id
          FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.token_hash = %s AND s.expires_at > clock_timestamp() AND u.deleted_at IS NULL""",
        [token_hash],
    )
    row = await cursor.fetchone()
    return Principal(UserId(row[0]), Role(row[1]), CredentialId(row[2]), CredentialKind.SESSION) if row else None


async def delete_session(conn: Connection, session_id: CredentialId) -> None:
    await conn.execute("DELETE FROM sessions WHERE id = %s", [session_id])


async def purge_sessions(conn: Connection, limit: int) -> int:
    """Forgets up to `limit` sessions whose time is over."""
    cursor = await conn.execute(
        """
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT %s
               FOR UPDATE SKIP LOCKED)""",
        [limit],
    )
    return cursor.rowcount


async def add_token(conn: Connection, token_id: CredentialId, user_id: UserId, name: str, token_hash: bytes) -> None:
    await conn.execute(
        "INSERT INTO api_tokens (id, user_id, name, token_hash) VALUES (%s, %s, %s, %s)",
        [token_id, user_id, name, token_hash],
    )


async def renew_unused_token(conn: Connection, user_id: UserId, token_id: CredentialId, token_hash: bytes) -> bool:
    """Another secret instead of the first. False where the first was used, or the token is not there (any more)."""
    cursor = await conn.execute(
        """
        UPDATE api_tokens SET token_hash = %s
         WHERE id = %s AND user_id = %s AND deleted_at IS NULL AND last_used_at IS NULL""",
        [token_hash, token_id, user_id],
    )
    return cursor.rowcount == 1


async def find_token(conn: Connection, token_hash: bytes) -> Principal | None:
    """Also notes the use, once a minute at most: a script in a loop must not write a row a call."""
    cursor = await conn.execute(
        """
        WITH used AS (
            SELECT t.id, u.id AS user_id, u.role,
                   coalesce(t.last_used_at < clock_timestamp() - interval '1 minute', true) AS stale
              FROM api_tokens t JOIN users u ON u.id = t.user_id
             WHERE t.token_hash = %s AND t.deleted_at IS NULL AND u.deleted_at IS NULL
        ), noted AS (
            UPDATE api_tokens t SET last_used_at = clock_timestamp() FROM used WHERE t.id = used.id AND used.stale
        )
        SELECT user_id, role, id FROM used""",
        [token_hash],
    )
    row = await cursor.fetchone()
    return Principal(UserId(row[0]), Role(row[1]), CredentialId(row[2]), CredentialKind.TOKEN) if row else None


async def list_tokens(conn: Connection, user_id: UserId) -> list[ApiToken]:
    async with conn.cursor(row_factory=class_row(ApiToken)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, created_at, last_used_at FROM api_tokens
             WHERE user_id = %s AND deleted_at IS NULL ORDER BY created_at DESC, id""",
            [user_id],
        )
        return await cursor.fetchall()


async def delete_token(conn: Connection, user_id: UserId, token_id: UUID) -> bool:
    """False where this user has no such token."""
    cursor = await conn.execute(
        "UPDATE api_tokens SET deleted_at = clock_timestamp() WHERE id = %s AND user_id = %s AND deleted_at IS NULL",
        [token_id, user_id],
    )
    return cursor.rowcount == 1
