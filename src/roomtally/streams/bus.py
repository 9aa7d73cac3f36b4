"""The bus: copies of committed events, from the process that committed them to every process with viewers.

Nothing depends on it. A message may be lost, doubled, late or out of order; the hub finds out by the numbers and the sweep.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from roomtally.db.valkey import Valkey
from roomtally.streams.source import Event
from roomtally.telemetry import stream_metrics

log = structlog.get_logger()


class Message(msgspec.Struct, frozen=True, gc=False):
    """All events of one transaction. `committed_at` (unix seconds) holds for each that has none of its own."""

    topic: UUID
    epoch: str
    committed_at: float | None
    events: list[Event]


class Heard(msgspec.Struct, frozen=True, gc=False):
    """The same for who listens to one topic and knows which."""

    epoch: str
    committed_at: float | None
    events: list[Event]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Message).decode
_hear = msgspec.json.Decoder(Heard).decode


def channel(topic: UUID) -> str:
    return f"roomtally:topic:{topic}"


def encode(topic: UUID, epoch: str, events: Sequence[Event], committed_at: float | None) -> bytes:
    return _encode(Message(topic, epoch, committed_at, list(events)))


def decode(text: bytes) -> Message:
    """Raises `msgspec.DecodeError` for anything that `encode` did not write."""
    return _decode(text)


def hear(text: bytes) -> Heard:
    """As `decode`."""
    return _hear(text)


class Publisher:
    """Sends after COMMIT; what does not arrive is found by the sweep of each process."""

    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def publish(self, topic: UUID, epoch: str, events: Sequence[Event], committed_at: float | None) -> None:
        """Never raises and takes 250 ms at most. All events of a transaction go in one message."""
        try:
            message = encode(topic, epoch, events, committed_at)
            await self._client.guarded(self._client.publish(channel(topic), message), "publish")
        except Exception:
            stream_metrics.STREAM_FAILURES.labels("publish").inc()
            log.exception("publish_failed", topic=str(topic))
