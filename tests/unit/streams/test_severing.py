"""Connections that are closed by their peer's address."""

import asyncio
import socket
from contextlib import closing, suppress

import pytest

from roomtally.streams import severing
from roomtally.streams.severing import Severing
from tests.fixtures.waiting import until


def pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Server's end and client's end of a connection."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        client = socket.create_connection(listening.getsockname()[:2])
        return listening.accept()[0], client


def fill(end: socket.socket) -> None:
    """Until the kernel takes no more."""
    end.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            end.send(bytes(65536))


def drain(end: socket.socket) -> None:
    end.settimeout(2)
    while end.recv(65536):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_only_the_connections_to_the_given_peers_are_closed_and_at_once(host: str):
    stuck, away = pair(host)
    kept, there = pair(host)
    with closing(stuck), closing(away), closing(kept), closing(there):
        fill(stuck)
        assert severing.close_all({away.getsockname()[:2]}) == 1
        with pytest.raises(BrokenPipeError):
            stuck.send(b"x")
        stuck.close()
        with pytest.raises(ConnectionResetError):  # what was queued is thrown away with the connection
            drain(away)
        kept.send(b"x")
        assert there.recv(1) == b"x"


async def test_it_never_fails_its_caller():
    severer = Severing()
    severer.sever(None)
    severer.sever(("127.0.0.1", 1))
    stuck, away = pair("127.0.0.1")
    severer.sever(away.getsockname())
    away.setblocking(False)
    await until(lambda: stuck.fileno() and ended(away))
    stuck.close()
    away.close()


def ended(end: socket.socket) -> bool:
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False


async def test_those_that_come_together_share_a_search(monkeypatch: pytest.MonkeyPatch):
    searches: list[set[severing.Peer]] = []

    def search(peers: set[severing.Peer]) -> int:
        searches.append(peers)
        return 0

    monkeypatch.setattr(severing, "close_all", search)
    severer = Severing()
    for port in range(100):
        severer.sever(("203.0.113.1", port))
    await until(lambda: sum(map(len, searches)) == 100)
    await asyncio.sleep(0)
    assert len(searches) == 1
