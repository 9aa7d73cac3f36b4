"""One open stream: a cursor into its topic and the server's own `send`. No queue, no task, no timer.

granian's `send` hands back a bare awaitable when the bytes are on their way and a future when the socket is full: then the
stream is busy, and when the future is done all that it missed goes as one chunk. `send` never raises after a disconnect, it is
`receive` that tells. After the last chunk `receive` returns too, so that ending a stream needs no cancellation.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec
import structlog

from roomtally.streams import sse
from roomtally.streams.ids import EventId
from roomtally.telemetry import metrics

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
    """Who opens a stream. `last_n` is the topic's number by the query that let them in; `after` is what they have seen.

    `on_close` is called once, when the stream that `Hub.attach` returned is gone.
    """

    credential_id: UUID
    user_id: UUID
    last_n: int = 0
    after: EventId | None = None
    address: str = ""
    on_close: Callable[[], None] | None = None


class Followed(Protocol):
    """A topic, as its streams see it."""

    last: int
    shown_at: float

    def newest(self) -> sse.Chunk | None:
        """The newest change, the same object for all streams; None while the topic is read anew."""
        ...

    def state(self) -> bytes | None:
        """The newest state as a frame for somebody who has just come; None as above."""
        ...


class Keeper(Protocol):
    """The hub, as its streams see it."""

    def opened(self, stream: "Stream") -> None:
        """The response has begun."""
        ...

    def forget(self, stream: "Stream") -> None:
        """The stream ends: it follows its topic no longer."""
        ...

    def closed(self, stream: "Stream") -> None:
        """The connection is gone. May be told twice."""
        ...


class Stream:
    """Made by `Hub.attach` when its topic is ready, then `run` by the response. Until then it counts as busy."""

    __slots__ = (
        "_cut",
        "_final",
        "_keeper",
        "_send",
        "_task",
        "busy",
        "busy_since",
        "cursor",
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
        "topic",
        "touched_at",
        "viewer",
    )

    def __init__(self, viewer: Viewer, topic: Followed | None, keeper: Keeper, expires_at: float) -> None:
        self.viewer, self.topic, self._keeper, self.expires_at = viewer, topic, keeper, expires_at
        self.busy, self.started, self._cut = True, False, False
        self.cursor = self.spoke = -1
        self.touched_at = self.busy_since = 0.0
        self.id = secrets.token_hex(8)
        self.opened_at = time.time()
        self.headers: Sequence[tuple[bytes, bytes]] = ()  # of the response, beside those that each stream has
        self.sent_chunks = self.sent_bytes = 0  # nearly all chunks are one event
        self.prefix = sse.retry(sse.retry_ms())  # goes out before the next frame
        self.reason: Reason | None = None
        self._final: bytes | None = None
        self._send: Send | None = None
        self._task: asyncio.Task[object] | None = None

    async def run(self, receive: Receive, send: Send) -> None:
        """Sends the head and what is there already, then waits for the end. `send` must be the server's own."""
        self._task, self.started = asyncio.current_task(), True
        try:
            self._send = await _opened(send, self.headers)
            self.busy = False
            self._keeper.opened(self)
            self.flush()
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
        """Everything behind the cursor, as one chunk; the last chunk where the stream ends."""
        try:
            message = self._behind()
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
        self.topic = None
        if not self.busy:
            self.flush()

    def cut(self, reason: Reason) -> None:
        """For a stream whose socket takes nothing: the connection is closed without a last word."""
        self.busy = self._cut = True
        self.end(reason, sse.farewell())
        if self._task:
            self._task.cancel()
        else:
            self._keeper.closed(self)

    def quiet_since(self) -> float:
        """When it last got bytes, by the monotonic clock."""
        if self.topic and self.cursor == self.topic.last:
            return max(self.touched_at, self.topic.shown_at)
        return self.touched_at

    def _behind(self) -> sse.Chunk | None:
        if self._final is not None:
            body, self._final, self.busy = self.prefix + self._final, None, True
            _count(LAST_EVENT.get(self.reason, "retry"), len(body))
            return sse.chunk(body, more=False)
        topic = self.topic
        if topic is None or not (self.prefix or self.cursor < topic.last):
            return None
        if self.prefix:
            state = topic.state()
            message = None if state is None else sse.chunk(self.prefix + state)
        else:
            message = topic.newest()
        if message is not None:
            self.prefix, self.cursor = b"", topic.last
            _count("progress", len(message["body"]))
        return message

    def _drained(self, _future: object) -> None:
        if self.reason is None or self._final is not None:
            self.busy = False
            self.flush()

    def _fail(self, error: Exception) -> None:
        metrics.STREAM_FAILURES.labels("connection").inc()
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


def _count(event: str, size: int) -> None:
    metrics.STREAM_EVENTS.labels(event).inc()
    metrics.STREAM_BYTES.inc(size)
