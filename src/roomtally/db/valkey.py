"""The way to Valkey: everything there is only speed, so no call may take longer than 250 ms or fail its caller."""

import asyncio
from collections.abc import Awaitable
from typing import ClassVar, TypeVar

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from roomtally.telemetry import metrics

BUDGET_SECONDS = 0.25

log = structlog.get_logger()
T = TypeVar("T")


class _Reachability:
    """The operations that failed when last tried in this process: an outage is a line for each, not one per call."""

    lost: ClassVar[set[str]] = set()


def open_valkey(url: str) -> redis.Redis:
    """A client that connects on first use, waits 250 ms at most and never tries twice."""
    return redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType] -- its **kwargs have no type
        url,
        socket_connect_timeout=BUDGET_SECONDS,
        socket_timeout=BUDGET_SECONDS,
        retry=Retry(NoBackoff(), 0),
        client_name="roomtally",
    )


async def guarded(call: Awaitable[T], operation: str) -> T | None:
    """What `call` returns, or None when Valkey did not answer in time or at all (counted by `operation`)."""
    try:
        async with asyncio.timeout(BUDGET_SECONDS):
            result = await call
    except (RedisError, OSError, TimeoutError) as error:
        metrics.VALKEY_ERRORS.labels(operation).inc()
        if operation not in _Reachability.lost:
            log.warning("valkey_lost", operation=operation, error=str(error) or type(error).__name__)
        _Reachability.lost.add(operation)
        return None
    if operation in _Reachability.lost:
        log.info("valkey_back", operation=operation)
        _Reachability.lost.discard(operation)
    return result
