"""Server-Sent Events as bytes, and the ASGI messages that carry them."""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypedDict

import msgspec

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
RETRY_MS = (1000, 3000)  # each stream its own: clients that were cut together must not come back together

_CHANGE, _TYPE = "\nevent: change\ndata: ", ',"type":'  # what is before a payload, and behind it
_BEFORE, _BEHIND = _CHANGE.encode(), _TYPE.encode()

_encode = msgspec.json.Encoder().encode
_random = random.Random()  # noqa: S311 - to spread work, no secret; the system's costs a call of the kernel each time


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
    _refuse_breaks(event, data)
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id else f"event: {event}\ndata: "
    return b"%b%b\n\n" % (head.encode(), data)


def change(event_id: str, type_: str, payload: bytes, committed_at: float | None) -> bytes:
    """An event's own payload, as it is, and three fields more. Raises ValueError where it is not an object on one line."""
    _refuse_breaks("change", payload)
    if payload[:1] != b"{" or payload[-1:] != b"}" or len(payload) == 2:
        raise ValueError(f"the payload of {type_} is no object with members")
    head = f"id: {event_id}{_CHANGE}"
    at = "" if committed_at is None else f',"committedAt":{committed_at * 1000:.3f}'
    tail = f'{_TYPE}{_quoted(type_)},"eventId":"{event_id}"{at}}}\n\n'
    return b"".join((head.encode(), payload[:-1], tail.encode()))


def payload(change_: bytes) -> bytes:
    """Of one `change`, as it was."""
    return change_[change_.index(_BEFORE) + len(_BEFORE) : change_.rindex(_BEHIND)] + b"}"


@lru_cache(256)
def _quoted(text: str) -> str:
    return _encode(text).decode()


def without_id(frames: bytes) -> bytes:
    """The same events for a stream that shares them with streams of other topics; it says by itself where it is."""
    return b"".join([line for line in frames.splitlines(keepends=True) if not line.startswith(b"id: ")])


def position(event_id: str) -> bytes:
    """An id without an event: EventSource keeps it, and nobody is told."""
    return b"id: %b\n\n" % event_id.encode()


def _refuse_breaks(event: str, data: bytes) -> None:
    if b"\n" in data or b"\r" in data:
        raise ValueError(f"line break in the data of {event}")


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


def error(code: str, message: str, *, retryable: bool, about: Mapping[str, object] | None = None) -> bytes:
    """`about`: the one topic for which it is over; the stream goes on."""
    return frame("error", _encode({**(about or {}), "code": code, "message": message, "retryable": retryable}))


def reset(reason: str, about: Mapping[str, object] | None = None) -> bytes:
    """What the client knows is of another history; the snapshot that follows replaces it, even by a lower number. `about`: of
    which topic."""
    return frame("reset", _encode({**(about or {}), "reason": reason}))


def jitter(value: float, share: float) -> float:
    """`value` moved by up to +-`share` of it."""
    return value * _random.uniform(1 - share, 1 + share)
