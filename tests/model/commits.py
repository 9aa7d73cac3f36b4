"""The write side of the model: random calls on random batches, and the truth of every event number by the log alone."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.events import decode_event, reduce
from roomtally.batches.model import FoundItem, Snapshot
from roomtally.batches.store import reads
from roomtally.db.pool import Pool
from tests.fixtures.batches import Batch, World, result
from tests.fixtures.place import Owner

LABELS = ["armchair", "bed", "box", "Tisch", "Öfen"]
ROOMS = ["bedroom", "kitchen", "living_room"]
SIZES = [1, 2, 8, 12, 50, 50]  # photos; of 50 the snapshot is above 4 KB
OPEN_BATCHES = 5
REFUSALS = (errors.Conflict, errors.NotFound, errors.PreconditionFailed)


class Commits:
    """`committed` are the commits by (batch, n) with the time after each; `deleted` are batches that are gone."""

    def __init__(self, world: World, owner: Owner, seed: int) -> None:
        self.world = World(world.pool, replace(world.context, release_first_seconds=0.02), world.hints)
        self.owner = owner
        self.random = random.Random(seed)
        self.batches: list[Batch] = []
        self.deleted: set[UUID] = set()
        self.finished: set[UUID] = set()
        self.committed: list[tuple[float, UUID, int]] = []
        self._first: dict[UUID, Snapshot] = {}
        self._log: dict[UUID, dict[int, reads.LogRow]] = {}
        self._held: dict[UUID, list[service.Claimed]] = {}

    async def create(self) -> Batch:
        batch = await self.world.batch(self.owner, self.random.choice(SIZES))
        self._first[batch.id] = await batch.snapshot()
        self._log[batch.id] = {}
        self._held[batch.id] = []
        self.batches.append(batch)
        return batch

    async def step(self) -> None:
        """One transaction, or several at once."""
        if len([batch for batch in self.alive if batch.id not in self.finished]) < OPEN_BATCHES:
            await self.create()
        calls = [self._one() for _ in range(self.random.choice([1, 1, 1, 2, 4]))]
        await asyncio.gather(*calls)

    @property
    def alive(self) -> list[Batch]:
        return [batch for batch in self.batches if batch.id not in self.deleted]

    def some(self, chance: random.Random) -> Batch:
        """One that moves, mostly; finished ones are looked at, corrected and opened again too."""
        alive = self.alive
        moving = [batch for batch in alive if batch.id not in self.finished]
        return chance.choice(moving if moving and chance.random() < 0.85 else alive)

    async def delete(self) -> None:
        if len(self.alive) > OPEN_BATCHES:
            batch = self.random.choice(self.alive)
            self.deleted.add(batch.id)
            await service.delete(self.world.context, self.owner.user, batch.id)

    async def prune(self) -> None:
        """What the retention job does to the events of a finished batch; here before they are a day old."""
        for batch in self.alive:
            if batch.id in self.finished and self.random.random() < 0.3:
                await self._keep_log(batch.id)
                async with self.world.pool.connection() as conn:
                    await conn.execute("DELETE FROM batch_events WHERE batch_id = %s AND n > 1", [batch.id])

    async def _one(self) -> None:
        batch = self.some(self.random)
        call = self._choose(batch)
        try:
            await call()
        except REFUSALS:
            return
        now = time.monotonic()
        async with self.world.pool.connection() as conn:
            head = await reads.find_head(conn, batch.id)
        if head:
            (self.finished.add if head.finished else self.finished.discard)(batch.id)
            self.committed.append((now, batch.id, head.n))

    def _choose(self, batch: Batch) -> Callable[[], Awaitable[object]]:
        context, user = self.world.context, self.owner.user
        photo = self.random.choice(batch.photos)
        calls: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (8, partial(self._claim, batch, photo)),
            (8, partial(self._end, batch)),
            (3, partial(service.pause, context, user, batch.id)),
            (5, partial(service.resume, context, user, batch.id)),
            (1, partial(service.retry_failed, context, user, batch.id)),
            (1, partial(service.retry_photo, context, user, photo)),
            (1, partial(self._add, photo)),
            (1, partial(self._correct, photo)),
        ]
        if self.random.random() < 0.002:
            return partial(service.cancel, context, user, batch.id)
        return self.random.choices([call for _, call in calls], [weight for weight, _ in calls])[0]

    async def _claim(self, batch: Batch, photo: UUID) -> None:
        if claimed := await service.claim_photo(self.world.context, photo, worker="model"):
            self._held[batch.id].append(claimed)

    async def _end(self, batch: Batch) -> None:
        held = self._held[batch.id]
        if not held:
            await self._claim(batch, self.random.choice(batch.photos))
            return
        claimed = held.pop(self.random.randrange(len(held)))
        fate = self.random.random()
        if fate < 0.75:
            await service.finish_photo(self.world.context, claimed, self._found())
        elif fate < 0.9:
            await service.fail_photo(self.world.context, claimed, "not a photo")
        else:
            await service.release_photo(self.world.context, claimed)

    def _found(self) -> service.Result:
        labels = self.random.sample(LABELS, self.random.randint(0, 3))
        items = [FoundItem(label=label, count=self.random.randint(1, 4), litres=333) for label in labels]
        return result(*items, room=self.random.choice(ROOMS))

    async def _add(self, photo: UUID) -> None:
        label, count = self.random.choice(LABELS), self.random.randint(1, 3)
        await service.add_item(self.world.context, self.owner.user, photo, label=label, count=count, litres=700)

    async def _correct(self, photo: UUID) -> None:
        count = self.random.randint(0, 3)
        async with self.world.pool.connection() as conn:
            query = "SELECT id, version FROM items WHERE photo_id = %s ORDER BY label LIMIT 1"
            row = await (await conn.execute(query, [photo])).fetchone()
        if row:
            correction = service.Correction(count=count)
            await service.correct_item(
                self.world.context, self.owner.user, row[0], version=row[1], correction=correction
            )

    # --- the truth

    async def _keep_log(self, batch: UUID) -> None:
        known = self._log[batch]
        async with self.world.pool.connection() as conn:
            for row in await _log_after(conn, batch, max(known, default=1)):
                known[row.n] = row

    async def truth(self, batch: UUID) -> dict[int, dict[str, Any]]:
        """The state after each event, by the log; the last one is checked against the tables."""
        await self._keep_log(batch)
        snapshot = self._first[batch]
        states = {snapshot.n: _plain(snapshot)}
        for n in sorted(self._log[batch]):
            row = self._log[batch][n]
            snapshot = reduce(snapshot, decode_event(row.n, row.run, row.type, row.payload))
            states[n] = _plain(snapshot)
        assert list(states) == list(range(1, len(states) + 1)), "numbers without gaps"
        if batch not in self.deleted:
            assert states[max(states)] == await by_sql(self.world.pool, batch)
        return states


async def _log_after(conn: Any, batch: UUID, n: int) -> list[reads.LogRow]:
    rows: list[reads.LogRow] = []
    while more := await reads.read_log(conn, {batch: rows[-1].n if rows else n}, 500):
        rows += more
    return rows


async def by_sql(pool: Pool, batch: UUID) -> dict[str, Any]:
    async with pool.connection() as conn:
        [snapshot] = await reads.list_snapshots(conn, [batch])
    return msgspec.json.decode(snapshot.body)


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(snapshot))
