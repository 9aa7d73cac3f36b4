"""Events that are really committed: photos are claimed and released by the service's own write side, which publishes them."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import msgspec

from loadtests.bench_stream import seed
from loadtests.bench_stream.house import House
from roomtally.batches.cache import SnapshotCache
from roomtally.batches.service import work
from roomtally.batches.service.context import Context
from roomtally.db.pool import create_pool
from roomtally.db.valkey import open_valkey
from roomtally.streams.bus import Publisher

CONNECTIONS = 8


class Committed(msgspec.Struct, frozen=True):
    events: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


class _NoHints:
    """No worker waits for hints here."""

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool:
        return True

    async def lag(self) -> int | None:
        return None

    async def consumers(self) -> int | None:
        return None


def commit(house: House, topics: int, rate: float, seconds: float) -> Committed:
    """`rate` events/s over `topics` batches, or as many as eight connections reach."""
    return asyncio.run(_commit(house, topics, rate, seconds))


async def _commit(house: House, topics: int, rate: float, seconds: float) -> Committed:
    valkey = open_valkey(house.valkey.url)
    async with create_pool(house.postgres.url, CONNECTIONS) as pool, valkey:
        context = Context(
            pool=pool,
            publisher=Publisher(valkey),
            queue=_NoHints(),
            cache=SnapshotCache(valkey),
            release_first_seconds=0.0,
        )
        began = time.monotonic()
        workers = [_work(context, topics, place, rate / CONNECTIONS, began + seconds) for place in range(CONNECTIONS)]
        events = sum(await asyncio.gather(*workers))
        return Committed(events, time.monotonic() - began)


async def _work(context: Context, topics: int, place: int, rate: float, until: float) -> int:
    """Claims and releases one photo of each of its batches in turn; an event each."""
    began, events, topic = time.monotonic(), 0, place
    while (now := time.monotonic()) < until:
        await asyncio.sleep(max(0.0, began + events / rate - now))
        claimed = await work.claim_photo(context, seed.photo_id(topic, 1), worker="bench")
        events += claimed is not None
        if claimed is not None:
            await asyncio.sleep(max(0.0, began + events / rate - time.monotonic()))
            events += await work.release_photo(context, claimed)
        topic = topic + CONNECTIONS if topic + CONNECTIONS < topics else place
    return events
