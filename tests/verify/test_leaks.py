"""100,000 streams are opened and left in every way there is: nothing of them stays."""

import asyncio
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
import redis

from tests.fixtures.app import WebProcess
from tests.fixtures.batches import Batch
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many
from tests.fixtures.waiting import until

OPENS = 100_000
WARM = 20_000  # after these the allocator has what it needs
TOGETHER = 64
MIB = 1024 * 1024
KEPT_BYTES = 100 * (OPENS - WARM)  # 100 bytes a stream would be the smallest object left behind by each

pytestmark = [pytest.mark.verify, pytest.mark.timeout(1200)]

Leave = Callable[[socket.socket, bytes], Awaitable[None]]


async def ask(connection: socket.socket, request: bytes) -> bytes:
    """The first bytes of the answer."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, request)
    return await loop.sock_recv(connection, 4096)


async def reset(connection: socket.socket, request: bytes) -> None:
    """RST, as of a killed process or a NAT that has forgotten."""
    assert (await ask(connection, request)).startswith(b"HTTP/1.1 200")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def close_after_the_first_bytes(connection: socket.socket, request: bytes) -> None:
    assert (await ask(connection, request)).startswith(b"HTTP/1.1 200")


async def half_close(connection: socket.socket, request: bytes) -> None:
    """FIN from our side only, and then whatever the server does about it."""
    loop = asyncio.get_running_loop()
    assert (await ask(connection, request)).startswith(b"HTTP/1.1 200")
    connection.shutdown(socket.SHUT_WR)
    async with asyncio.timeout(10):
        while await loop.sock_recv(connection, 65536):
            pass


async def close_before_the_head(connection: socket.socket, request: bytes) -> None:
    """The request is out, nobody waits for the answer."""
    await asyncio.get_running_loop().sock_sendall(connection, request)


async def reset_before_the_head(connection: socket.socket, request: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, request)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def close_within_the_request(connection: socket.socket, request: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, request[:40])


LEAVES: list[Leave] = [
    reset,
    half_close,
    close_after_the_first_bytes,
    close_before_the_head,
    reset_before_the_head,
    close_after_the_first_bytes,
    reset,
    close_within_the_request,
]


class Visitors:
    """Each of `paths` is asked for in turn, and left in turn in each way."""

    def __init__(self, web: WebProcess, owner: Owner, paths: list[str]) -> None:
        self._port = web.settings.port
        self._requests = itertools.cycle([self._request(path, owner) for path in paths])
        self._leaves = itertools.cycle(LEAVES)
        self._numbers = itertools.count()

    def _request(self, path: str, owner: Owner) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {owner.token}\r\n\r\n".encode()

    async def come(self, visits: int) -> None:
        end = next(self._numbers) + visits
        await asyncio.gather(*[self._keep_coming(end) for _ in range(TOGETHER)])

    async def _keep_coming(self, end: int) -> None:
        while (number := next(self._numbers)) < end:
            with socket.socket() as connection:
                connection.setblocking(False)
                connection.bind((f"127.0.0.{2 + number % 200}", 0))  # else the ports of one address run out
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
                async with asyncio.timeout(20):
                    await next(self._leaves)(connection, next(self._requests))


def of_the_server(web: WebProcess) -> tuple[int, int]:
    """Resident bytes and open files of the process that serves."""
    [pid] = web.children()
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024
    return resident, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def connections_to_valkey(valkey: str) -> int:
    """The client keeps each that was needed at once."""
    with redis.Redis.from_url(valkey) as client:
        return len(client.client_list())


def nothing_left(web: WebProcess, valkey: str) -> bool:
    with redis.Redis.from_url(valkey) as client:
        channels = cast("list[bytes]", client.pubsub_channels("roomtally:topic:*"))
        counted = [key for key in client.keys("{roomtally:streams}:*") if client.type(key) == b"hash"]
    gauges = ("roomtally_streams_open", "roomtally_stream_topics")
    return not channels and not counted and not any(web.metric(gauge) for gauge in gauges)


async def test_100_000_opens_and_closes_leave_nothing_behind(unlimited: Place) -> None:
    """The limit of a user is on, so that accounting works too; nobody reaches it."""
    web = unlimited.start(user_streams=10_000)
    owner = await unlimited.owner()
    batches: list[Batch] = [await unlimited.world.batch(owner, 2 + turn) for turn in range(12)]
    visitors = Visitors(web, owner, _paths(batches))
    await visitors.come(WARM)
    await until(lambda: nothing_left(web, unlimited.settings.redis_url), timeout=30)
    resident, files = of_the_server(web)
    files -= connections_to_valkey(unlimited.settings.redis_url)
    seen: list[float] = []
    for _ in range(8):
        await visitors.come((OPENS - WARM) // 8)
        seen.append(of_the_server(web)[0] / MIB)
    await until(lambda: nothing_left(web, unlimited.settings.redis_url), timeout=30)
    assert web.metric("roomtally_streams_opened_total") > 0.6 * OPENS
    closed = sum(web.metric(f'roomtally_streams_closed_total{{reason="{reason}"}}') for reason in ("client", "error"))
    assert closed == web.metric("roomtally_streams_opened_total")
    resident_after, files_after = of_the_server(web)
    assert resident_after - resident < KEPT_BYTES, f"MiB: {resident / MIB:.1f}, then {seen}"
    files_after -= connections_to_valkey(unlimited.settings.redis_url)
    assert files_after - files <= 2, f"{files} -> {files_after}"


def _paths(batches: list[Batch]) -> list[str]:
    """Also topics that come and go with each visitor, and streams of many."""
    single = [stream_of(batch) for batch in batches]
    delta = [stream_of(batch, mode="delta") for batch in batches[::2]]
    return [*single, *delta, stream_of_many(batches[:3]), stream_of_many(batches[4:9], mode="delta")]
