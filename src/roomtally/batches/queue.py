"""The queue of photos to look at, as hints: it may forget, and it never fails its caller."""

import math
import time
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from taskiq import TaskiqMessage

from roomtally import broker as hints
from roomtally.telemetry import metrics

TASK = "batches.process_photo"
ALIVE_SECONDS = 120.0  # twice the longest photo: a busy worker reads nothing meanwhile
FORGOTTEN_SECONDS = 3600.0
NOTHING_THERE = ("no such key", "NOGROUP")

log = structlog.get_logger()
T = TypeVar("T")


def encode(broker: hints.HintBroker, photo_ids: Sequence[UUID], labels: dict[str, Any]) -> list[bytes]:
    """Hints as they travel, one a photo."""
    messages = [
        TaskiqMessage(task_id=str(photo_id), task_name=TASK, labels=labels, args=[str(photo_id)], kwargs={})
        for photo_id in photo_ids
    ]
    return [broker.formatter.dumps(message).message for message in messages]


class PhotoQueue:
    def __init__(self, broker: hints.HintBroker) -> None:
        self._broker = broker
        self._lost = False

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool:
        """Tell the workers of `photo_ids`, all in one round trip, within 250 ms. False: they were not told; the sweeper will."""
        if not photo_ids:
            return True
        labels: dict[str, Any] = {hints.SENT_AT: time.time()}
        if traceparent:
            labels[hints.TRACEPARENT] = traceparent
        messages = encode(self._broker, photo_ids, labels)
        sent = await self._guarded("hint", self._publish(messages)) is not None
        metrics.HINTS.labels("sent" if sent else "lost").inc(len(photo_ids))
        return sent

    async def lag(self) -> int | None:
        """Hints that no worker has taken; None when unknown (Valkey gone or emptied, or it cannot tell after a trim)."""
        groups = await self._guarded("lag", self._broker.client.xinfo_groups(hints.QUEUE))
        lag = next((group["lag"] for group in groups or [] if group["name"] == hints.GROUP.encode()), None)
        metrics.owned(metrics.QUEUE_LAG).set(math.nan if lag is None else lag)
        return lag

    async def consumers(self) -> int | None:
        """Worker processes that asked for a hint within 2 minutes; None when unknown. Forgets those gone for an hour."""
        known = await self._guarded("consumers", self._broker.client.xinfo_consumers(hints.QUEUE, hints.GROUP))
        if known is None:
            return None
        for consumer in known:
            if consumer["idle"] > FORGOTTEN_SECONDS * 1000:
                gone = self._broker.client.xgroup_delconsumer(hints.QUEUE, hints.GROUP, consumer["name"])
                await self._guarded("forget", gone)
        alive = sum(consumer["idle"] <= ALIVE_SECONDS * 1000 for consumer in known)
        metrics.owned(metrics.QUEUE_CONSUMERS).set(alive)
        return alive

    async def _publish(self, messages: Sequence[bytes]) -> bool:
        await self._broker.publish(messages)
        return True

    async def _guarded(self, operation: str, call: Awaitable[T]) -> T | None:
        try:
            result = await call
        except (RedisError, OSError) as error:
            if str(error).startswith(NOTHING_THERE):
                return None  # nobody has hinted or read since Valkey came up
            metrics.VALKEY_ERRORS.labels(operation).inc()
            if not self._lost:
                log.warning("queue_lost", operation=operation, error=str(error) or type(error).__name__)
            self._lost = True
            return None
        if self._lost:
            log.info("queue_back", operation=operation)
        self._lost = False
        return result
