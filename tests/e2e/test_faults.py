"""Whatever dies in the middle: the batch completes, every photo is counted once, every viewer ends in the true state."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any, LiteralString

import httpx
import httpx_sse
import psycopg
import pytest
import redis

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import Api
from tests.fixtures.house import House
from tests.fixtures.waiting import until


class Viewer:
    """Follows a batch as a browser does: reconnects with the last id, keeps the newest state, notices steps back."""

    def __init__(self, owner: Api, batch_id: str) -> None:
        self.http, self.path = owner.http, f"/api/batches/{batch_id}/stream"
        self.state: dict[str, Any] = {}
        self.final: dict[str, Any] | None = None
        self.last_id = ""
        self.connections = 0

    async def follow(self) -> None:
        while self.final is None:
            with contextlib.suppress(httpx.TransportError):
                await self._connection()
            await asyncio.sleep(0.05)  # what a browser waits, only shorter

    async def _connection(self) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        async with httpx_sse.aconnect_sse(self.http, "GET", self.path, headers=headers, timeout=60) as source:
            if source.response.status_code != 200:
                return
            self.connections += 1
            async for event in source.aiter_sse():
                self._take(event)

    def _take(self, event: httpx_sse.ServerSentEvent) -> None:
        self.last_id = event.id or self.last_id
        if event.event == "progress":
            state = json.loads(event.data)
            assert not self.state or _number(state) >= _number(self.state), "the state went backwards"
            self.state = state
        elif event.event == "complete":
            self.final = json.loads(event.data)
        else:
            assert event.event in {"ping", "timeout"}, event


def _number(state: dict[str, Any]) -> int:
    return int(state["eventId"].split("-")[1])


@contextlib.asynccontextmanager
async def watched(owner: Api, batch: dict[str, Any], seconds: float = 60) -> AsyncGenerator[Viewer]:
    """A viewer through whatever the block does; at the end it must have seen `complete` and agree with REST."""
    viewer = Viewer(owner, batch["batchId"])
    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
        group.create_task(viewer.follow())
        yield viewer
    snapshot = (await owner.http.get(f"/api/batches/{batch['batchId']}")).json()
    assert {key: value for key, value in viewer.state.items() if key != "committedAt"} == snapshot
    assert viewer.final
    assert viewer.final["inventorySummary"] == snapshot["inventorySummary"]


async def counted_once(owner: Api, batch_id: str) -> None:
    """Every photo DONE by exactly one attempt, and the sums on the batch are those of its items."""
    async with await psycopg.AsyncConnection.connect(owner.web.settings.database_url) as conn:
        photos = await (
            await conn.execute(
                "SELECT p.status, count(*) FILTER (WHERE a.outcome = 'done') FROM photos p"
                " LEFT JOIN photo_attempts a ON a.photo_id = p.id WHERE p.batch_id = %s GROUP BY p.id, p.status",
                [batch_id],
            )
        ).fetchall()
        sums = await (
            await conn.execute(
                "SELECT b.total_items = coalesce(sum(i.count), 0) FROM batches b JOIN photos p ON p.batch_id = b.id"
                " LEFT JOIN items i ON i.photo_id = p.id WHERE b.id = %s GROUP BY b.id",
                [batch_id],
            )
        ).fetchone()
    assert photos
    assert all(row == ("DONE", 1) for row in photos)
    assert sums == (True,)


async def one(owner: Api, query: LiteralString, batch_id: str) -> Any:
    async with await psycopg.AsyncConnection.connect(owner.web.settings.database_url) as conn:
        row = await (await conn.execute(query, [batch_id])).fetchone()
    assert row
    return row[0]


async def idle(owner: Api, batch_id: str) -> bool:
    return await one(owner, "SELECT processing = 0 FROM batches WHERE id = %s", batch_id)


async def last_event(owner: Api, batch_id: str) -> int:
    return await one(owner, "SELECT last_event FROM batches WHERE id = %s", batch_id)


def completed(viewer: Viewer, least: int) -> bool:
    return bool(viewer.state) and viewer.state["counts"]["completed"] >= least


def working(viewer: Viewer) -> bool:
    return bool(viewer.state) and viewer.state["counts"]["processing"] > 0


async def test_a_worker_is_killed(running_house: House, owner: Api, demo_photos: list[bytes]):
    batch = await owner.create_batch(demo_photos[:6])
    async with watched(owner, batch) as viewer:
        await until(lambda: completed(viewer, 1) and working(viewer), timeout=30)
        running_house.workers[0].kill()
        await running_house.start_worker()
    await counted_once(owner, batch["batchId"])


async def test_valkey_is_flushed(running_house: House, owner: Api, demo_photos: list[bytes]):
    batch = await owner.create_batch(demo_photos[:6])
    async with watched(owner, batch) as viewer:
        await until(lambda: completed(viewer, 1), timeout=30)
        with redis.Redis.from_url(running_house.settings.redis_url) as client:
            client.flushall()
    await counted_once(owner, batch["batchId"])
    assert all(worker.process.poll() is None for worker in running_house.workers)


async def test_valkey_is_restarted_empty(
    running_house: House, owner: Api, demo_photos: list[bytes], valkey_server: EmbeddedValkey
):
    batch = await owner.create_batch(demo_photos[:6])
    async with watched(owner, batch) as viewer:
        await until(lambda: completed(viewer, 1) and working(viewer), timeout=30)
        valkey_server.kill()
        await until(
            lambda: idle(owner, batch["batchId"]), timeout=20, what="the photo in hand is finished without Valkey"
        )
        n = await last_event(owner, batch["batchId"])
        await until(lambda: _number(viewer.state) >= n, timeout=5, what="what was committed is shown without Valkey")
        valkey_server.start()
    await counted_once(owner, batch["batchId"])
    assert viewer.connections == 1, "a stream must outlive Valkey"
    assert all(worker.process.poll() is None for worker in running_house.workers)


async def test_valkey_is_gone_for_good(house: House, demo_photos: list[bytes], valkey_server: EmbeddedValkey):
    """From before the start to after the end: sign-in, batch, stream, work; two workers share it."""
    valkey_server.kill()
    async with Api(house.start_web()) as owner:
        for command in ("work", "work", "sweep"):
            await house.start_worker(command)
        await owner.sign_in()
        batch = await owner.create_batch(demo_photos[:8])
        async with watched(owner, batch) as viewer:
            pass
        assert viewer.state["status"] == "COMPLETED"
        assert viewer.connections == 1
        await counted_once(owner, batch["batchId"])
    assert all(worker.process.poll() is None for worker in house.workers)


async def test_valkey_is_full(
    running_house: House, owner: Api, demo_photos: list[bytes], valkey_server: EmbeddedValkey
):
    """It answers, and takes nothing: no hint, no copy of an event. The workers ask the database."""
    with redis.Redis(port=valkey_server.port) as client:
        client.config_set("maxmemory", "1")
    batch = await owner.create_batch(demo_photos[:3])
    async with watched(owner, batch):
        pass
    await counted_once(owner, batch["batchId"])


async def test_the_web_process_is_killed(running_house: House, owner: Api, demo_photos: list[bytes]):
    batch = await owner.create_batch(demo_photos[:6])
    async with watched(owner, batch) as viewer:
        await until(lambda: completed(viewer, 1), timeout=30)
        running_house.kill_web()
        running_house.start_web()
    assert viewer.connections >= 2
    await counted_once(owner, batch["batchId"])


@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
async def test_a_worker_comes_back_after(running_house: House, owner: Api, demo_photos: list[bytes], number: str):
    """A worker that is asked to stop finishes the photo in hand; one that is killed loses an attempt."""
    batch = await owner.create_batch(demo_photos[:3])
    async with watched(owner, batch) as viewer:
        await until(lambda: working(viewer), timeout=30)
        first = running_house.workers[0]
        if number == "SIGTERM":
            assert first.stop() == 0
        else:
            first.kill()
        await running_house.start_worker()
    await counted_once(owner, batch["batchId"])
    expired = await one(
        owner,
        "SELECT count(*) FROM photo_attempts a JOIN photos p ON p.id = a.photo_id"
        " WHERE p.batch_id = %s AND a.outcome = 'expired'",
        batch["batchId"],
    )
    assert expired == (0 if number == "SIGTERM" else 1)
