"""One-time tickets for streams; the query that opens a stream uses them up (`batches.store.opening.open_streams`)."""

from roomtally.accounts.model import CredentialId
from roomtally.db.pool import Connection


async def add_ticket(conn: Connection, token_hash: bytes, credential_id: CredentialId, seconds: float) -> None:
    await conn.execute(
        """
        INSERT INTO stream_tickets (token_hash, credential_id, expires_at)
        VALUES (%s, %s, clock_timestamp() + %s * interval '1 second')""",
        [token_hash, credential_id, seconds],
    )


async def purge_tickets(conn: Connection, limit: int) -> int:
    cursor = await conn.execute(
        """
        DELETE FROM stream_tickets WHERE token_hash IN (
            SELECT token_hash FROM stream_tickets WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT %s
               FOR UPDATE SKIP LOCKED)""",
        [limit],
    )
    return cursor.rowcount
