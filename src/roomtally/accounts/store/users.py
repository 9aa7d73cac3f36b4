"""Users."""

from typing import NamedTuple
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from roomtally.accounts.model import Role, User, UserId
from roomtally.db.pool import Connection


class Secret(NamedTuple):
    user: User
    password_hash: str


class _Row(msgspec.Struct):
    id: UUID
    email: str
    role: str
    password_hash: str


async def add_user(conn: Connection, user: User, password_hash: str) -> bool:
    """False where the address is taken."""
    cursor = await conn.execute(
        """
        INSERT INTO users (id, email, password_hash, role) VALUES (%s, %s, %s, %s)
            ON CONFLICT (email) DO NOTHING""",
        [user.id, user.email, password_hash, user.role],
    )
    return cursor.rowcount == 1


async def find_secret(conn: Connection, email: str) -> Secret | None:
    async with conn.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, role, password_hash FROM users
             WHERE email = %s AND deleted_at IS NULL""",
            [email],
        )
        row = await cursor.fetchone()
    return Secret(User(UserId(row.id), row.email, Role(row.role)), row.password_hash) if row else None


async def set_password(conn: Connection, user_id: UserId, password_hash: str) -> None:
    await conn.execute("UPDATE users SET password_hash = %s WHERE id = %s", [password_hash, user_id])


async def find_user(conn: Connection, user_id: UserId) -> User | None:
    cursor = await conn.execute(
        "SELECT id, email, role FROM users WHERE id = %s AND deleted_at IS NULL",
        [user_id],
    )
    row = await cursor.fetchone()
    return User(UserId(row[0]), row[1], Role(row[2])) if row else None


async def list_emails(conn: Connection, user_ids: list[UUID]) -> dict[UUID, str]:
    cursor = await conn.execute("SELECT id, email FROM users WHERE id = ANY (%s)", [user_ids])
    return dict(await cursor.fetchall())
