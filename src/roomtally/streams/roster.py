"""The open streams of this process, as an operator sees them."""

from datetime import UTC, datetime
from heapq import nsmallest
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.streams.connection import Stream
from roomtally.streams.hub import Hub


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """`last_event`: the newest that the viewer has, None before the first. `waits`: the socket takes nothing just now."""

    id: str
    user_id: UUID
    address: str
    opened_at: datetime
    topics: list[UUID]
    last_event: str | None
    events: int
    bytes: int
    waits: bool


def entries(hub: Hub, limit: int) -> list[Entry]:
    """Up to `limit` of them, the oldest first."""
    return [_entry(stream) for stream in nsmallest(limit, hub.streams(), key=lambda s: s.opened_at)]


def close(hub: Hub, stream_id: str) -> None:
    """Raises NotFound where this process has no such stream."""
    if not hub.close(stream_id):
        raise errors.NotFound("stream-not-found", "This process has no such stream; it may have ended.")


def _entry(stream: Stream) -> Entry:
    return Entry(
        id=stream.id,
        user_id=stream.viewer.user_id,
        address=stream.viewer.address,
        opened_at=datetime.fromtimestamp(stream.opened_at, UTC),
        topics=list(stream.followed()),
        last_event=stream.position(),
        events=stream.sent_chunks,
        bytes=stream.sent_bytes,
        waits=stream.busy,
    )
