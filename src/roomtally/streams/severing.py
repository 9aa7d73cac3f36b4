"""Closes connections whose stream was cut. The server waits until its buffers have gone out, which a client that reads a byte a
second can make last for hours; it hands out no socket, so the socket is found by its peer among all that this process has open."""

import asyncio
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from roomtally.telemetry import stream_metrics

OPEN_FILES = Path("/proc/self/fd")  # Linux; elsewhere the kernel's own time limits must do
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what is not sent yet is thrown away

log = structlog.get_logger()

Peer = tuple[str, int]


class Severing:
    """Those that come while one search runs share the next: it takes about 50 ms with 10,000 connections, in a thread."""

    def __init__(self) -> None:
        self._peers: set[Peer] = set()
        self._task: asyncio.Task[None] | None = None

    def sever(self, peer: Sequence[object] | None) -> None:
        """Never raises. `peer` is host and port, as the server tells it."""
        if peer is None or not OPEN_FILES.exists():
            return
        host, port = peer
        self._peers.add((str(host), int(str(port))))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="stream severing")

    async def _run(self) -> None:
        try:
            while self._peers:
                peers, self._peers = self._peers, set()
                await asyncio.to_thread(close_all, peers)
        except Exception:
            stream_metrics.STREAM_FAILURES.labels("severing").inc()
            log.exception("severing_failed")
        finally:
            self._task = None


def close_all(peers: set[Peer]) -> int:
    """Closes this process's TCP connections to `peers`; returns how many there were."""
    open_files = os.listdir(OPEN_FILES)  # noqa: PTH208 - a third of iterdir's time
    return sum(_close(int(name), peers) for name in open_files if _is_to(int(name), peers))


def _is_to(fd: int, peers: set[Peer]) -> bool:
    try:
        # Given a family it looks at the descriptor no further; that of IPv6 has room for both kinds of addresses.
        seen = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=fd)
    except OSError:  # no socket, or closed meanwhile
        return False
    try:
        return seen.getpeername()[:2] in peers
    except OSError:
        return False
    finally:
        seen.detach()


def _close(fd: int, peers: set[Peer]) -> bool:
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as own:
        if own.getpeername()[:2] in peers:  # the number may have become another connection's since we looked
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            own.shutdown(socket.SHUT_RDWR)  # wakes the server, which then closes its end
            return True
    return False
