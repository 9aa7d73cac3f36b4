"""What the storm knows of its batches beside the database, and what it found wrong."""

import collections
import random
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import errors as pg_errors

from roomtally import errors
from roomtally.batches.model import Snapshot
from tests.fixtures.batches import Batch

T = TypeVar("T")
GONE = (psycopg.OperationalError, psycopg.InterfaceError)


@dataclass
class Follow:
    """A viewer's state of one batch, and snapshots that others took, by number."""

    batch: Batch
    seen: Snapshot
    born: float = field(default_factory=time.monotonic)
    gone: bool = False
    past: dict[int, Snapshot] = field(default_factory=dict[int, Snapshot])
    taken: dict[int, Snapshot] = field(default_factory=dict[int, Snapshot])


@dataclass
class LossyHints:
    """A queue that loses a tenth of what it is given and doubles another tenth, unless the sky is calm."""

    random: random.Random
    calm: bool = False
    waiting: collections.deque[UUID] = field(default_factory=collections.deque[UUID])

    async def hint(self, photo_ids: Sequence[UUID], traceparent: str | None = None) -> bool:
        for photo in photo_ids:
            dice = 1 if self.calm else self.random.random()
            self.waiting.extend([photo] * ((dice > 0.1) + (0.1 < dice < 0.2)))
        return True

    async def lag(self) -> int | None:
        return len(self.waiting)

    async def consumers(self) -> int | None:
        return 8


class Ledger:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.hints = LossyHints(self.random)
        self.live: dict[UUID, Follow] = {}
        self.first: dict[UUID, Snapshot] = {}
        self.won: dict[UUID, str] = {}
        self.lost: set[UUID] = set()
        self.word: dict[UUID, int] = {}
        self.stats: collections.Counter[str] = collections.Counter()
        self.wrong: dict[str, str] = {}
        self.stop = self.calm = self.closing = False

    def blame(self, what: str, detail: object = "") -> None:
        self.stats[f"WRONG: {what}"] += 1
        self.wrong.setdefault(what, str(detail)[:600])

    async def guard(self, call: Awaitable[T]) -> T | None:
        """What `call` gives; None where a rule of the product refused it. What the database refused is written down."""
        try:
            return await call
        except errors.RoomtallyError as error:
            self.stats[error.slug] += 1
        except pg_errors.DeadlockDetected as error:
            self.blame("deadlock", error)
        except psycopg.IntegrityError as error:
            self.blame(f"CHECK or UNIQUE fired: {error.diag.constraint_name or error.diag.column_name}", error)
        return None

    @property
    def compared(self) -> int:
        """Snapshots that were, or batches that can be at the end: the fewer of the two. One in four is deleted before."""
        return min(self.stats["snapshots compared"], len(self.first) * 3 // 4)

    def compare(self, follow: Follow) -> None:
        """Snapshots that others took, with what the viewer had at the same number."""
        for n in follow.taken.keys() & follow.past.keys():
            self.stats["snapshots compared"] += 1
            if (taken := follow.taken.pop(n)) != follow.past[n]:
                self.blame("a snapshot differs from the folded events", (n, taken, follow.past[n]))


def stamp(claim: UUID) -> float:
    """A number that a claim leaves in its items' boxes, to tell later whose they are."""
    return claim.int % 1_000_003 / 1_000_003
