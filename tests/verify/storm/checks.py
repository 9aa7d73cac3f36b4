"""What must hold after the storm: in the rows, in the log, and between both."""

import collections
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from roomtally.batches.events import BatchEvent, EventType, decode_event, reduce
from roomtally.batches.model import PhotoStatus
from roomtally.batches.store import reads
from roomtally.db.pool import Connection, Pool
from tests.fixtures.batches import decode_snapshot
from tests.verify.storm.ledger import Ledger, stamp

Row = dict[str, Any]

NOT_ONE_ROW = {
    "counters differ from the photos": """
        SELECT b.id, b.status, b.pending, b.processing, b.done, b.failed FROM batches b WHERE deleted_at IS NULL
           AND NOT (pending, processing, done, failed) = (
               SELECT count(*) FILTER (WHERE status = 'PENDING'), count(*) FILTER (WHERE status = 'PROCESSING'),
                      count(*) FILTER (WHERE status = 'DONE'), count(*) FILTER (WHERE status = 'ERROR')
                 FROM photos p WHERE p.batch_id = b.id)""",
    "totals differ from the items": """
        SELECT b.id FROM batches b WHERE NOT (total_items, total_litres) = (
               SELECT coalesce(sum(count), 0), coalesce(sum(count * litres_each), 0)
                 FROM items i JOIN photos p ON p.id = i.photo_id WHERE p.batch_id = b.id)""",
    "a photo's sums differ from its items": """
        SELECT p.id FROM photos p WHERE NOT (item_count, litres) = (
               SELECT coalesce(sum(count), 0), coalesce(sum(count * litres_each), 0) FROM items i WHERE i.photo_id = p.id)""",
    "an attempt runs although its photo does not": """
        SELECT a.claim_id FROM photo_attempts a JOIN photos p ON p.id = a.photo_id
         WHERE a.outcome IS NULL AND p.claim_id IS DISTINCT FROM a.claim_id""",
    "a photo still runs": """
        SELECT p.id FROM photos p JOIN batches b ON b.id = p.batch_id
         WHERE p.status = 'PROCESSING' AND b.deleted_at IS NULL""",
    "a batch is stuck": "SELECT id, status, pending FROM batches WHERE finished_at IS NULL AND deleted_at IS NULL",
}
ENDS_OF_PHOTOS = """
    SELECT p.id, p.status, p.error, l.claim_id, l.outcome, i.boxes FROM photos p
      LEFT JOIN LATERAL (SELECT claim_id, outcome FROM photo_attempts a
                          WHERE a.photo_id = p.id AND outcome IS NOT NULL ORDER BY ended_at DESC LIMIT 1) l ON true
      LEFT JOIN items i ON i.photo_id = p.id AND i.analyzer_label IS NOT NULL
     WHERE p.status IN ('DONE', 'ERROR')"""


async def check(ledger: Ledger, pool: Pool) -> None:
    async with pool.connection() as conn:
        for what, query in NOT_ONE_ROW.items():
            for row in await rows(conn, query):
                ledger.blame(what, row)
        for row in await rows(conn, ENDS_OF_PHOTOS):
            if not is_from_last_claim(row):
                ledger.blame("items or reason are not from the claim that ended the photo", row)
        await check_words(ledger, conn)
        await check_outcomes(ledger, conn)
        await check_logs(ledger, conn)
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        if (count := (await rows(conn, deadlocks))[0]["deadlocks"]) and "deadlock" not in ledger.wrong:
            ledger.blame("deadlock", f"{count} by the server's count")


async def rows(conn: Connection, query: Any, values: Any = None) -> list[Row]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()


def is_from_last_claim(row: Row) -> bool:
    if row["status"] == "DONE":
        return row["outcome"] == "done" and (row["boxes"] is None or row["boxes"][0][0] == stamp(row["claim_id"]))
    if row["outcome"] == "failed":
        return row["error"].endswith(str(row["claim_id"]))
    return row["outcome"] == "expired" and "three" in row["error"]


async def check_words(ledger: Ledger, conn: Connection) -> None:
    items = {row["id"]: row for row in await rows(conn, "SELECT id, source, version FROM items")}
    for item, version in ledger.word.items():
        if (row := items.get(item)) and (row["source"], row["version"]) != ("person", version):
            ledger.blame("the person's word was overwritten", (row, version))


async def check_outcomes(ledger: Ledger, conn: Connection) -> None:
    outcomes = {
        row["claim_id"]: row["outcome"] for row in await rows(conn, "SELECT claim_id, outcome FROM photo_attempts")
    }
    for claim, end in ledger.won.items():
        if outcomes.get(claim, end) != end:
            ledger.blame("a written result is not the attempt's outcome", (claim, end, outcomes[claim]))
    for claim in ledger.lost:
        if outcomes.get(claim) not in {None, "expired"}:
            ledger.blame("a lost claim has an outcome", (claim, outcomes[claim]))


async def check_logs(ledger: Ledger, conn: Connection) -> None:
    """Each batch's log from its first event on, and the snapshot that it leads to."""
    pushed = {(row["batch_id"], row["run"]) for row in await rows(conn, "SELECT batch_id, run FROM outbox")}
    for batch in await rows(conn, "SELECT id, last_event, deleted_at FROM batches"):
        first = ledger.first.get(batch["id"])
        if first is None:
            continue
        query = "SELECT n, run, type, payload::text, created_at FROM batch_events WHERE batch_id = %s ORDER BY n"
        events = await rows(conn, query, [batch["id"]])
        ledger.stats["events checked"] += len(events)
        decoded = [decode_event(row["n"], row["run"], row["type"], row["payload"]) for row in events]
        if fault := Replay(batch["id"], pushed).fault(batch, events, decoded):
            ledger.blame(fault, [(event.n, event.type, event.run) for event in decoded][-12:])
        elif not batch["deleted_at"]:
            state = first
            for event in decoded:
                state = reduce(state, event)
            found = await reads.list_snapshots(conn, [batch["id"]])
            ledger.stats["batches compared at the end"] += 1
            if [decode_snapshot(row.body.encode()) for row in found] != [state]:
                ledger.blame("folding all events does not give the final snapshot", state)


