"""The data of each event of a stream, for the OpenAPI document, from which clients make their types.

The service sends none of these: its bytes come from the log and the snapshot as they are. A test reads real streams with them.
"""

from typing import Literal

import msgspec

from roomtally.batches.events import Change, EventType
from roomtally.batches.model import Snapshot, Wire
from roomtally.batches.service.feed import Complete


class ProgressEvent(Snapshot, frozen=True):
    """`progress`: the whole state. `committedAt`: unix milliseconds, where it is the news of a change."""

    committed_at: float | msgspec.UnsetType = msgspec.UNSET


class ChangeEvent(Change, frozen=True):
    """`change`: what an event changed, in delta mode."""

    type: EventType
    event_id: str
    committed_at: float | msgspec.UnsetType = msgspec.UNSET


class CompleteEvent(Complete, frozen=True):
    """`complete`: the end of a run."""

    committed_at: float | msgspec.UnsetType = msgspec.UNSET


class PingEvent(Wire, frozen=True):
    """`ping`: nothing else has happened for a while. `timestamp`: unix milliseconds."""

    timestamp: float


class TimeoutEvent(Wire, frozen=True):
    """`timeout`: the stream has been open for long; open it anew after so many milliseconds."""

    retry_ms: int


class ErrorEvent(Wire, frozen=True):
    """`error`: the stream, or one batch of several (`batchId`), ends here."""

    code: str
    message: str
    retryable: bool
    batch_id: str | msgspec.UnsetType = msgspec.UNSET


class ResetEvent(Wire, frozen=True):
    """`reset`: forget what you have (of `batchId`, where it is named); the whole state follows."""

    reason: Literal["epoch", "ahead"]
    batch_id: str | msgspec.UnsetType = msgspec.UNSET


StreamEvent = ProgressEvent | ChangeEvent | CompleteEvent | PingEvent | TimeoutEvent | ErrorEvent | ResetEvent
BY_NAME: dict[str, type[msgspec.Struct]] = {
    "progress": ProgressEvent,
    "change": ChangeEvent,
    "complete": CompleteEvent,
    "ping": PingEvent,
    "timeout": TimeoutEvent,
    "error": ErrorEvent,
    "reset": ResetEvent,
}
