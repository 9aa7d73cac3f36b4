"""A small source of events, kept in memory: the truth of these tests. It counts how often it is read."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID, uuid4

import msgspec

from roomtally import errors
from roomtally.streams.source import Event, Sweep, Words


class Tally(msgspec.Struct, frozen=True, rename="camel"):
    """The document: the sum of all that was added. It refuses to skip or repeat an event."""

    topic: str
    n: int
    run: int
    total: int
    finished: bool = False
    deleted: bool = False
    pad: str = ""

    def fold(self, *events: Event) -> "Tally":
        tally = self
        for event in events:
            tally = tally._after(event)
        return tally

    def _after(self, event: Event) -> "Tally":
        assert event.n == self.n + 1, f"{event.n} after {self.n}"
        value = value_of(event)
        if value == "broken":
            raise ValueError("this event cannot be folded")
        added = value if isinstance(value, int) else 0
        return msgspec.structs.replace(
            self,
            n=event.n,
            run=event.run,
            total=self.total + added,
            finished=event.type == "finished",
            deleted=event.type == "deleted",
            pad=value if isinstance(value, str) else self.pad,
        )

    def progress(self, committed_at: float | None) -> bytes:
        body = msgspec.json.encode(self)
        return body if committed_at is None else b'%s,"committedAt":%d}' % (body[:-1], committed_at * 1000)

    def complete(self, committed_at: float | None) -> bytes:
        return self.progress(committed_at)


def payload_of(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"value": value}))


def value_of(event: Event) -> object:
    return msgspec.json.decode(event.payload)["value"]


class Ledger:
    """A `Source`. `gate` holds snapshots back while it is closed, `gates` those of one topic; `broken` makes every read fail."""

    words = Words(
        "topicId",
        lambda: errors.NotFound("topic-not-found", "There is no such topic."),
        ("topic-deleted", "This topic has been deleted."),
    )
    weighty = frozenset({"finished", "deleted"})

    def __init__(self) -> None:
        self.epoch = "00000000000a"
        self.logs: dict[UUID, list[Event]] = {}
        self.kept_after: Counter[UUID] = Counter()  # events up to this number are pruned from the log
        self.ended: set[UUID] = set()
        self.reads: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.gates: dict[UUID, asyncio.Event] = {}
        self.broken = False
        self.log_limit = 500

    def create(self) -> UUID:
        topic = uuid4()
        self.logs[topic] = []
        self.commit(topic, 0)
        return topic

    def commit(self, topic: UUID, value: object, type_: str = "added") -> Event:
        """The next event. A finished topic goes on in the next run."""
        log = self.logs[topic]
        run = 1
        if log:
            run = log[-1].run + (log[-1].type == "finished")
        event = Event(n=len(log) + 1, run=run, type=type_, payload=payload_of(value))
        log.append(event)
        return event

    def finish(self, topic: UUID) -> Event:
        return self.commit(topic, 0, "finished")

    def document(self, topic: UUID) -> Tally | None:
        if topic not in self.logs:
            return None
        tally = Tally(str(topic), 0, 1, 0)
        for event in self.logs[topic]:
            try:
                tally = tally.fold(event)
            except ValueError:
                tally = msgspec.structs.replace(tally, n=event.n)
        return tally

    def restore(self, topic: UUID, n: int, epoch: str) -> None:
        """As from a backup: the events after `n` never were."""
        del self.logs[topic][n:]
        self.epoch = epoch

    async def snapshot(self, topic: UUID) -> Tally | None:
        self._read("snapshot")
        document = self.document(topic)
        await self.gates.get(topic, self.gate).wait()
        self._fail_if_broken()
        return document

    async def log(self, after: Mapping[UUID, int]) -> Mapping[UUID, list[Event]]:
        self._read("log")
        await asyncio.sleep(0)
        return {topic: self._logged(topic, n) for topic, n in after.items() if topic in self.logs}

    def _logged(self, topic: UUID, n: int) -> list[Event]:
        first = max(n, self.kept_after[topic])
        return self.logs[topic][first : first + self.log_limit]

    async def sweep(self, known: Mapping[UUID, int], credentials: Collection[UUID]) -> Sweep:
        self._read("sweep")
        await asyncio.sleep(0)
        changed = {
            key: len(self.logs[key]) for key, n in known.items() if key in self.logs and len(self.logs[key]) != n
        }
        return Sweep(changed, {key for key in known if key not in self.logs}, self.ended & set(credentials), self.epoch)

    def _read(self, kind: str) -> None:
        self.reads[kind] += 1
        self._fail_if_broken()

    def _fail_if_broken(self) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
