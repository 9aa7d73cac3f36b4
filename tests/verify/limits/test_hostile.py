"""Peers that vanish, and a storm of opens at its full size."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import pytest

from roomtally.settings import Settings
from tests.fixtures.app import JPEG, WebProcess
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing, Pair
from tests.integration.limits.test_listener import accepted

pytestmark = pytest.mark.verify

SPACE, PLUG = f"roomtally-{os.getpid()}", f"rt{os.getpid()}"
HERE, THERE = "198.18.77.1", "198.18.77.2"  # of the block for measurements
WATCH = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(f"GET {sys.argv[3]} HTTP/1.1\\r\\nHost: x\\r\\nCookie: {sys.argv[4]}\\r\\n\\r\\n".encode())
assert b" 200 " in s.recv(65536)
print("open", flush=True)
time.sleep(600)
"""


def run(*command: str) -> None:
    subprocess.run(command, check=True)


@pytest.fixture
def cable() -> Iterator[None]:
    """A network of two ends, one of them in a namespace of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a network to unplug")
    run("ip", "netns", "add", SPACE)
    try:
        run("ip", "link", "add", PLUG, "type", "veth", "peer", "name", "far", "netns", SPACE)
        run("ip", "address", "add", f"{HERE}/30", "dev", PLUG)
        run("ip", "link", "set", PLUG, "up")
        run("ip", "-n", SPACE, "address", "add", f"{THERE}/30", "dev", "far")
        run("ip", "-n", SPACE, "link", "set", "far", "up")
        yield
    finally:
        run("ip", "netns", "delete", SPACE)


@pytest.fixture
async def housing(settings: Settings, tmp_path: Path):
    async with AsyncExitStack() as stack:
        yield Housing(settings, tmp_path, stack)


@pytest.mark.usefixtures("cable")
async def test_a_peer_whose_cable_was_pulled_is_gone_within_the_time_limit(housing: Housing) -> None:
    pair = await housing.pair(alone=True, host="0.0.0.0", heartbeat_seconds=1.0, unacknowledged_seconds=3.0)  # noqa: S104
    arguments = [HERE, str(pair.first.settings.port), pair.path, pair.cookie["Cookie"]]
    viewer = subprocess.Popen(
        ["ip", "netns", "exec", SPACE, sys.executable, "-c", WATCH, *arguments], stdout=subprocess.PIPE, text=True
    )
    with viewer:
        assert viewer.stdout
        assert await asyncio.to_thread(viewer.stdout.readline) == "open\n"
        assert pair.first.metric("roomtally_streams_open") == 1
        run("ip", "-n", SPACE, "link", "set", "far", "down")
        pulled = time.monotonic()
        await until(lambda: pair.first.metric("roomtally_streams_open") == 0, 12)
        assert 2.5 < time.monotonic() - pulled < 8
        assert not [each for each in accepted(pair.first) if THERE in each.text]
        viewer.kill()


class Storm:
    """Opens, reads what comes first, and leaves; `statuses` of all."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        cookie = pair.cookie["Cookie"]
        self.request = f"GET {pair.path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
        self.statuses: list[int] = []

    async def once(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.pair.first.settings.port)
        writer.write(self.request)
        head = await reader.readuntil(b"\r\n\r\n")
        self.statuses.append(int(head[9:12]))
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def paced(self, opens: int, seconds: float) -> None:
        started, tasks = time.monotonic(), set[asyncio.Task[None]]()
        for n in range(opens):
            await asyncio.sleep(max(0.0, started + n * seconds / opens - time.monotonic()))
            task = asyncio.create_task(self.once())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("limit", [50.0, 0.0])
async def test_ten_thousand_opens_in_ten_seconds(housing: Housing, limit: float) -> None:
    """With the limit as shipped, and with none: all are answered, others are served, and everything is given back."""
    pair = await housing.pair(alone=True, address_opens=limit, user_streams=0)
    web = pair.first
    before = memory(web)
    storm = Storm(pair)
    running = asyncio.create_task(storm.paced(10_000, 10))
    waits: list[float] = []
    health = "/health/ready" if limit else "/health/live"  # without the limit they wait in line for the database
    async with httpx.AsyncClient(base_url=web.url, timeout=10) as other:
        while not running.done():
            asked = time.monotonic()
            assert (await other.get(health)).status_code == 200
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(0.1)
    await running
    assert len(storm.statuses) == 10_000
    assert set(storm.statuses) == ({200, 429} if limit else {200})
    await until(lambda: web.metric("roomtally_streams_open") == 0, 15)
    assert web.metric("roomtally_stream_topics") == 0
    await until(lambda: len(accepted(web)) < 10, 15)
    assert sorted(waits)[len(waits) // 2] < 1.0
    assert memory(web) - before < 150 << 20
    batch = await pair.api.create_batch([JPEG])
    assert batch["status"] == "QUEUED"


def memory(web: WebProcess) -> int:
    """Resident bytes of the process that serves."""
    [serving] = web.children()
    return int(Path(f"/proc/{serving}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
