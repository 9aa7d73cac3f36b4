"""One stream over HTTP/1.1 on a bare transport."""

import asyncio
import socket
import struct
import time
from typing import cast

from loadtests.sse_client.parsing import Body, Known
from loadtests.sse_client.tally import Dialect, Tally

LONGEST_HEAD = 16 * 1024
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, so that no port waits a minute for its next use


class Stream(asyncio.Protocol):
    """`opened` is done when the head has come or the stream was refused, `shown` when the first event has come, both at the
    latest when the connection is gone. A `stalled` one never reads more than the head."""

    transport: asyncio.Transport

    def __init__(
        self, request: bytes, tally: Tally, dialect: Dialect, *, stalled: bool, known: dict[int, Known] | None = None
    ) -> None:
        self._request, self._tally, self._dialect, self._stalled = request, tally, dialect, stalled
        self._known = known
        self._head = b""
        self._body: Body | None = None
        self._leaving = False
        self.began_at = time.time() * 1000
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.shown: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        connection = cast("socket.socket", transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time() * 1000
        self._tally.bytes += len(data)
        body = self._body
        if body is None:
            self._read_head(data, now)
            return
        if body.first_at:
            body.feed(data, now)
        else:
            self._until_first(body, data, now)

    def _until_first(self, body: Body, data: bytes, now: float) -> None:
        body.feed(data, now)
        if body.first_at:
            self._tally.first.append(now - self.began_at)
            _settle(self.shown)

    def _read_head(self, data: bytes, now: float) -> None:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            if len(self._head) > LONGEST_HEAD:
                self._refuse("endless head")
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._refuse(head[9:12].decode("latin-1"))
            return
        self._head = b""
        chunked = b"transfer-encoding: chunked" in head.lower()
        self._body = Body(self._tally, self._dialect, now, chunked=chunked, known=self._known)
        self._tally.opened += 1
        self._tally.open.append(now - self.began_at)
        _settle(self.opened)
        if self._stalled:
            self.transport.pause_reading()
        elif rest:
            self._until_first(self._body, rest, now)

    def _refuse(self, why: str) -> None:
        self._tally.refused[why] += 1
        self._leaving = True
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._leaving:
            self._tally.closed += self._body is not None
            if self._body is None:
                self._tally.refused[type(exc).__name__ if exc else "closed"] += 1
            else:
                self._tally.ended += self._body.ended and self._body.whole
                self._tally.farewells += self._body.farewell
        _settle(self.opened)
        _settle(self.shown)

    def leave(self) -> None:
        self._leaving = True
        self.transport.abort()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
