"""What the services work with, and what they do after a commit: one message on the bus, hints to the workers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from roomtally.batches.cache import SnapshotCache
from roomtally.batches.events import compact
from roomtally.batches.service.timing import measure_run
from roomtally.batches.store import sweep
from roomtally.batches.store.moves import Logged
from roomtally.db.pool import Pool
from roomtally.streams.bus import Publisher
from roomtally.streams.source import Event
from roomtally.telemetry import metrics

HINTS_PER_CONSUMER = 20  # what a worker does between two passes of the sweeper: 5 s at 0.25 s a photo


class Hints(Protocol):
    """The way to the workers; it may lose and double what it is given, and never raises."""

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool: ...
    async def lag(self) -> int | None: ...
    async def consumers(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Times are seconds. `lease_seconds`: how long a claim holds without a renewal; release_*: the back-off of a release."""

    pool: Pool
    publisher: Publisher
    queue: Hints
    cache: SnapshotCache
    lease_seconds: float = 20.0
    release_first_seconds: float = 2.0
    release_longest_seconds: float = 60.0
    max_photos: int = 200
    clock: Callable[[], float] = time.time


async def publish(context: Context, events: Sequence[Logged], trace: str | None) -> None:
    """Right after the commit: one message with all events of the transaction."""
    if not events:
        return
    committed_at = context.clock()
    for event in events:
        metrics.BATCH_EVENTS.labels(event.type).inc()
    copies = [
        Event(n=event.n, run=event.run, type=event.type, payload=compact(event.payload), trace=trace)
        for event in events
    ]
    await context.publisher.publish(events[0].batch_id, events[0].epoch, copies, committed_at)
    if events[-1].type == "batch_finished":
        measure_run(events[-1])


async def hint_batch(context: Context, batch_id: UUID, trace: str | None, photos: Sequence[UUID] | None = None) -> None:
    """Tell the workers of the waiting ones of `photos` (by default all), after the commit that lets them wait.

    Only while the queue is short; where it is long, the sweeper does in turn.
    """
    if await free_hints(context) == 0:
        return
    async with context.pool.connection() as conn:
        stamped = await sweep.stamp_hints(conn, batch_id, photos)
    await context.queue.hint(stamped, trace)


async def free_hints(context: Context) -> int:
    """How many hints the queue may take now: none while twice as many wait as there are workers.

    A queue that does not answer counts as empty: hints that get lost are sent again, a photo without one waits for ever.
    """
    lag = await context.queue.lag() or 0
    consumers = max(await context.queue.consumers() or 0, 1)
    return 0 if lag >= 2 * consumers else HINTS_PER_CONSUMER * consumers
