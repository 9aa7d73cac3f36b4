"""What the kernel and the server do with connections that are idle, slow or dead."""

import asyncio
import re
import resource
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fixtures.app import WebProcess
from tests.fixtures.tools import need
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing, Pair, wide_batch

BUFFER = 64 * 1024  # as shipped


class Accepted(NamedTuple):
    """The server's end of one connection, as `ss` tells it; bytes."""

    text: str

    def number(self, pattern: str) -> int:
        found = re.search(pattern, self.text)
        return int(found[1]) if found else 0

    @property
    def send_buffer(self) -> int:
        return self.number(r"skmem:\(.*?,tb(\d+)")

    @property
    def kernel_bytes(self) -> int:
        """Of what waits to be sent, with all that the kernel keeps beside it."""
        return self.number(r"skmem:\(.*?,w(\d+)")


def accepted(web: WebProcess) -> list[Accepted]:
    need("ss")
    shown = subprocess.run(
        ["ss", "-tinmoH", "state", "established", f"( sport = :{web.settings.port} )"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Accepted(text) for text in re.split(r"\n(?=\S)", shown) if text.strip()]


class Idle:
    def __init__(self, web: WebProcess, sent: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", web.settings.port))
        self.socket.sendall(sent)
        self.socket.setblocking(False)
        self.got = b""

    def closed(self) -> bool:
        try:
            while data := self.socket.recv(65536):
                self.got += data
        except BlockingIOError:
            return False
        except ConnectionResetError:
            pass
        self.socket.close()
        return True


REQUEST = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_connections_without_a_request_are_closed_and_do_not_pile_up(housing: Housing) -> None:
    web = housing.web(request_head_seconds=1.0)
    started = time.monotonic()
    idle = [Idle(web, sent) for sent in (b"", b"P", b"GET / HTTP/1.1\r\nHo", REQUEST) for _ in range(100)]
    assert len(accepted(web)) >= len(idle)
    waiting = list(idle)

    def all_closed() -> bool:
        waiting[:] = [each for each in waiting if not each.closed()]
        return not waiting

    await until(all_closed, 4)
    assert time.monotonic() - started > 0.9
    assert [b"200 OK" in each.got for each in idle] == [False] * 300 + [True] * 100
    await until(lambda: len(accepted(web)) < 10)


async def test_accepted_connections_have_the_options_of_the_listener(housing: Housing) -> None:
    pair = await housing.pair(alone=True)
    client = await pair.open(pair.first)
    for connection in accepted(pair.first):
        assert connection.send_buffer == 2 * BUFFER  # Linux doubles it
    await until(lambda: all("timer:(keepalive" in connection.text for connection in accepted(pair.first)))
    client.leave()


async def test_it_takes_all_the_open_files_that_it_is_allowed(housing: Housing) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        web = housing.web()
        [serving] = web.children()
        limits = Path(f"/proc/{serving}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert re.search(rf"Max open files +{hard} +{hard} ", limits)
    assert ('"few_open_files"' in web.log.read_text()) == (hard < web.settings.backpressure + 200)


# --- slow and dead readers


class Stalled:
    """A client with the smallest of windows, who asks for a stream and reads `rate` bytes a second of it."""

    def __init__(self, web: WebProcess, path: str, cookie: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", web.settings.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        self.port = self.socket.getsockname()[1]

    async def drip(self) -> None:
        self.socket.setblocking(False)
        loop = asyncio.get_running_loop()
        while (await asyncio.gather(loop.sock_recv(self.socket, 1), asyncio.sleep(1)))[0]:
            pass


class Scene:
    """Five stalled readers of a large batch, one who drips, and one who reads as it comes."""

    def __init__(self, pair: Pair, batch: dict[str, Any]) -> None:
        self.pair, self.web = pair, pair.first
        self.path = f"/api/batches/{batch['batchId']}"
        cookie = pair.cookie["Cookie"]
        self.stalled = [Stalled(self.web, self.path + "/stream", cookie) for _ in range(5)]
        self.dripping = Stalled(self.web, self.path + "/stream", cookie)
        self.tasks = [asyncio.create_task(self.dripping.drip()), asyncio.create_task(self._go_on())]

    async def _go_on(self) -> None:
        while True:
            for call in ("pause", "resume"):
                await self.pair.api.http.post(f"{self.path}/{call}")
                await asyncio.sleep(0.02)

    def held(self) -> list[int]:
        """Kernel bytes of the connections of those who do not take what is there for them."""
        ports = tuple(f":{each.port} " for each in (*self.stalled, self.dripping))
        return [each.kernel_bytes for each in accepted(self.web) if any(port in each.text for port in ports)]

    def stuck(self) -> bool:
        return sum(held > BUFFER for held in self.held()) == 6

    def closed(self, reason: str) -> float:
        return self.web.metric(f'roomtally_streams_closed_total{{reason="{reason}"}}')

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for each in (*self.stalled, self.dripping):
            each.socket.close()


@pytest.fixture
async def scene(housing: Housing) -> AsyncIterator[Callable[..., Awaitable[Scene]]]:
    scenes: list[Scene] = []

    async def make(**settings: Any) -> Scene:
        pair = await housing.pair(alone=True, heartbeat_seconds=1.0, user_streams=0, **settings)
        scenes.append(Scene(pair, await wide_batch(pair.api)))
        return scenes[-1]

    yield make
    for each in scenes:
        await each.end()


async def test_a_reader_who_takes_nothing_costs_bounded_memory_and_is_closed(
    scene: Callable[..., Awaitable[Scene]],
) -> None:
    slow = await scene(stalled_seconds=3.0)
    quick = await slow.pair.open(slow.web, path=slow.path + "/stream")
    await until(slow.stuck, 15)
    most = max(slow.held())
    assert most <= 2 * BUFFER + 4096  # what Linux makes of it, and the packet that did not fit; not 4 MB
    await until(lambda: slow.closed("slow") == 6, 12)
    await until(lambda: not slow.held(), 2)  # given back at once, with what was in them
    assert slow.web.metric("roomtally_streams_open") == 1
    seen = len(quick.events)
    await until(lambda: len(quick.events) > seen)
    assert not quick.ended
    quick.leave()


async def test_the_kernel_closes_a_connection_that_acknowledges_nothing(
    scene: Callable[..., Awaitable[Scene]],
) -> None:
    """To TCP_USER_TIMEOUT a window that stays closed is the same as a peer that is gone."""
    slow = await scene(unacknowledged_seconds=2.0)
    await until(slow.stuck, 15)
    await until(lambda: not slow.held(), 10)
    await until(lambda: slow.closed("client") == 6, 2)
