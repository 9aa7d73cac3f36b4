"""Server-Sent Events as bytes, and the ASGI messages that carry them."""

import secrets
from collections.abc import Sequence
from typing import TypedDict

import msgspec

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
RETRY_MS = (1000, 3000)  # each stream its own: clients that were cut together must not come back together

_encode = msgspec.json.Encoder().encode
_random = secrets.SystemRandom()


class Chunk(TypedDict):
    type: str
    body: bytes
    more_body: bool


class Start(TypedDict):
    type: str
    status: int
    headers: list[tuple[bytes, bytes]]


def start(headers: Sequence[tuple[bytes, bytes]] = ()) -> Start:
    return {"type": "http.response.start", "status": 200, "headers": [*HEADERS, *headers]}


def chunk(body: bytes, *, more: bool = True) -> Chunk:
    return {"type": "http.response.body", "body": body, "more_body": more}


def frame(event: str, data: bytes, event_id: str | None = None) -> bytes:
    """One event. Raises ValueError on a line break in `data`: the rest would be read as fields of its own."""
    if b"\n" in data or b"\r" in data:
        raise ValueError(f"line break in the data of {event}")
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id else f"event: {event}\ndata: "
    return b"%b%b\n\n" % (head.encode(), data)


def retry_ms() -> int:
    return _random.randint(*RETRY_MS)


def retry(ms: int) -> bytes:
    """The first line of a block; the event that follows belongs to it. A block of its own looks like an empty event to some
    clients, so only a stream that ends with nothing else to say sends one (`farewell`)."""
    return b"retry: %d\n" % ms


def farewell() -> bytes:
    """When to come back, and nothing else."""
    return retry(retry_ms()) + b"\n"


def ping(unix_seconds: float) -> bytes:
    return frame("ping", b'{"timestamp":%d}' % (unix_seconds * 1000))


def timeout(ms: int) -> bytes:
    """For clients that read events, and as a field for plain EventSource, which reads `retry:` only."""
    return b"retry: %d\n%b" % (ms, frame("timeout", b'{"retryMs":%d}' % ms))


def error(code: str, message: str, *, retryable: bool) -> bytes:
    return frame("error", _encode({"code": code, "message": message, "retryable": retryable}))


def reset(reason: str) -> bytes:
    """What the client knows is of another history; the snapshot that follows replaces it, even by a lower number."""
    return frame("reset", _encode({"reason": reason}))


def jitter(value: float, share: float) -> float:
    """`value` moved by up to +-`share` of it."""
    return value * _random.uniform(1 - share, 1 + share)
