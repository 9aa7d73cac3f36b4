"""The viewers of the model: each follows like an EventSource, and knows no more than its stream has told it."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from uuid import UUID

from tests.fixtures.app import WebProcess
from tests.fixtures.batches import Batch
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, stream_of, stream_of_many
from tests.fixtures.sse import Block
from tests.fixtures.viewers import SocketViewer

PROMISED_SECONDS = 5.0


@dataclass
class Attention:
    """From when until when it read what came; `inf` while it still does."""

    begins: float
    ends: float = float("inf")


@dataclass
class Watcher:
    batches: list[Batch]
    mode: str
    many: bool
    owner: Owner
    random: random.Random
    known: dict[UUID, Folded] = field(default_factory=dict[UUID, Folded])
    seen: dict[UUID, list[tuple[float, int]]] = field(default_factory=dict[UUID, list[tuple[float, int]]])
    gone: set[UUID] = field(default_factory=set[UUID])  # told as errors, or by 404
    attention: list[Attention] = field(default_factory=list[Attention])
    last_id: str = ""
    connections: int = 0
    stalls: int = 0
    over: bool = False  # an EventSource would not come back
    left: bool = False
    _viewer: SocketViewer | None = None

    def __post_init__(self) -> None:
        for batch in self.batches:
            self.known[batch.id] = Folded(history={})
            self.seen[batch.id] = []

    @property
    def path(self) -> str:
        query = {"mode": self.mode} if self.mode else {}
        return stream_of_many(self.batches, **query) if self.many else stream_of(self.batches[0], **query)

    async def follow(self, webs: list[WebProcess]) -> None:
        """Until it is cancelled. After the end it opens again as a person does who looks at the page once more."""
        while not self.left:
            await self._connection(self.random.choice(webs))
            await asyncio.sleep(self.random.choice([0, 0.01, 0.1]) if not self.over else 0.5)

    async def _connection(self, web: WebProcess) -> None:
        viewer = SocketViewer()
        viewer.on_block = self._take
        for folded in self.known.values():
            folded.connect()
        headers = self.owner.bearer | ({"Last-Event-ID": self.last_id} if self.last_id else {})
        try:
            await viewer.open(web.settings.port, self.path, headers, receive_buffer=4096)
        except (OSError, TimeoutError):
            return
        self.connections += 1
        self._viewer = viewer
        self._refused(viewer)
        self.attention.append(Attention(time.monotonic()))
        await viewer.over()
        self._look_away()
        viewer.check()
        self._viewer = None
        viewer.leave()

    def _refused(self, viewer: SocketViewer) -> None:
        assert viewer.status in {200, 204, 404, 503}, viewer.problem
        self.over = viewer.status in {204, 404}
        if viewer.status == 404:
            self.gone |= self.known.keys()

    def _take(self, block: Block) -> None:
        if block.event == "error":
            self._error(block)
        elif block.event in {"progress", "change", "complete"}:
            batch = UUID(block.data["batchId"])
            self.known[batch].take(block)
            self.seen[batch].append((block.at, self.known[batch].n))
            self.over = block.event == "complete" and not self.many
        else:
            assert block.event in {"", "ping"}, block
        self.last_id = block.id or self.last_id

    def _error(self, block: Block) -> None:
        data = block.data
        assert data["code"] in {"batch-deleted", "batch-not-found"}, data
        self.gone.add(UUID(data["batchId"]) if self.many else self.batches[0].id)

    @property
    def is_away(self) -> bool:
        return self._viewer is None or self._viewer.closed

    # --- what happens to it

    def drop(self) -> None:
        """The network is gone; it comes back with its last id."""
        if self._viewer:
            self._viewer.leave()

    def stall(self) -> None:
        if self._viewer and not self._viewer.closed:
            self.stalls += 1
            self._viewer.stop_reading()
            self._look_away()

    def read_on(self) -> None:
        if self._viewer and not self._viewer.closed and self.attention and self.attention[-1].ends < float("inf"):
            self._viewer.read_on()
            self.attention.append(Attention(time.monotonic()))

    def _look_away(self) -> None:
        if self.attention:
            self.attention[-1].ends = min(self.attention[-1].ends, time.monotonic())

    # --- what must be true of it

    def agrees(self, truths: dict[UUID, dict[str, object]]) -> bool:
        """With the tables, on every batch that is still there; of the others it was told."""
        if self._viewer:
            self._viewer.check()
        return all(self.known[batch].state == truths[batch] for batch in self.known if batch in truths) and all(
            batch in self.gone for batch in self.known if batch not in truths
        )

    def late_for(self, commits: list[tuple[float, UUID, int]]) -> list[tuple[float, UUID, int]]:
        """Commits that it did not see within 5 s although it read all the while."""
        return [
            commit
            for commit in commits
            if commit[1] in self.known and commit[1] not in self.gone and not self._saw_in_time(*commit)
        ]

    def _saw_in_time(self, at: float, batch: UUID, n: int) -> bool:
        due = at + PROMISED_SECONDS
        if not any(part.begins <= at and due <= part.ends for part in self.attention):
            return True
        return any(seen >= n for when, seen in self.seen[batch] if when <= due)
