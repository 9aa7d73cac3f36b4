"""The way to Valkey: everything there is only speed, so no call may take longer than 250 ms or fail its caller.

All calls of a process share one breaker. When Valkey leaves one of them unanswered, the others are not tried: they fail at once,
until a PING of the breaker's own is answered. So a frozen Valkey costs a process one wait, not one a call.
"""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from roomtally import errors
from roomtally.telemetry import metrics
from roomtally.telemetry.calls import measured

BUDGET_SECONDS = 0.25
SHORTEST_SECONDS = 0.01  # what is left of a budget and still worth a call: an answer takes 1 ms
PROBE_SECONDS = 0.05, 0.5  # between two probes: the first pause, and the longest it doubles to

log = structlog.get_logger()
T = TypeVar("T")


class _Allowance:
    """What the calls of one task may still wait together."""

    def __init__(self) -> None:
        self.task = asyncio.current_task()
        self.left = BUDGET_SECONDS


_ALLOWANCE: ContextVar[_Allowance | None] = ContextVar("valkey_allowance", default=None)


@contextmanager
def one_budget() -> Generator[None]:
    """All calls of this task in the block wait 250 ms together. Tasks that it starts wait on their own account."""
    token = _ALLOWANCE.set(_Allowance())
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


class Valkey(redis.Redis):
    """A client that connects on first use and never tries twice: one a process, by `open_valkey`. Call it through `guarded`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._probing: asyncio.Task[None] | None = None
        self._refused: set[str] = set()
        self._paused_until = 0.0
        self._pause = PROBE_SECONDS[0]
        metrics.owned(metrics.VALKEY_CONNECTED).set(1)

    @property
    def away(self) -> bool:
        """No call is tried now."""
        return self._probing is not None

    async def guarded(self, call: Awaitable[T], operation: str) -> T | None:
        """What `call` returns, or None where Valkey refuses it, is away or not quick enough (counted by `operation`)."""
        allowance = _allowance()
        seconds = allowance.left if allowance else BUDGET_SECONDS
        if self.away or seconds < SHORTEST_SECONDS:
            _forget(call)
            metrics.VALKEY_ERRORS.labels(operation).inc()
            return None
        started = time.monotonic()
        try:
            with measured(metrics.VALKEY_SECONDS, "redis", operation):
                async with asyncio.timeout(seconds):
                    result = await call
        except (RedisError, OSError, TimeoutError) as error:
            metrics.VALKEY_ERRORS.labels(operation).inc()
            self._failed(error, operation, whole=seconds == BUDGET_SECONDS)
            return None
        finally:
            if allowance:
                allowance.left -= time.monotonic() - started
        self._refused.discard(operation)
        return result

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._probing:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        await super().aclose(close_connection_pool)

    def _failed(self, error: Exception, operation: str, *, whole: bool) -> None:
        """A refusal is an answer, and running out of what earlier calls left of a budget says nothing of Valkey."""
        said = str(error) or type(error).__name__
        if isinstance(error, ResponseError):
            if operation not in self._refused:
                log.warning("valkey_refused", operation=operation, error=said)
            self._refused.add(operation)
        elif not self.away and (whole or not isinstance(error, TimeoutError)):
            log.warning("valkey_lost", operation=operation, error=said)
            metrics.owned(metrics.VALKEY_CONNECTED).set(0)
            self._probing = asyncio.create_task(self._probe(), name="valkey probe")

    async def _probe(self) -> None:
        """Until it answers. Where it went again soon after the last time, the pauses go on from there."""
        if time.monotonic() > self._paused_until:
            self._pause = PROBE_SECONDS[0]
        while True:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, PROBE_SECONDS[1])
            if await self._answers():
                break
        self._paused_until = time.monotonic() + PROBE_SECONDS[1]
        self._probing = None
        metrics.owned(metrics.VALKEY_CONNECTED).set(1)
        log.info("valkey_back")

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                await self.execute_command("PING")  # pyright: ignore[reportUnknownMemberType] -- its answer has no type
        except ResponseError:  # it may not ask that; it is there
            return True
        except (RedisError, OSError, TimeoutError):
            return False
        return True


def open_valkey(url: str) -> Valkey:
    """A client that connects on first use, waits 250 ms at most and never tries twice. Raises errors.Invalid for a wrong URL."""
    try:
        connections = redis.ConnectionPool.from_url(
            url,
            socket_connect_timeout=BUDGET_SECONDS,
            socket_timeout=BUDGET_SECONDS,
            retry=Retry(NoBackoff(), 0),
            client_name="roomtally",
        )
    except ValueError as error:
        raise errors.Invalid("invalid-redis-url", f"ROOMTALLY_REDIS_URL cannot be used: {error}.") from error
    client = Valkey(connection_pool=connections)
    client.auto_close_connection_pool = True  # they are its own
    return client


def _allowance() -> _Allowance | None:
    found = _ALLOWANCE.get()
    return found if found and found.task is asyncio.current_task() else None


def _forget(call: Awaitable[object]) -> None:
    if isinstance(call, Coroutine):
        call.close()  # else Python complains that it was never awaited
