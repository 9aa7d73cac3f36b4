"""The bus: copies of committed events, from the process that committed them to every process with viewers.

Nothing depends on it. A message may be lost, doubled, late or out of order; the hub finds out by the numbers and the sweep.

A message begins with a byte that says how it is written. As frames: the epoch, then a record for each event, with the frame that
viewers of changes get, so that a hub copies it to its sockets and decodes nothing. As JSON (its `{` is the byte): what cannot be
a frame, and all that processes send which do not know of frames yet (docs/adr/0019).
"""

import struct
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import structlog

from roomtally.db.valkey import Valkey
from roomtally.streams import sse
from roomtally.streams.source import Copy, Event, Fact
from roomtally.telemetry import stream_metrics

FRAMES = b"\x02"

_HEAD = struct.Struct(">c12s")  # how it is written, the epoch
# n, run, committed_at (unix seconds, 0: not known), lengths of type, trace (0: none) and frame
_RECORD = struct.Struct(">qIdBBI")

log = structlog.get_logger()


class Heard(msgspec.Struct, frozen=True, gc=False):
    """All events of one transaction. `committed_at` (unix seconds) holds for each that has none of its own."""

    epoch: str
    committed_at: float | None
    events: list[Event]


_encode_text = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(Heard).decode
_unpack, _RECORD_BYTES = _RECORD.unpack_from, _RECORD.size


def channel(topic: UUID) -> str:
    return f"roomtally:topic:{topic}"


def encode(epoch: str, events: Sequence[Event], committed_at: float | None) -> bytes:
    """`committed_at` holds for each event that has none of its own."""
    try:
        records = [_record(epoch, event, event.committed_at or committed_at) for event in events]
    except (ValueError, struct.error):
        return encode_text(epoch, events, committed_at)
    return b"".join([_HEAD.pack(FRAMES, epoch.encode()), *records])


def encode_text(epoch: str, events: Iterable[Event], committed_at: float | None) -> bytes:
    """As JSON."""
    return _encode_text(Heard(epoch, committed_at, list(events)))


def decode(message: bytes) -> tuple[str, Sequence[Fact]]:
    """The epoch and the events. Raises `msgspec.DecodeError` for anything that `encode` did not write."""
    if not message.startswith(FRAMES):
        return _of_text(message)
    try:
        return message[1 : _HEAD.size].decode(), _of_records(message, _HEAD.size)
    except (struct.error, UnicodeDecodeError) as error:
        raise msgspec.DecodeError("a broken message of frames") from error


def _record(epoch: str, event: Event, at: float | None) -> bytes:
    """Raises ValueError where it cannot be a frame."""
    frame = sse.change(f"{epoch}-{event.n}", event.type, bytes(event.payload), at)
    type_, trace = event.type.encode(), (event.trace or "").encode()
    head = _RECORD.pack(event.n, event.run, at or 0.0, len(type_), len(trace), len(frame))
    return b"".join((head, type_, trace, frame))


def _of_records(message: bytes, place: int) -> list[Copy]:
    copies: list[Copy] = []
    while place < len(message):
        n, run, at, type_length, trace_length, length = _unpack(message, place)
        place += _RECORD_BYTES
        traced = place + type_length
        middle = traced + trace_length
        type_, trace = message[place:traced].decode(), message[traced:middle].decode() if trace_length else None
        place = middle + length
        copies.append(Copy(n, run, type_, at or None, message[middle:place], trace))
    if place != len(message):
        raise msgspec.DecodeError("a message that was cut short")
    return copies


def _of_text(message: bytes) -> tuple[str, list[Event]]:
    heard = _decode_text(message)
    stamped = [
        event if event.committed_at else msgspec.structs.replace(event, committed_at=heard.committed_at)
        for event in heard.events
    ]
    return heard.epoch, stamped


class Publisher:
    """Sends after COMMIT; what does not arrive is found by the sweep of each process."""

    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def publish(self, topic: UUID, epoch: str, events: Sequence[Event], committed_at: float | None) -> None:
        """Never raises and takes 250 ms at most. All events of a transaction go in one message."""
        try:
            message = encode(epoch, events, committed_at)
            await self._client.guarded(self._client.publish(channel(topic), message), "publish")
        except Exception:
            stream_metrics.STREAM_FAILURES.labels("publish").inc()
            log.exception("publish_failed", topic=str(topic))
