"""The pool of PostgreSQL connections: autocommit, so that a lone statement is one round trip.

A server that is gone or frozen costs a caller the pool's `answer_seconds` and a half, and those who come after it a quarter of a
second, until it is heard of again.
"""

import asyncio
import inspect
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias, TypeVar

import psycopg
import structlog
from psycopg import conninfo
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus
from psycopg.rows import Row, TupleRow
from psycopg_pool import AsyncConnectionPool

from roomtally import errors
from roomtally.db.naming import asker
from roomtally.telemetry import metrics
from roomtally.telemetry.calls import measured

# For rooms above, which know no driver. A read-only server is a replica, after a failover that is not over.
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)
UNSTORABLE = (psycopg.DataError,)  # the value, not the statement, is at fault

PREPARE_AFTER = 2  # executions; planning anew each time costs 42 % of the claim-and-finish rate
ANSWER_SECONDS = 30.0  # far above the slowest statement (50 ms), so that a stuck lock cannot hold a worker for ever
WEB_ANSWER_SECONDS = 2.0  # people wait
SERVER_FIRST_SECONDS = 0.5  # a server that lives ends a statement itself, and the connection stays good
KNOWN_AWAY_SECONDS = 0.25  # for a connection while the server is away: a new one takes 10 ms where it is back
CANCEL_SECONDS = 0.5
CONNECT_SECONDS = 2  # the least that libpq takes
RECONNECT_SECONDS = 1.0  # then the pool gives up, and the next who asks tries anew: its own pauses double up to minutes

log = structlog.get_logger()
T = TypeVar("T")


class Connection(psycopg.AsyncConnection[TupleRow]):
    """One that is cut where the server says nothing for too long, frozen or gone; tells `hear` of each answer ("") and loss."""

    longest_wait = ANSWER_SECONDS
    hear: Callable[[str], None]

    @classmethod
    async def connect(  # pyright: ignore[reportIncompatibleMethodOverride] -- made by the pool alone, with these
        cls, conninfo: str = "", *, hear: Callable[[str], None], longest_wait: float, **options: Any
    ) -> Self:
        try:
            conn = await super().connect(conninfo, **options)
        except psycopg.Error as error:
            hear(str(error))
            raise
        conn.hear, conn.longest_wait = hear, longest_wait
        hear("")
        return conn

    async def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        timer = asyncio.get_running_loop().call_later(self.longest_wait, self._cut)
        try:
            return await super().wait(gen, *args, **options)
        finally:
            timer.cancel()
            self.hear("" if self.pgconn.status == ConnStatus.OK else "a connection was lost")

    async def cancel_safe(self, *, timeout: float = CANCEL_SECONDS) -> None:  # noqa: ASYNC109 - the driver's own
        """As the driver does when a task is cancelled, but not for 5 s."""
        await super().cancel_safe(timeout=min(timeout, CANCEL_SECONDS))

    def _cut(self) -> None:
        """The driver then reads that the server has closed the connection."""
        with socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)


class Cursor(psycopg.AsyncCursor[Row]):
    """One whose statements are counted, and are spans inside a request or task, by the function that asks."""

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        with measured(metrics.DATABASE_SECONDS, "postgresql", asker(inspect.currentframe())):
            return await super().execute(query, params, **options)


class _Pool(AsyncConnectionPool[Connection]):
    """Knows whether the server was there when last heard of."""

    def __init__(self, url: str, size: int, answer_seconds: float) -> None:
        self._away = False
        self._draining: asyncio.Task[None] | None = None
        metrics.owned(metrics.DATABASE_CONNECTED).set(1)
        super().__init__(
            url,
            connection_class=Connection,
            kwargs={
                "autocommit": True,
                "cursor_factory": Cursor,
                "prepare_threshold": PREPARE_AFTER,
                "hear": self._hear,
                "longest_wait": answer_seconds + SERVER_FIRST_SECONDS,
            },
            min_size=1,
            max_size=size,
            timeout=min(answer_seconds, 10.0),  # that a caller waits for a free connection
            reconnect_timeout=RECONNECT_SECONDS,
            open=False,
        )

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - the pool's own
        if self._away:
            timeout = KNOWN_AWAY_SECONDS
        return await super().getconn(timeout)

    def _hear(self, trouble: str) -> None:
        """Where one connection was lost, the idle ones are taken for lost too: each would cost somebody an answer."""
        if bool(trouble) is self._away or self.closed:
            return
        self._away = bool(trouble)
        metrics.owned(metrics.DATABASE_CONNECTED).set(not trouble)
        if not trouble:
            log.info("database_back")
        else:
            log.warning("database_lost", error=trouble)
            self._draining = asyncio.create_task(self.drain(), name="pool drain")


Pool: TypeAlias = AsyncConnectionPool[Connection]


def create_pool(
    url: str, size: int, name: str = "roomtally", answer_seconds: float = ANSWER_SECONDS, shown_as: str = "main"
) -> Pool:
    """A pool that is not opened yet: one connection at least, `size` at most, shown as `name` in pg_stat_activity and as
    `shown_as` in the metrics.

    `answer_seconds`: for one statement; a connection is waited for as long, at most 10 s. Raises errors.Invalid for a wrong URL.
    """
    # jit off: the statements are short, compiling them costs more than running them.
    options = f"-c jit=off -c statement_timeout={round(answer_seconds * 1000)}"
    whole = _whole(url, options=options, application_name=name, connect_timeout=CONNECT_SECONDS)
    pool = _Pool(whole, size, answer_seconds)
    _show(pool, shown_as)
    return pool


def _show(pool: Pool, name: str) -> None:
    """Its numbers, asked for when the metrics are: by another thread, which only reads them."""

    def stat(key: str) -> int:
        return pool.get_stats().get(key, 0)

    metrics.DATABASE_CONNECTIONS.labels(name, "idle").set_function(lambda: stat("pool_available"))
    metrics.DATABASE_CONNECTIONS.labels(name, "used").set_function(
        lambda: max(0, stat("pool_size") - stat("pool_available"))
    )
    metrics.DATABASE_WAITING.labels(name).set_function(lambda: stat("requests_waiting"))


def require(url: str) -> None:
    """For commands, which do not wait. Raises errors.Unavailable, in the server's words, where nothing answers at `url`."""
    try:
        psycopg.connect(_whole(url), connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        raise errors.Unavailable("database-unavailable", f"The database cannot be reached: {said}") from error


def _whole(url: str, **more: Any) -> str:
    try:
        return conninfo.make_conninfo(url, **more)
    except psycopg.ProgrammingError as error:
        raise errors.Invalid(
            "invalid-database-url", f"ROOMTALLY_DATABASE_URL cannot be used: {str(error).strip()}."
        ) from error


async def answers(pool: Pool, seconds: float | None = None) -> None:
    """Returns where the database answers; raises one of DATABASE_AWAY where not. `seconds`: for a free connection."""
    async with pool.connection(timeout=seconds) as conn:
        await conn.execute("SELECT 1")


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection inside a transaction: commits at the end of the block, rolls back on an exception."""
    async with pool.connection() as conn, conn.transaction():
        yield conn
