"""One open stream: its place in what it follows, and the server's own `send`. No queue of events, no task, no timer.

granian's `send` hands back a bare awaitable when the bytes are on their way and a future when the socket is full: then the
stream is busy, and when the future is done all that it missed goes as one chunk. `send` never raises after a disconnect, it is
`receive` that tells. After the last chunk `receive` returns too, so that ending a stream needs no cancellation.
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec
import structlog

from roomtally.streams import sse
from roomtally.streams.counts import Counts
from roomtally.streams.source import Words
from roomtally.telemetry import stream_metrics

Reason = Literal["client", "complete", "timeout", "drain", "session-ended", "deleted", "error", "slow", "operator"]
Send = Callable[[Any], Awaitable[object]]
Receive = Callable[[], Awaitable[Mapping[str, object]]]

LAST_EVENT: dict[Reason | None, str] = {
    "complete": "complete",
    "timeout": "timeout",
    "session-ended": "error",
    "deleted": "error",
    "operator": "error",
}

log = structlog.get_logger()


class Viewer(msgspec.Struct, frozen=True):
    """Who opens a stream. `delta`: after the first state they are sent the changes only.

    `on_close` is called once, when the stream that the hub returned is gone.
    """

    credential_id: UUID
    user_id: UUID
    delta: bool = False
    address: str = ""
    on_close: Callable[[], None] | None = None


class Keeper(Protocol):
    """The hub, as its streams see it."""

    @property
    def epoch(self) -> str: ...
    @property
    def words(self) -> Words: ...
    @property
    def counts(self) -> Counts: ...

    def opened(self, stream: "Stream") -> None:
        """The response has begun."""
        ...

    def follow_up(self, stream: "Stream") -> None:
        """`stream.flush()` when all topics that speak now have spoken."""
        ...

    def let_go(self, stream: "Stream", key: UUID) -> None:
        """The stream follows this topic no longer."""
        ...

    def forget(self, stream: "Stream") -> None:
        """The stream ends: it follows nothing any longer."""
        ...

    def closed(self, stream: "Stream") -> None:
        """The connection is gone. May be told twice."""
        ...


class Stream(ABC):
    """Made by the hub when its topics are ready, then `run` by the response. Until then it counts as busy.

    What it follows, and what is behind its cursors, is for `Single` and `Many` to say.
    """

    __slots__ = (
        "_cut",
        "_final",
        "_keeper",
        "_send",
        "_task",
        "asked_at",
        "busy",
        "busy_since",
        "expires_at",
        "headers",
        "id",
        "opened_at",
        "prefix",
        "reason",
        "sent_bytes",
        "sent_chunks",
        "spoke",
        "started",
        "touched_at",
        "viewer",
    )

    def __init__(self, viewer: Viewer, keeper: Keeper, expires_at: float) -> None:
        self.viewer, self._keeper, self.expires_at = viewer, keeper, expires_at
        self.busy, self.started, self._cut = True, False, False
        self.spoke = -1
        self.touched_at = self.busy_since = 0.0
        self.id = f"{random.getrandbits(64):016x}"
        self.opened_at = time.time()
        self.asked_at = time.perf_counter()  # when the request came
        self.headers: Sequence[tuple[bytes, bytes]] = ()  # of the response, beside those that each stream has
        self.sent_chunks = self.sent_bytes = 0  # nearly all chunks are one event
        self.prefix = sse.retry(sse.retry_ms())  # goes out before the next frame
        self.reason: Reason | None = None
        self._final: bytes | None = None
        self._send: Send | None = None
        self._task: asyncio.Task[object] | None = None

    @abstractmethod
    def followed(self) -> Iterable[UUID]:
        """The topics that it follows."""

    @abstractmethod
    def position(self) -> str | None:
        """The id that its client would come back with, once all that was sent has arrived."""

    @abstractmethod
    def quiet_since(self) -> float:
        """When it last got bytes, by the monotonic clock."""

    @abstractmethod
    def _behind(self) -> sse.Chunk | None:
        """All that it has not been sent yet, as one chunk; None where that is nothing. Moves the cursors."""

    @abstractmethod
    def _let_go(self) -> None:
        """It follows nothing any more."""

    def _last(self, final: bytes) -> bytes:
        """The last chunk, with what must come before it; a block may say `retry:` only once."""
        begun = self.prefix[:-1].rpartition(b"\n")[2]
        return (self.prefix[: -len(begun) - 1] if begun and final.startswith(b"retry: ") else self.prefix) + final

    @property
    def was_cut(self) -> bool:
        """It got no last word, and its connection is to be closed from our side."""
        return self._cut

    async def run(self, receive: Receive, send: Send) -> None:
        """Sends the head and what is there already, then waits for the end. `send` must be the server's own."""
        self._task, self.started = asyncio.current_task(), True
        try:
            self._send = await _opened(send, self.headers)
            self.busy = False
            self._keeper.opened(self)
            self.flush()
            stream_metrics.STREAM_FIRST_EVENT.observe(time.perf_counter() - self.asked_at)
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self._cut:
                raise
            if self._task:
                self._task.uncancel()
        finally:
            self.busy = True
            self._keeper.closed(self)

    def push(self, message: sse.Chunk) -> None:
        """Writes without waiting. Never raises: it is called in loops over all streams of a topic."""
        try:
            pending = self._send(message)  # pyright: ignore[reportOptionalCall] -- a stream without it is busy
            self.sent_chunks += 1
            self.sent_bytes += len(message["body"])
            if hasattr(pending, "add_done_callback"):
                self.busy, self.busy_since = True, time.monotonic()
                pending.add_done_callback(self._drained)  # pyright: ignore[reportAttributeAccessIssue] -- as asked above
        except Exception as error:
            self._fail(error)

    def flush(self) -> None:
        """Everything that is behind, as one chunk; the last chunk where the stream ends. Nothing while it is busy."""
        if self.busy:
            return
        try:
            message = self._behind() if self._final is None else self._farewell(self._final)
        except Exception as error:
            self._fail(error)
            return
        if message is not None:
            self.touched_at = time.monotonic()
            self.push(message)

    def end(self, reason: Reason, final: bytes) -> None:
        """`final` is the last that goes out, at once or when the socket takes it. Only the first end counts."""
        if self.reason is not None:
            return
        self.reason, self._final = reason, final
        self._keeper.forget(self)
        self._let_go()
        self.flush()

    def cut(self, reason: Reason) -> None:
        """For a stream whose socket takes nothing: the connection is closed without a last word."""
        self.busy = self._cut = True
        self.end(reason, sse.farewell())
        if self._task:
            self._task.cancel()
        else:
            self._keeper.closed(self)

    def _farewell(self, final: bytes) -> sse.Chunk:
        message = sse.chunk(self._last(final), more=False)
        self._final, self.busy = None, True
        self._count(LAST_EVENT.get(self.reason, "retry"), 1, message)
        return message

    def _count(self, event: str, events: int, message: sse.Chunk) -> None:
        self._keeper.counts.add(event, events, len(message["body"]))

    def _drained(self, _future: object) -> None:
        if self.reason is None or self._final is not None:
            self.busy = False
            self.flush()

    def _fail(self, error: Exception) -> None:
        stream_metrics.STREAM_FAILURES.labels("connection").inc()
        log.error("stream_failed", credential=str(self.viewer.credential_id), exc_info=error)
        self.busy = True
        asyncio.get_running_loop().call_soon(
            self.cut, "error"
        )  # later: this may be inside a loop over the topic's streams


async def _opened(send: Send, headers: Sequence[tuple[bytes, bytes]]) -> Send:
    """Sends the head. Servers whose `send` is a coroutine get one task per chunk: correct, but slow."""
    pending = send(sse.start(headers))
    await pending
    if not asyncio.iscoroutine(pending):
        return send
    loop = asyncio.get_running_loop()
    return lambda message: loop.create_task(_sent(send, message))


async def _sent(send: Send, message: object) -> None:
    await send(message)
