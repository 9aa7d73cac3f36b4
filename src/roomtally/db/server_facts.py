"""What a person wants to know of the database server before the service uses it. On a connection of its own, without the pool."""

import time
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from roomtally import errors
from roomtally.db.pool import CONNECT_SECONDS

ANSWER_MILLISECONDS = 5000
CLOCKS = 5  # readings; the one that took least is the most exact

FACTS = """
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int AS number,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS read_only,
       current_setting('fsync')::bool AND current_setting('full_page_writes')::bool
           AND current_setting('synchronous_commit') <> 'off' AS durable,
       current_setting('max_connections')::int AS most_connections,
       greatest(0, least(
           (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - count(*)
              FROM pg_stat_activity WHERE backend_type = 'client backend'),
           (SELECT nullif(d.datconnlimit, -1) - (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)
              FROM pg_database d WHERE d.datname = current_database()),
           (SELECT nullif(r.rolconnlimit, -1) - (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid)
              FROM pg_roles r WHERE r.rolname = current_user)))::int AS free_connections,
       to_regclass('schema_migrations') IS NOT NULL AS has_schema"""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is 150004 for 15.4; `free_connections`: of the server, the database and the role, whichever has fewest."""

    version: str
    number: int
    read_only: bool
    durable: bool
    most_connections: int
    free_connections: int
    has_schema: bool


class Server(msgspec.Struct, frozen=True):
    """`ahead_seconds`: by how much its clock is ahead of ours. `applied`: the hash of each migration by its number."""

    facts: Facts
    answer_seconds: float
    ahead_seconds: float
    applied: dict[int, str]


def look(url: str) -> Server:
    """Raises errors.Unavailable, in the server's words, where it does not answer, errors.Invalid for a wrong URL."""
    try:
        with psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="roomtally doctor",
            options=f"-c statement_timeout={ANSWER_MILLISECONDS}",
        ) as conn:
            return _ask(conn)
    except psycopg.ProgrammingError as error:
        raise errors.Invalid("invalid-database-url", f"ROOMTALLY_DATABASE_URL cannot be used: {error}.") from error
    except psycopg.Error as error:
        raise errors.Unavailable("database-unavailable", " ".join(str(error).split())) from error


def _ask(conn: psycopg.Connection[Any]) -> Server:
    with conn.cursor(row_factory=class_row(Facts)) as cursor:
        facts = cursor.execute(FACTS).fetchone()
    assert facts is not None
    took, ahead = min(_read_clock(conn) for _ in range(CLOCKS))
    rows = conn.execute("SELECT version, sha256 FROM schema_migrations").fetchall() if facts.has_schema else []
    return Server(facts, took, ahead, dict(rows))


def _read_clock(conn: psycopg.Connection[Any]) -> tuple[float, float]:
    """Seconds that the answer took, and by which its clock is ahead of ours at the middle of that time."""
    began, before = time.time(), time.perf_counter()
    row = conn.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    took = time.perf_counter() - before
    assert row is not None
    return took, row[0] - (began + took / 2)