NEEDS = {
    EventType.PHOTO_CLAIMED: (PhotoStatus.PENDING, PhotoStatus.PROCESSING),
    EventType.PHOTO_DONE: (PhotoStatus.PROCESSING, PhotoStatus.DONE),
    EventType.PHOTO_FAILED: (PhotoStatus.PROCESSING, PhotoStatus.ERROR),
    EventType.PHOTO_RELEASED: (PhotoStatus.PROCESSING, PhotoStatus.PENDING),
    EventType.PHOTO_EXPIRED: (PhotoStatus.PROCESSING, PhotoStatus.PENDING),
    EventType.PHOTOS_RETRIED: (PhotoStatus.ERROR, PhotoStatus.PENDING),
}
OPENERS = {EventType.PHOTOS_RETRIED, EventType.ITEM_CORRECTED, EventType.BATCH_DELETED}
ENDINGS = {EventType.BATCH_FINISHED, EventType.BATCH_DELETED}


class Replay:
    """Goes through a log and finds the first event that may not stand where it stands."""

    def __init__(self, batch: UUID, pushed: set[tuple[UUID, int]]) -> None:
        self.batch, self.pushed = batch, pushed
        self.photos: dict[str, PhotoStatus] = {}
        self.over = self.due = self.paused = self.cancelled = False
        self.run = 1
        self.before = EventType.BATCH_CREATED
        self.rules: list[tuple[str, Callable[[BatchEvent], bool]]] = [
            ("an event after the deletion", lambda _: self.before is not EventType.BATCH_DELETED),
            ("an event after batch_finished that opens nothing", lambda e: not self.over or e.type in OPENERS),
            ("run is not raised, or without need", self._run_is_right),
            ("batch_finished is missing or too much", lambda e: self.due == (e.type is EventType.BATCH_FINISHED)),
            ("a photo was not what the event needs", self._photos_were_ready),
            ("claimed on a paused or cancelled batch", self._may_claim),
            ("the outbox row is missing or too much", self._push_is_right),
        ]

    def fault(self, batch: Row, rows: list[Row], events: list[BatchEvent]) -> str | None:
        if [event.n for event in events] != list(range(1, batch["last_event"] + 1)):
            return "numbers are not 1..n"
        times = [row["created_at"] for row in rows]
        if times != sorted(times):
            return "time went backwards along the log"
        for event in events[1:]:
            for fault, holds in self.rules:
                if not holds(event):
                    return fault
            if fault := self._take(event):
                return fault
        return "the log ends without batch_finished" if self.due else None

    def _run_is_right(self, event: BatchEvent) -> bool:
        return event.run == self.run + (self.over and event.type is not EventType.BATCH_DELETED)

    def _photos_were_ready(self, event: BatchEvent) -> bool:
        need, _ = NEEDS.get(event.type, (None, None))
        ids = [photo.id for photo in event.payload.photos]
        pending = PhotoStatus.PENDING
        return need is None or (bool(ids) and all(self.photos.get(id_, pending) is need for id_ in ids))

    def _may_claim(self, event: BatchEvent) -> bool:
        return event.type is not EventType.PHOTO_CLAIMED or not (self.paused or self.cancelled)

    def _push_is_right(self, event: BatchEvent) -> bool:
        by_work = self.before in {EventType.PHOTO_DONE, EventType.PHOTO_FAILED} and not self.cancelled
        return event.type is not EventType.BATCH_FINISHED or ((self.batch, event.run) in self.pushed) == by_work

    def _take(self, event: BatchEvent) -> str | None:
        """The state after the event; a fault where it does not show what it did."""
        _, then = NEEDS.get(event.type, (None, None))
        self.photos |= {photo.id: photo.status for photo in event.payload.photos}
        if then and any(photo.status is not then for photo in event.payload.photos):
            return f"{event.type} does not show {then}"
        self._take_flags(event)
        counts = event.payload.counts
        tally = collections.Counter(self.photos.values())
        tally[PhotoStatus.PENDING] += counts.total - len(self.photos)
        shown = [counts.queued, counts.processing, counts.completed, counts.failed]
        if [tally[status] for status in PhotoStatus] != shown:
            return f"an event's counts differ from the folded photos: {msgspec.to_builtins(counts)}"
        waits = not self.cancelled and tally[PhotoStatus.PENDING] > 0
        self.due = event.type not in ENDINGS and not tally[PhotoStatus.PROCESSING] and not waits
        self.before = event.type
        return None

    def _take_flags(self, event: BatchEvent) -> None:
        kind = event.type
        self.run = event.run
        self.over = kind is EventType.BATCH_FINISHED or (self.over and kind is EventType.BATCH_DELETED)
        ends_pause = {EventType.BATCH_RESUMED, EventType.BATCH_CANCELLING, EventType.BATCH_FINISHED}
        self.paused = (self.paused or kind is EventType.BATCH_PAUSED) and kind not in ends_pause
        self.cancelled = self.cancelled or kind is EventType.BATCH_CANCELLING
