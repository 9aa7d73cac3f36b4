"""A history under one seed: what happens next is drawn by it, how long it takes is the machine's affair."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
import structlog

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.pipe import Pipe
from tests.fixtures.place import Owner, Place, place
from tests.fixtures.waiting import until
from tests.fixtures.weather import stormy_bus
from tests.model.commits import Commits
from tests.model.watchers import Watcher

WATCHERS = 30
PROCESSES = 2
SEND_BUFFER_BYTES = 8192  # so that viewers who stop reading are soon noticed
MODES = ["", "delta"]

log = structlog.get_logger()


class History:
    """Two web processes, each with a Valkey connection of its own that may freeze or break; viewers of every kind."""

    def __init__(self, place: Place, owner: Owner, pipes: list[Pipe], seed: int) -> None:
        world, self.publisher = stormy_bus(place.world, seed)
        self.place, self.owner, self.pipes = place, owner, pipes
        self.random = random.Random(seed)
        self.commits = Commits(world, owner, seed + 1)
        self.watchers: list[Watcher] = []
        self.happened: Counter[str] = Counter()
        self._following: dict[int, asyncio.Task[None]] = {}  # by viewer; 0: the commits
        self._repairs: set[asyncio.Task[None]] = set()
        self._steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (20, self._join),
            (8, self._leave),
            (15, self._drop),
            (8, self._stall),
            (6, self._read_on),
            (1, self._freeze),
            (1, self._cut),
            (1, self._restart_valkey),
            (1, self._flush_valkey),
            (1, self.commits.delete),
            (1, self.commits.prune),
        ]

    async def play(self, seconds: float) -> None:
        for _ in range(3):
            await self.commits.create()
        for _ in range(WATCHERS // 2):
            await self._join()
        weights = [weight for weight, _ in self._steps]
        ends = time.monotonic() + seconds
        committing = self._following[0] = asyncio.create_task(self._commit_until(ends))
        while time.monotonic() < ends:
            [(_, step)] = self.random.choices(self._steps, weights)
            self.happened[step.__name__.strip("_")] += 1
            await step()
            self._look()
            await asyncio.sleep(self.random.choice([0.01, 0.05, 0.1]))
        await committing
        await self._calm()
        await self._judge()

    async def _commit_until(self, ends: float) -> None:
        while time.monotonic() < ends:
            await self.commits.step()
            await asyncio.sleep(self.random.choice([0, 0.002, 0.01]))

    def _look(self) -> None:
        """What a viewer has found wrong is raised here."""
        for task in self._following.values():
            if task.done() and not task.cancelled():
                task.result()

    # --- viewers

    async def _join(self) -> None:
        present = [watcher for watcher in self.watchers if not watcher.left]
        if len(present) >= WATCHERS:
            return
        many = self.random.random() < 0.4
        batches = {batch.id: batch for batch in (self.commits.some(self.random) for _ in range(4 if many else 1))}
        watcher = Watcher(
            list(batches.values()),
            self.random.choice(MODES),
            many,
            self.owner,
            random.Random(self.random.random()),
        )
        self.watchers.append(watcher)
        self._following[id(watcher)] = asyncio.create_task(watcher.follow(self.place.webs))

    async def _leave(self) -> None:
        """Who has seen the end, mostly."""
        done = [watcher for watcher in self.watchers if watcher.over and not watcher.left]
        if watcher := self.random.choice(done) if done and self.random.random() < 0.8 else self._any():
            watcher.left = True
            watcher.drop()

    async def _drop(self) -> None:
        if watcher := self._any():
            watcher.drop()

    async def _stall(self) -> None:
        if watcher := self._any():
            watcher.stall()

    async def _read_on(self) -> None:
        for watcher in self.watchers:
            if self.random.random() < 0.5:
                watcher.read_on()

    def _any(self) -> Watcher | None:
        present = [watcher for watcher in self.watchers if not watcher.left]
        return self.random.choice(present) if present else None

    # --- Valkey

    async def _freeze(self) -> None:
        pipe = self.random.choice(self.pipes)
        pipe.freeze()
        self._later(self.random.choice([0.1, 0.5, 2.0]), pipe.thaw)

    async def _cut(self) -> None:
        self.random.choice(self.pipes).cut()

    async def _restart_valkey(self) -> None:
        if not self._repairs:
            self.place.valkey.kill()
            self._later(self.random.choice([0.0, 0.3, 1.5]), self.place.valkey.start)

    async def _flush_valkey(self) -> None:
        try:
            with redis.Redis.from_url(self.place.valkey.url, socket_timeout=1) as client:
                client.flushall()
        except redis.RedisError:
            return

    def _later(self, seconds: float, repair: Callable[[], object]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            repair()

        task = asyncio.create_task(wait())
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    # --- the end

    async def _calm(self) -> None:
        if self._repairs:
            await asyncio.wait(self._repairs)
        await self.publisher.settle()
        for watcher in self.watchers:
            watcher.read_on()

    async def _judge(self) -> None:
        truths = {batch.id: await self.place.truth(batch.id) for batch in self.commits.alive}
        staying = [watcher for watcher in self.watchers if not watcher.left]
        assert staying

        def settled() -> bool:
            self._look()
            return all(watcher.agrees(truths) for watcher in staying)

        try:
            await until(settled, timeout=15, what="every viewer's fold is what SQL says")
        except AssertionError:
            log.warning("disagreeing", watchers=[_told(watcher, truths) for watcher in staying])
            raise
        await self._judge_the_past()

    async def _judge_the_past(self) -> None:
        """Also of those who have left: each state they saw was true, each change was seen in time."""
        history = {batch.id: await self.commits.truth(batch.id) for batch in self.commits.batches}
        for watcher in self.watchers:
            for batch, folded in watcher.known.items():
                assert folded.resets == 0
                assert folded.history is not None
                for n, state in folded.history.items():
                    assert state == history[batch][n], f"event {n} was never so"
            late = watcher.late_for(self.commits.committed)
            assert not late, f"not seen within 5 s: {late[:3]}"

    async def stop(self) -> None:
        for watcher in self.watchers:
            watcher.left = True
            watcher.drop()
        for task in self._following.values():
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)
        await until(lambda: all(watcher.is_away for watcher in self.watchers))
        if self._repairs:
            await asyncio.wait(self._repairs)


def _told(watcher: Watcher, truths: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    return {
        "mode": watcher.mode,
        "many": watcher.many,
        "over": watcher.over,
        "connections": watcher.connections,
        "batches": {
            str(batch): (folded.n, truths[batch]["eventId"] if batch in truths else "gone", batch in watcher.gone)
            for batch, folded in watcher.known.items()
        },
    }


async def play(
    postgres: EmbeddedPostgres, template: str, valkey: EmbeddedValkey, folder: Path, *, seed: int, seconds: float
) -> None:
    """One history on a database of its own. `valkey` is killed and started again on the way."""
    changes = {"user_streams": 0, "address_opens": 0.0, "send_buffer_bytes": SEND_BUFFER_BYTES}
    async with place(postgres, template, valkey, folder, **changes) as here, _piped(here) as pipes:
        history = History(here, await here.owner(), pipes, seed)
        try:
            await history.play(seconds)
        finally:
            await history.stop()
        _require_storm(history)


@asynccontextmanager
async def _piped(here: Place) -> AsyncGenerator[list[Pipe]]:
    pipes = [await Pipe(here.valkey.port).start() for _ in range(PROCESSES)]
    try:
        for pipe in pipes:
            here.start(redis_url=f"redis://127.0.0.1:{pipe.port}/0")
        yield pipes
    finally:
        for pipe in pipes:
            await pipe.stop()


def _require_storm(history: History) -> None:
    """A history in which nothing happened proves nothing."""
    assert min(history.publisher.fates.values()) > 5, history.publisher.fates
    assert sum(watcher.stalls for watcher in history.watchers) > 3
    assert sum(len(folded.seen) for watcher in history.watchers for folded in watcher.known.values()) > 300
    assert {"freeze", "cut", "restart_valkey", "drop", "join", "leave"} <= history.happened.keys()
