"""What design section 5 promises of one web process and can be seen from outside."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from redis.asyncio import Redis

from roomtally.db.valkey import open_valkey
from tests.conformance import moves
from tests.conformance.conftest import Watch
from tests.fixtures.batches import Batch
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many
from tests.fixtures.viewers import SocketViewer
from tests.fixtures.waiting import until

TOPICS = 12


@pytest.fixture
async def valkey(service: Place) -> AsyncIterator[Redis]:
    client = open_valkey(service.valkey.url)
    yield client
    await client.aclose()


@pytest.fixture
async def batches(service: Place, owner: Owner) -> list[Batch]:
    return [await service.world.batch(owner, 1) for _ in range(TOPICS)]


async def opened(watch: Watch, *paths: str) -> list[SocketViewer]:
    viewers = [await watch(path) for path in paths]
    for viewer in viewers:
        await viewer.first()
    return viewers


async def test_one_valkey_connection_for_all_subscriptions_never_one_per_client(
    service: Place, batches: list[Batch], watch: Watch, valkey: Redis
) -> None:
    async def subscribed() -> list[dict[str, Any]]:
        found = await valkey.client_list(_type="pubsub")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return cast("list[dict[str, Any]]", found)

    before = await subscribed()
    await opened(watch, *[stream_of(batch) for batch in batches], stream_of_many(batches))
    after = await subscribed()
    assert {one["id"] for one in after} == {one["id"] for one in before}
    assert sum(int(one["sub"]) for one in after) == sum(int(one["sub"]) for one in before) + TOPICS


async def test_the_last_viewer_gone_unsubscribes(batches: list[Batch], watch: Watch, valkey: Redis) -> None:
    async def channels() -> int:
        names = [f"roomtally:topic:{batch.id}" for batch in batches]
        counts = cast("list[tuple[bytes, int]]", await valkey.pubsub_numsub(*names))  # pyright: ignore[reportUnknownMemberType]
        return sum(count for _, count in counts)

    for viewer in await opened(watch, stream_of(batches[0]), stream_of(batches[0]), stream_of_many(batches)):
        assert await channels()
        viewer.leave()

    async def nobody() -> bool:
        return await channels() == 0

    await until(nobody)


async def test_waiting_streams_hold_no_database_connection(service: Place, batches: list[Batch], watch: Watch) -> None:
    await opened(watch, *[stream_of(batch) for batch in batches], stream_of_many(batches, mode="delta"))

    async def busy() -> int:
        async with service.world.pool.connection() as conn:
            found = await conn.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
                " AND pid <> pg_backend_pid()"
            )
            [(count,)] = await found.fetchall()
            return count

    async def idle() -> bool:
        return await busy() == 0

    await until(idle)  # a sweep may be on its way at any one look


async def test_without_the_bus_streams_stay_the_sweep_quickens_and_readiness_stays_true(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    """And a batch that is deleted ends its stream: with Valkey the bus tells, without it only the sweep does."""
    moved, deleted, *others = batches
    viewers = await opened(watch, stream_of(moved), stream_of(moved, mode="delta"))
    [ends, goes_on] = await opened(watch, stream_of(deleted), stream_of_many([deleted, others[0]]))
    web = service.webs[0]
    service.valkey.kill()
    try:
        await until(lambda: web.metric("roomtally_bus_connected") == 0)
        for turn in range(3):
            await (moves.resume if turn % 2 else moves.pause)(moved)
            committed = time.monotonic()
            for viewer in viewers:
                await viewer.reach(2 + turn)
            assert time.monotonic() - committed < 1.2, "swept each 0.5 s, not each 2 s"
        await moves.delete(deleted)
        await asyncio.gather(ends.end(1.5), goes_on.see(lambda: goes_on.of("error"), 1.5))
        assert ends.blocks[-1].data["code"] == "batch-deleted"
        [error] = goes_on.of("error")
        assert (error.data["code"], error.data["batchId"]) == ("batch-deleted", str(deleted.id))
        async with httpx.AsyncClient(base_url=web.private_url) as http:
            assert (await http.get("/health/ready")).status_code == 200
        assert not any(viewer.ended for viewer in (*viewers, goes_on))
    finally:
        service.valkey.start()
    await until(lambda: web.metric("roomtally_bus_connected") == 1)
    await moves.resume(moved)
    for viewer in viewers:
        await viewer.reach(5)
