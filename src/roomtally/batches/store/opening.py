"""What a stream asks when it opens: session, right of access, last number, state and epoch, in one query."""

from collections.abc import Sequence
from typing import LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from roomtally.accounts.model import CredentialKind
from roomtally.batches.store.reads import array, bytea_array, uuid_array
from roomtally.db.pool import Connection


class Ask(NamedTuple):
    """By whom, for which batches (at least one)."""

    token_hash: bytes
    batches: tuple[UUID, ...]


class Opened(msgspec.Struct, frozen=True):
    """One batch as the viewer may see it; `last_event` and `status` are None where it is not there or not theirs."""

    ask: int
    credential_id: UUID
    user_id: UUID
    epoch: str
    batch_id: UUID
    last_event: int | None
    status: str | None
    finished: bool | None


def _opening(credential: LiteralString) -> LiteralString:
    return f"""
SELECT w.ask, c.id AS credential_id, c.user_id, (SELECT epoch FROM installation) AS epoch, w.batch AS batch_id, b.last_event,
       b.status, b.finished_at IS NOT NULL AS finished
  FROM unnest(%(asks)s::int[], %(hashes)s::bytea[], %(batches)s::uuid[]) WITH ORDINALITY w (ask, hash, batch, position)
  JOIN {credential}
  JOIN users u ON u.id = c.user_id AND u.deleted_at IS NULL
  LEFT JOIN batches b ON b.id = w.batch AND b.user_id = c.user_id AND b.deleted_at IS NULL
 ORDER BY w.position"""


OPENING: dict[CredentialKind, LiteralString] = {
    CredentialKind.SESSION: _opening("sessions c ON c.token_hash = w.hash AND c.expires_at > clock_timestamp()"),
    CredentialKind.TOKEN: _opening("api_tokens c ON c.token_hash = w.hash AND c.deleted_at IS NULL"),
    CredentialKind.TICKET: """
WITH used AS (
    DELETE FROM stream_tickets WHERE token_hash = ANY (%(hashes)s::bytea[]) AND expires_at > clock_timestamp()
 RETURNING token_hash, credential_id)"""
    + _opening("""(
    SELECT used.token_hash, s.id, s.user_id FROM used JOIN sessions s ON s.id = used.credential_id
     WHERE s.expires_at > clock_timestamp()
     UNION ALL
    SELECT used.token_hash, a.id, a.user_id FROM used JOIN api_tokens a ON a.id = used.credential_id
     WHERE a.deleted_at IS NULL) c ON c.token_hash = w.hash"""),
}


async def open_streams(conn: Connection, kind: CredentialKind, asks: Sequence[Ask]) -> list[list[Opened]]:
    """For each ask a row for each of its batches, in order.

    No rows: the credential is not known, expired, revoked, or its user is deleted. A ticket is used up, so ask for it once.
    """
    flat = [(number, ask.token_hash, batch) for number, ask in enumerate(asks) for batch in ask.batches]
    numbers, hashes, batches = zip(*flat, strict=True)
    async with conn.cursor(row_factory=class_row(Opened)) as cursor:
        await cursor.execute(
            OPENING[kind],
            {"asks": array(map(str, numbers)), "hashes": bytea_array(hashes), "batches": uuid_array(batches)},
            prepare=True,
        )
        rows = await cursor.fetchall()
    found: list[list[Opened]] = [[] for _ in asks]
    for row in rows:
        found[row.ask].append(row)
    return found
