"""Numbered SQL files, applied in order, forward only."""

import hashlib
from importlib import resources
from typing import NamedTuple

import psycopg
from psycopg import sql

from roomtally import errors

OLDEST = 150000  # tested on 15 and 18; the schema and the statements use what 14 has not

LOCK = 0x726F6F6D  # any number that all processes agree on

REGISTRY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""


class Migration(NamedTuple):
    version: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def list_migrations() -> list[Migration]:
    """All files `NNNN_name.sql` of this version of the program, in order."""
    folder = resources.files("roomtally.db") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [Migration(int(name[:4]), name.removesuffix(".sql"), (folder / name).read_text("utf-8")) for name in files]


def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the names of what was applied now.

    Processes that start at the same time wait for one another. Each file is one transaction.
    Raises errors.Conflict when an applied file was changed afterwards, errors.Unsupported when the server is too old.
    """
    with psycopg.connect(url, autocommit=True) as conn:
        _require_new_enough(conn.info.server_version)
        conn.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        conn.execute(REGISTRY)
        return [migration.name for migration in list_migrations() if _apply(conn, migration)]


def _require_new_enough(version: int) -> None:
    """`version` as the server's number: 150004 is 15.4."""
    if version < OLDEST:
        raise errors.Unsupported(
            "postgres-too-old",
            f"Roomtally needs PostgreSQL {OLDEST // 10000} or newer; this server is {version // 10000}.{version % 10000}.",
        )


def _apply(conn: psycopg.Connection, migration: Migration) -> bool:
    row = conn.execute("SELECT sha256 FROM schema_migrations WHERE version = %s", [migration.version]).fetchone()
    if row is not None:
        _require_unchanged(migration, row[0])
        return False
    with conn.transaction():
        conn.execute(sql.SQL(migration.text))  # pyright: ignore[reportArgumentType] -- the text is our own file
        conn.execute(
            "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)",
            [migration.version, migration.name, migration.sha256],
        )
    return True


def _require_unchanged(migration: Migration, applied: str) -> None:
    if applied != migration.sha256:
        raise errors.Conflict(
            "migration-changed",
            f"Migration {migration.name} was changed after this database applied it; restore it and add a new one.",
        )
