"""The queue of photos to look at, as hints: it may forget, and it never fails its caller."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from redis.exceptions import ResponseError
from taskiq import TaskiqMessage

from roomtally import broker as hints
from roomtally.db.valkey import Valkey
from roomtally.telemetry import metrics

TASK = "batches.process_photo"
ALIVE_SECONDS = 120.0  # twice the longest photo: a busy worker reads nothing meanwhile
FORGOTTEN_SECONDS = 3600.0
NOTHING_THERE = ("no such key", "NOGROUP")


def encode(broker: hints.HintBroker, photo_ids: Sequence[UUID], labels: dict[str, Any]) -> list[bytes]:
    """Hints as they travel, one a photo."""
    messages = [
        TaskiqMessage(task_id=str(photo_id), task_name=TASK, labels=labels, args=[str(photo_id)], kwargs={})
        for photo_id in photo_ids
    ]
    return [broker.formatter.dumps(message).message for message in messages]


class PhotoQueue:
    """The broker has connections of its own, and the breaker of `valkey`: it is the same server."""

    def __init__(self, broker: hints.HintBroker, valkey: Valkey) -> None:
        self._broker = broker
        self._valkey = valkey

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool:
        """Tell the workers of `photo_ids`, all in one round trip, within 250 ms. False: they were not told; the sweeper will."""
        if not photo_ids:
            return True
        with hints.sending(traceparent) as labels:
            messages = encode(self._broker, photo_ids, labels)
            sent = await self._valkey.guarded(self._publish(messages), "hint") is not None
        metrics.HINTS.labels("sent" if sent else "lost").inc(len(photo_ids))
        return sent

    async def lag(self) -> int | None:
        """Hints that no worker has taken; None when unknown (Valkey gone or emptied, or it cannot tell after a trim)."""
        groups = await self._valkey.guarded(_listed(lambda: self._broker.client.xinfo_groups(hints.QUEUE)), "lag")
        return next((group["lag"] for group in groups or [] if group["name"] == hints.GROUP.encode()), None)

    async def consumers(self) -> int | None:
        """Worker processes that asked for a hint within 2 minutes; None when unknown. Forgets those gone for an hour."""
        asked = _listed(lambda: self._broker.client.xinfo_consumers(hints.QUEUE, hints.GROUP))
        known = await self._valkey.guarded(asked, "consumers")
        if known is None:
            return None
        for consumer in known:
            if consumer["idle"] > FORGOTTEN_SECONDS * 1000:
                gone = self._broker.client.xgroup_delconsumer(hints.QUEUE, hints.GROUP, consumer["name"])
                await self._valkey.guarded(gone, "forget")
        return sum(consumer["idle"] <= ALIVE_SECONDS * 1000 for consumer in known)

    async def _publish(self, messages: Sequence[bytes]) -> bool:
        await self._broker.publish(messages)
        return True


async def _listed(ask: Callable[[], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]] | None:
    """None where nobody has hinted or read since Valkey came up."""
    try:
        return await ask()
    except ResponseError as error:
        if str(error).startswith(NOTHING_THERE):
            return None
        raise
