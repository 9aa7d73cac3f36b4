"""The hub under real granian and litestar, read from real sockets."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.waiting import until
from tests.integration.streams.client import Client


class Tiny:
    """The tiny service in a process of its own."""

    def __init__(self, valkey: str, folder: Path, port: int, **environment: str) -> None:
        self.port = port
        self.clients: list[Client] = []
        self.log = folder / "granian.log"
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--port", str(port)]
        command += ["--backpressure", "16000", "tests.integration.streams.tiny:app"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=os.environ | {"TINY_VALKEY": valkey} | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10)

    async def ready(self) -> None:
        await until(self._answers, timeout=20)

    async def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return (await self.http.get("/stats")).status_code == 200
        except httpx.TransportError:
            return False

    async def create(self) -> str:
        return (await self.http.post("/topics")).json()["topic"]

    async def commit(self, topic: str, *values: int | str) -> int:
        return (await self.http.post(f"/topics/{topic}/events", json=values)).json()["n"]

    async def stats(self) -> dict[str, Any]:
        return (await self.http.get("/stats")).json()

    async def watch(self, topic: str, **headers: str) -> Client:
        client = Client(self.port, f"/topics/{topic}/stream", headers)
        self.clients.append(client)
        await client.open()
        return client

    async def close(self) -> None:
        try:
            for client in self.clients:
                client.leave()
            await until(lambda: all(client.closed for client in self.clients))
            await self.http.aclose()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # granian's worker too
            self.process.wait()


@pytest.fixture(scope="module")
async def tiny(
    shared_valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Tiny]:
    """One for all tests of this file; the last of them ends it."""
    folder = tmp_path_factory.mktemp("tiny")
    service = Tiny(shared_valkey.url, folder, unused_tcp_port_factory(), TINY_HEARTBEAT="1", TINY_STREAMS="1500")
    await service.ready()
    yield service
    await service.close()


async def test_a_stream_from_the_first_state_to_complete(tiny: Tiny) -> None:
    topic = await tiny.create()
    client = await tiny.watch(topic)
    assert client.status == 200
    assert client.headers["content-type"] == "text/event-stream"
    assert client.headers["cache-control"] == "no-cache, no-transform"
    assert client.headers["x-accel-buffering"] == "no"
    await until(lambda: client.numbers == [1])
    await tiny.commit(topic, 1, 2)
    await until(lambda: client.numbers == [1, 2, 3])
    await until(lambda: client.of("ping"), timeout=3)
    await tiny.commit(topic, "finish")
    await until(lambda: client.ended)
    assert [received.event for received in client.events if received.event != "ping"] == ["progress"] * 4 + ["complete"]
    assert (await tiny.stats())["streams"] == 0


async def test_what_is_refused_is_refused_before_the_stream_begins(tiny: Tiny) -> None:
    answer = await tiny.http.get("/topics/00000000-0000-0000-0000-000000000000/stream")
    assert (answer.status_code, answer.json()["slug"]) == (404, "topic-not-found")
    topic = await tiny.create()
    answer = await tiny.http.get(f"/topics/{topic}/stream", headers={"Last-Event-ID": "7"})
    assert (answer.status_code, answer.json()["slug"]) == (400, "invalid-event-id")


async def test_a_client_that_leaves_is_noticed(tiny: Tiny) -> None:
    topic = await tiny.create()
    clients = [await tiny.watch(topic) for _ in range(20)]
    assert (await tiny.stats())["streams"] == 20
    for client in clients:
        client.leave()
    await until(lambda: _nothing_left(tiny))


async def _nothing_left(tiny: Tiny) -> bool:
    stats = await tiny.stats()
    return stats["streams"] == stats["topics"] == stats["channels"] == 0


async def test_a_reader_who_stops_gets_the_newest_and_harms_nobody(tiny: Tiny) -> None:
    topic = await tiny.create()
    slow, quick = await tiny.watch(topic), await tiny.watch(topic)
    await until(lambda: slow.numbers and quick.numbers)
    slow.stop_reading()
    last = 1
    for _ in range(40):  # 40 x 0.5 MB is beyond what the kernel keeps for a socket
        last = await tiny.commit(topic, "x" * 500_000)
        await until(lambda last=last: b'"n":%d,' % last in quick.body[-600_000:])
    await tiny.commit(topic, "")
    assert (await tiny.stats())["busy"] == 1
    last = await tiny.commit(topic, "", "finish")
    await until(lambda: quick.ended)
    slow.read_on()
    await until(lambda: slow.ended)
    assert len(slow.numbers) < 40
    assert slow.numbers == sorted(slow.numbers)
    assert slow.events[-1].event == "complete"
    assert slow.numbers[-1] == last
    await until(lambda: _nothing_left(tiny))


async def test_sigterm_ends_a_thousand_streams_within_a_second(tiny: Tiny) -> None:
    topics = [await tiny.create() for _ in range(20)]
    clients = await asyncio.gather(*[tiny.watch(topics[n % 20]) for n in range(1000)])
    await until(lambda: all(client.numbers == [1] for client in clients))
    started = time.monotonic()
    tiny.process.send_signal(signal.SIGTERM)
    await until(lambda: all(client.ended for client in clients))
    assert time.monotonic() - started < 1
    assert all(client.body.endswith(b"\n\n") and b"retry: " in client.body[-20:] for client in clients)
    await asyncio.to_thread(tiny.process.wait, 5)
    assert tiny.process.returncode == 0
    assert time.monotonic() - started < 2
