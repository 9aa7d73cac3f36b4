"""People: they create (twice at once, too), pause, resume, cancel, delete, retry, correct, and look."""

import asyncio
import time
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from roomtally.batches import service
from roomtally.batches.model import FINISHED
from roomtally.batches.service.reading import load
from tests.fixtures.batches import Batch, Person, World, decode_snapshot
from tests.verify.storm.ledger import Follow, Ledger
from tests.verify.storm.workers import LABELS

CALLS = ["pause", *["resume"] * 4, "cancel", "delete", "retry-failed", "retry", *["correct"] * 3, *["look"] * 2]
MOST_BATCHES = 14


class Seen(msgspec.Struct, frozen=True):
    """An item as somebody read it."""

    id: UUID
    version: int


class Somebody:
    def __init__(self, ledger: Ledger, world: World, persons: list[Person]) -> None:
        self.ledger, self.world, self.persons = ledger, world, persons
        self.random = ledger.random

    async def run(self) -> None:
        while not self.ledger.stop:
            await asyncio.sleep(self.random.random() * 0.004)
            if len(self.ledger.live) < MOST_BATCHES and not self.ledger.closing:
                await self.ledger.guard(self._create())
            elif self.ledger.closing or not self.ledger.live:
                return
            else:
                await self._call(self.random.choice(list(self.ledger.live.values())))

    async def _create(self) -> None:
        person = self.random.choice(self.persons)
        uploads = await self.world.uploads(person, self.random.choice([1, 1, 2, 2, 3, 4, 6, 10]))
        orders = [uploads, uploads[::-1]] if self.random.random() < 0.1 else [uploads]
        made = await asyncio.gather(*(self.ledger.guard(self.world.create(person, order)) for order in orders))
        won = [progress for progress in made if progress is not None]
        if len(won) != 1:
            self.ledger.blame("an upload was bound twice or never", made)
        for progress in won:
            self._follow(person, progress)

    def _follow(self, person: Person, progress: service.Progress) -> None:
        """The first snapshot may be a later one already: workers are quick. Then only its end is compared."""
        assert progress.body is not None
        snapshot = decode_snapshot(progress.body)
        batch = Batch(self.world, person, progress.batch_id, [UUID(photo.id) for photo in snapshot.photos])
        self.ledger.live[batch.id] = Follow(batch, snapshot)
        self.ledger.stats["batches"] += 1
        if snapshot.n == 1:
            self.ledger.first[batch.id] = snapshot

    async def _call(self, follow: Follow) -> None:
        call = self.random.choice(CALLS)
        if call in {"cancel", "delete"} and self.random.random() < 0.8:
            call = "look"
        self.ledger.stats[call] += 1
        batch_calls = {
            "pause": service.pause,
            "resume": service.resume,
            "cancel": service.cancel,
            "delete": service.delete,
            "retry-failed": service.retry_failed,
        }
        context, user = self.world.context, follow.batch.person.user
        photo = self.random.choice(follow.batch.photos)
        if call in batch_calls:
            await self.ledger.guard(batch_calls[call](context, user, follow.batch.id))
        elif call == "retry":
            await self.ledger.guard(service.retry_photo(context, user, photo))
        elif call == "correct":
            await self.ledger.guard(self._correct(follow, photo))
        else:
            await self._look(follow)

    async def _look(self, follow: Follow) -> None:
        found = await load(self.world.pool, self.world.context.cache, [follow.batch.id])
        progress = found.get(follow.batch.id)
        if progress and progress.body:
            follow.taken[progress.n] = decode_snapshot(progress.body)
            self.ledger.compare(follow)

    async def _correct(self, follow: Follow, photo: UUID) -> None:
        user = follow.batch.person.user
        async with self.world.pool.connection() as conn, conn.cursor(row_factory=class_row(Seen)) as cursor:
            await cursor.execute("SELECT id, version FROM items WHERE photo_id = %s ORDER BY label", [photo])
            items = await cursor.fetchall()
        if items and self.random.random() < 0.6:
            item = self.random.choice(items)
            correction = service.Correction(
                label=self.random.choice([None, None, *LABELS]),
                count=self.random.choice([None, 0, 1, 5]),
                litres=self.random.choice([None, 100, 333]),
            )
            version = item.version - (self.random.random() < 0.2)
            done = await service.correct_item(self.world.context, user, item.id, version=version, correction=correction)
            if version < item.version:
                self.ledger.blame("an old If-Match was accepted", item)
        else:
            done = await service.add_item(
                self.world.context,
                user,
                photo,
                label=self.random.choice(LABELS),
                count=self.random.randint(1, 4),
                litres=self.random.choice([50, 125, 900]),
            )
        self.ledger.word[done.item_id] = max(self.ledger.word.get(done.item_id, 0), done.version)


def is_over(follow: Follow) -> bool:
    """Nobody follows for ever: a batch that has finished is left after a while, sooner or later."""
    return follow.gone or (follow.seen.status in FINISHED and time.monotonic() - follow.born > 0.15)
