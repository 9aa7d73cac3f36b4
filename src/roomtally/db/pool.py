"""The pool of PostgreSQL connections: autocommit, so that a lone statement is one round trip."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

import psycopg
from psycopg import conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

# For rooms above, which know no driver.
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)  # no server, no connection in time, or it was lost
UNSTORABLE = (psycopg.DataError,)  # the value, not the statement, is at fault

# jit off: the statements are short, compiling them costs more than running them.
# 30 s: far above the slowest statement (50 ms), so that a stuck lock cannot hold a request for ever.
OPTIONS = "-c jit=off -c statement_timeout=30s"
PREPARE_AFTER = 2  # executions; planning anew each time costs 42 % of the claim-and-finish rate


def create_pool(url: str, size: int, name: str = "roomtally") -> Pool:
    """A pool that is not opened yet: one connection at least, `size` at most, shown as `name` in pg_stat_activity."""
    return AsyncConnectionPool(
        conninfo.make_conninfo(url, options=OPTIONS, application_name=name),
        kwargs={"autocommit": True, "prepare_threshold": PREPARE_AFTER},
        min_size=1,
        max_size=size,
        timeout=10,  # seconds that a caller waits for a free connection
        open=False,
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection inside a transaction: commits at the end of the block, rolls back on an exception."""
    async with pool.connection() as conn, conn.transaction():
        yield conn
