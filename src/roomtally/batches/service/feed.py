"""What the hub is handed: batches as documents, their log, and what the database knows better."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from uuid import UUID

import msgspec

from roomtally.batches import events
from roomtally.batches.cache import SnapshotCache
from roomtally.batches.events import EventType
from roomtally.batches.model import FINISHED, BatchStatus, Counts, Snapshot, Summary, Wire
from roomtally.batches.service import reading
from roomtally.batches.service.loading import Together
from roomtally.batches.store import reads
from roomtally.batches.store.reads import LogRow, SweepRow
from roomtally.db.pool import Pool
from roomtally.streams.ring import RECALLED_EVENTS
from roomtally.streams.source import Event, Sweep, Words

CHUNK = 500  # topics whose log is read by one query
CONNECTIONS = 4  # two for snapshots, one each for the log and the sweep
LOG_LIMIT = RECALLED_EVENTS + 1  # a topic and read: what a viewer missed, and the event that it has

WORDS = Words("batchId", reading.batch_not_found, ("batch-deleted", "This batch has been deleted."))

_SNAPSHOT = msgspec.json.Decoder(Snapshot)


class _Gist(Wire, frozen=True):
    """What the hub must know of a snapshot."""

    run: int
    status: BatchStatus


_GIST = msgspec.json.Decoder(_Gist)


class Complete(Wire, frozen=True):
    """The data of `event: complete`."""

    batch_id: str
    project_id: str
    status: BatchStatus
    run: int
    progress: int
    counts: Counts
    inventory_summary: Summary | None
    event_id: str
    updated_at: str


class BatchDocument(msgspec.Struct, frozen=True):
    """A batch after its event `n`, as the hub keeps it. `finished` only with the event that says so, which comes in the same
    transaction as the one that brought the last status."""

    snapshot: Snapshot
    n: int
    finished: bool
    deleted: bool = False

    @property
    def run(self) -> int:
        return self.snapshot.run

    def fold(self, *events_: Event) -> "BatchDocument":
        """Raises events.Gap where an event in between is missing; known ones change nothing."""
        facts = [events.decode_event(event.n, event.run, event.type, event.payload) for event in events_]
        new = [fact for fact in facts if fact.n > self.n]
        if not new:
            return self
        return BatchDocument(
            events.reduce_all(self.snapshot, new),
            new[-1].n,
            finished=new[-1].type is EventType.BATCH_FINISHED,
            deleted=self.deleted or any(fact.type is EventType.BATCH_DELETED for fact in new),
        )

    def progress(self, committed_at: float | None) -> bytes:
        return _stamped(msgspec.json.encode(self.snapshot), committed_at)

    def complete(self, committed_at: float | None) -> bytes:
        return _stamped(
            msgspec.json.encode(msgspec.convert(self.snapshot, Complete, from_attributes=True)), committed_at
        )


class StoredDocument(msgspec.Struct, frozen=True):
    """A batch as it was read, until something happens to it: most viewers of a storm want these bytes and nothing else. To take
    them apart and put them together again was 6 us of each, and half the memory of a quiet topic."""

    body: bytes
    n: int
    run: int
    finished: bool
    deleted: bool = False

    @classmethod
    def of(cls, body: bytes, n: int) -> "StoredDocument":
        gist = _GIST.decode(body)
        return cls(body, n, gist.run, finished=gist.status in FINISHED)

    def fold(self, *events_: Event) -> "BatchDocument":
        """As BatchDocument does."""
        return self._apart().fold(*events_)

    def progress(self, committed_at: float | None) -> bytes:
        return _stamped(self.body, committed_at)

    def complete(self, committed_at: float | None) -> bytes:
        return self._apart().complete(committed_at)

    def _apart(self) -> BatchDocument:
        return BatchDocument(_SNAPSHOT.decode(self.body), self.n, finished=self.finished)


def _stamped(body: bytes, committed_at: float | None) -> bytes:
    """Milliseconds with three decimals: what is measured by it is a fraction of one."""
    return body if committed_at is None else b'%b,"committedAt":%.3f}' % (body[:-1], committed_at * 1000)


class BatchFeed:
    """A `streams.source.Source`. The pool should be its own, of CONNECTIONS: what it asks must not wait behind requests."""

    words = WORDS
    weighty = frozenset({EventType.BATCH_FINISHED.value, EventType.BATCH_DELETED.value})

    def __init__(self, pool: Pool, cache: SnapshotCache) -> None:
        self._pool = pool
        self._loads = Together(partial(reading.load, pool, cache), readers=2)

    async def snapshot(self, topic: UUID) -> StoredDocument | None:
        progress = await self._loads.ask(topic)
        if progress is None or progress.body is None:
            return None
        return StoredDocument.of(progress.body, progress.n)

    async def log(self, after: Mapping[UUID, int]) -> Mapping[UUID, list[Event]]:
        """Up to 500 events a topic; ask again after the last of them for more."""
        found: dict[UUID, list[Event]] = {}
        for chunk in _chunks(after):
            async with self._pool.connection() as conn:
                rows = await reads.read_log(conn, chunk, LOG_LIMIT)
            for row in rows:
                found.setdefault(row.batch_id, []).append(_event(row))
        return found

    async def sweep(self, known: Mapping[UUID, int], credentials: Collection[UUID]) -> Sweep:
        """One query: 5,000 topics take 21 ms of a connection on which nobody waits."""
        async with self._pool.connection() as conn:
            rows = await reads.sweep_topics(conn, known, credentials)
        return _sorted_out(rows)


def _sorted_out(rows: Sequence[SweepRow]) -> Sweep:
    kinds: dict[str, list[SweepRow]] = {"changed": [], "missing": [], "ended": [], "epoch": []}
    for row in rows:
        kinds[row.kind].append(row)
    [installation] = kinds["epoch"]
    return Sweep(
        changed={row.id: row.n for row in kinds["changed"]},
        missing={row.id for row in kinds["missing"]},
        ended={row.id for row in kinds["ended"]},
        epoch=installation.epoch,
    )


def _chunks(known: Mapping[UUID, int]) -> list[dict[UUID, int]]:
    items = iter(known.items())
    return [dict(islice(items, CHUNK)) for _ in range(0, len(known), CHUNK)]


def _event(row: LogRow) -> Event:
    return Event(
        n=row.n,
        run=row.run,
        type=row.type,
        payload=events.compact(row.payload),
        committed_at=row.committed_at,
        trace=row.trace,
    )
