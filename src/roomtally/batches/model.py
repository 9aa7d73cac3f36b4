"""A batch, its photos and its items: words, the table of what each call does in each state, the shape that clients see."""

from enum import Enum, StrEnum
from typing import NewType
from uuid import UUID

import msgspec

BatchId = NewType("BatchId", UUID)
PhotoId = NewType("PhotoId", UUID)
ItemId = NewType("ItemId", UUID)
UploadId = NewType("UploadId", UUID)
ClaimId = NewType("ClaimId", UUID)

MAX_ATTEMPTS = 3  # deaths of a worker that one photo may cost; the CHECK photo_attempts_are_bounded says the same
ATTEMPTS_SPENT = "The photo could not be processed: three attempts ended without a result."


class BatchStatus(StrEnum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


class PhotoStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    DONE = "DONE"
    ERROR = "ERROR"


FINISHED = frozenset({BatchStatus.COMPLETED, BatchStatus.PARTIAL, BatchStatus.FAILED, BatchStatus.CANCELLED})
READY = frozenset({PhotoStatus.DONE, PhotoStatus.ERROR})  # a person may correct the items of such a photo


# --- what each call does in each state ----------------------------------------------------------------------------------


class State(StrEnum):
    """A batch's status, with `paused` and the tombstone folded in."""

    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    DELETED = "deleted"


class Call(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY_FAILED = "retry-failed, a photo is ERROR"
    RETRY_NONE_FAILED = "retry-failed, none is ERROR"
    RETRY_ERROR = "retry photo, it is ERROR"
    RETRY_OPEN = "retry photo, it is PENDING or PROCESSING"
    RETRY_DONE = "retry photo, it is DONE"
    CORRECT_READY = "correct an item, photo DONE or ERROR"
    CORRECT_OPEN = "correct an item, photo PENDING or PROCESSING"
    DELETE = "delete"
    CLAIM = "claim"
    END = "finish, release, expire"


class Decision(Enum):
    """What a call does. APPLY and NEW_RUN write events; NO_OP answers with the snapshot; the others change nothing."""

    APPLY = "done"
    NEW_RUN = "done, run + 1"
    NO_OP = "no-op"
    CANCELLED = "409 batch-cancelled"
    FINISHED = "409 batch-finished"
    PHOTO_DONE = "409 photo-done"
    NOT_READY = "409 photo-not-ready"
    NOT_FOUND = "404"
    REFUSED = "refused"
    IMPOSSIBLE = "-"


_STATES = tuple(State)
_DO, _RUN, _NOP, _CAN, _FIN, _PHO, _NRD, _404, _REF, _IMP = Decision

# Columns: QUEUED, PROCESSING, PAUSED, CANCELLING, CANCELLED, COMPLETED, PARTIAL, FAILED, deleted.
_TABLE: dict[Call, tuple[Decision, ...]] = {
    Call.PAUSE: (_DO, _DO, _NOP, _CAN, _CAN, _FIN, _FIN, _FIN, _404),
    Call.RESUME: (_NOP, _NOP, _DO, _CAN, _CAN, _FIN, _FIN, _FIN, _404),
    Call.CANCEL: (_DO, _DO, _DO, _NOP, _NOP, _FIN, _FIN, _FIN, _404),
    Call.RETRY_FAILED: (_DO, _DO, _DO, _CAN, _CAN, _IMP, _RUN, _RUN, _404),
    Call.RETRY_NONE_FAILED: (_NOP, _NOP, _NOP, _CAN, _CAN, _NOP, _IMP, _IMP, _404),
    Call.RETRY_ERROR: (_DO, _DO, _DO, _CAN, _CAN, _IMP, _RUN, _RUN, _404),
    Call.RETRY_OPEN: (_NOP, _NOP, _NOP, _CAN, _CAN, _IMP, _IMP, _IMP, _404),
    Call.RETRY_DONE: (_PHO, _PHO, _PHO, _CAN, _CAN, _PHO, _PHO, _IMP, _404),
    Call.CORRECT_READY: (_DO, _DO, _DO, _DO, _RUN, _RUN, _RUN, _RUN, _404),
    Call.CORRECT_OPEN: (_NRD, _NRD, _NRD, _NRD, _NRD, _IMP, _IMP, _IMP, _404),
    Call.DELETE: (_DO, _DO, _DO, _DO, _DO, _DO, _DO, _DO, _404),
    Call.CLAIM: (_DO, _DO, _REF, _REF, _REF, _IMP, _IMP, _IMP, _REF),
    Call.END: (_IMP, _DO, _DO, _DO, _IMP, _IMP, _IMP, _IMP, _REF),
}


def decide(call: Call, state: State) -> Decision:
    """What `call` does to a batch in `state`. IMPOSSIBLE: a CHECK forbids the state that it would need."""
    return _TABLE[call][_STATES.index(state)]


def state_of(status: BatchStatus, *, paused: bool) -> State:
    return State.PAUSED if paused else State(status.value)


def retry_call(status: PhotoStatus) -> Call:
    """Which row of the table the retry of one photo is."""
    match status:
        case PhotoStatus.ERROR:
            return Call.RETRY_ERROR
        case PhotoStatus.DONE:
            return Call.RETRY_DONE
        case PhotoStatus.PENDING | PhotoStatus.PROCESSING:
            return Call.RETRY_OPEN


# --- what an analyzer or a person says about a photo --------------------------------------------------------------------


class FoundItem(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one label on one photo. `litres` is the volume of one; boxes are x1, y1, x2, y2 from 0 to 1."""

    label: str
    count: int
    litres: int
    confidence: float | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    proposed: bool = False  # inferred from other things, not seen


# --- the snapshot: the whole progress of a batch at one event number ----------------------------------------------------


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what clients see: camelCase, ids and times as text, volumes in m3 (whole litres, so 3 decimals)."""


class Counts(Wire, frozen=True):
    queued: int
    processing: int
    completed: int
    failed: int
    total: int


class Photo(Wire, frozen=True):
    id: str
    filename: str
    status: PhotoStatus
    room_type: str | None
    item_count: int
    volume: float
    error: str | None


class RoomSum(Wire, frozen=True):
    room_type: str
    items: int
    volume: float


class ItemSum(Wire, frozen=True):
    label: str
    count: int
    volume: float


class Summary(Wire, frozen=True):
    total_items: int
    total_volume: float
    by_room: tuple[RoomSum, ...] = ()
    by_item: tuple[ItemSum, ...] = ()


class Snapshot(Wire, frozen=True):
    batch_id: str
    project_id: str
    status: BatchStatus
    paused: bool
    run: int
    progress: int
    counts: Counts
    photos: tuple[Photo, ...]
    inventory_summary: Summary | None
    event_id: str
    created_at: str
    updated_at: str

    @property
    def n(self) -> int:
        """The number of the last event that is in here."""
        return int(self.event_id.rpartition("-")[2])

    @property
    def finished(self) -> bool:
        return self.status in FINISHED
