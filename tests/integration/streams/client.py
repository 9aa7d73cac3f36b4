"""A reader of one stream on a raw HTTP/1.1 socket: it sees every byte, and stops reading when asked."""

import asyncio

from tests.integration.streams.socket import Received, parse


class Client(asyncio.Protocol):
    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None) -> None:
        self._port, self._path, self._headers = port, path, headers or {}
        self._raw = bytearray()
        self._head = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ended = False  # by the last chunk
        self.closed = False
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """Returns with the head."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        self._transport = transport
        lines = [
            f"GET {self._path} HTTP/1.1",
            "Host: test",
            *[f"{name}: {text}" for name, text in self._headers.items()],
        ]
        transport.write("\r\n".join([*lines, "", ""]).encode())
        await asyncio.wait_for(self._head.wait(), 10)

    def leave(self) -> None:
        """Also where `open` did not get as far as a connection."""
        if self._transport:
            self._transport.abort()
        else:
            self.closed = True

    def stop_reading(self) -> None:
        assert self._transport
        self._transport.pause_reading()

    def read_on(self) -> None:
        assert self._transport
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._raw += data
        if not self._head.is_set():
            head, found, rest = bytes(self._raw).partition(b"\r\n\r\n")
            if not found:
                return
            status, *fields = head.decode().split("\r\n")
            self.status = int(status.split()[1])
            self.headers = {name.lower(): text for name, _, text in (field.partition(": ") for field in fields)}
            self._raw = bytearray(rest)
            self._head.set()
        self._unchunk()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True

    def _unchunk(self) -> None:
        while (end := self._raw.find(b"\r\n")) >= 0:
            size = int(self._raw[:end], 16)
            if len(self._raw) < end + 2 + size + 2:
                break
            self.body += self._raw[end + 2 : end + 2 + size]
            assert self._raw[end + 2 + size : end + 4 + size] == b"\r\n"
            del self._raw[: end + 4 + size]
            self.ended = size == 0

    @property
    def events(self) -> list[Received]:
        return parse(bytes(self.body))

    def of(self, event: str) -> list[Received]:
        return [received for received in self.events if received.event == event]

    @property
    def numbers(self) -> list[int]:
        return [received.data["n"] for received in self.of("progress")]
