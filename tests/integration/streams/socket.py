"""One connection as granian gives it to an application: `send` and `receive`, and a client that reads when the test says so."""

import asyncio
from typing import Any, NamedTuple

import msgspec


class Received(NamedTuple):
    event: str
    id: str | None
    data: Any


class Done:
    """What granian's `send` hands back when the bytes are on their way: it can be awaited, and nothing else."""

    def __await__(self) -> Any:
        return iter(())


class Socket:
    """While it is `stalled`, `send` hands back a future, as granian does when the kernel's buffer is full."""

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.body = b""
        self.chunks: list[bytes] = []
        self.ended = False
        self.stalled = False
        self.error: Exception | None = None
        self._waiting: list[tuple[asyncio.Future[None], Any]] = []
        self._over = asyncio.Event()
        self._asked = False

    def send(self, message: Any) -> Any:
        if self.error:
            raise self.error
        if message["type"] == "http.response.start":
            self.head = message
            return Done()
        if self.stalled:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((future, message))
            return future
        self._take(message)
        return Done()

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._over.set()

    def read_on(self) -> None:
        self.stalled = False
        waiting, self._waiting = self._waiting, []
        for future, message in waiting:
            self._take(message)
            if not future.cancelled():
                future.set_result(None)

    @property
    def unread(self) -> int:
        return len(self._waiting)

    def _take(self, message: Any) -> None:
        assert not self.ended, "bytes after the last chunk"
        self.chunks.append(message["body"])
        self.body += message["body"]
        if not message["more_body"]:
            self.ended = True
            self._over.set()

    @property
    def events(self) -> list[Received]:
        return parse(self.body)

    def of(self, event: str) -> list[Received]:
        return [received for received in self.events if received.event == event]

    @property
    def numbers(self) -> list[int]:
        """The `n` of every `progress`, in order."""
        return [received.data["n"] for received in self.of("progress")]

    @property
    def last_id(self) -> str | None:
        """As an EventSource keeps it."""
        ids = [line[4:] for line in self.body.decode().split("\n") if line.startswith("id: ")]
        return ids[-1] if ids else None


def parse(body: bytes) -> list[Received]:
    """All complete events, read strictly: an unknown field or a stray CR fails."""
    assert b"\r" not in body
    blocks = body.decode().split("\n\n")
    assert blocks[-1] == "", f"unfinished: {blocks[-1]!r}"
    found: list[Received] = []
    for block in blocks[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        assert fields.keys() <= {"id", "event", "data", "retry"}, block
        if "data" in fields:
            data = msgspec.json.decode(fields["data"])
            found.append(Received(fields.get("event", "message"), fields.get("id"), data))
    return found
