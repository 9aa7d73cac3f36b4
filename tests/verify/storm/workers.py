"""Workers: most do what they should; some stall past their claim and write late, die, or are cut off in the middle."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable

import psycopg

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from tests.verify.storm.ledger import GONE, Ledger, stamp

LEASE = 0.08
LABELS = ["armchair", "bed", "bookcase", "box", "chair", "couch", "desk", "lamp", "Tisch", "Öfen"]
ROOMS = ["bedroom", "kitchen", "living_room", "office"]


class Worker:
    def __init__(self, ledger: Ledger, context: service.Context, name: str) -> None:
        self.ledger, self.context, self.name = ledger, context, name
        self.random = ledger.random

    async def run(self) -> None:
        while not self.ledger.stop:
            if not self.ledger.hints.waiting:
                await asyncio.sleep(0.002)
                continue
            photo = self.ledger.hints.waiting.popleft()
            try:
                claimed = await self.ledger.guard(service.claim_photo(self.context, photo, worker=self.name))
                if claimed:
                    await self.ledger.guard(self._work(claimed))
            except GONE:
                self.ledger.stats["connection died"] += 1

    async def _work(self, claimed: service.Claimed) -> None:
        dice = 0.0 if self.ledger.calm else self.random.random()
        if dice > 0.94:
            self.ledger.stats["worker died"] += 1
            return
        await self._stall(dice)
        safe_until = await self._renew(claimed) if self.random.random() < 0.3 else 0.0
        if safe_until is None:
            return
        end, call = self._draw_end(claimed)
        if 0.01 < dice < 0.04:
            await self._cut_off(call)
        elif await call:
            self._won(claimed, end)
        else:
            await self._too_late(claimed, safe_until)

    async def _stall(self, dice: float) -> None:
        if dice > 0.80:
            self.ledger.stats["worker stalled"] += 1
            await asyncio.sleep(LEASE * self.random.choice([0.9, 1.0, 1.1, 2, 4]))
        elif self.random.random() < 0.7:
            await asyncio.sleep(self.random.random() * 0.01)

    async def _renew(self, claimed: service.Claimed) -> float | None:
        """Until when the claim is safe; None: it is lost and this worker obeys. The others ignore it and write all the same."""
        asked = time.monotonic()
        if await service.renew_claim(self.context, claimed):
            await asyncio.sleep(self.random.random() * LEASE / 2)
            return asked + LEASE
        self.ledger.lost.add(claimed.claim_id)
        return None if self.random.random() < 0.5 else 0.0

    def _draw_end(self, claimed: service.Claimed) -> tuple[str, Awaitable[bool]]:
        end = self.random.choices(["done", "failed", "released"], [6, 2, 0 if self.ledger.calm else 1])[0]
        if end == "done":
            return end, service.finish_photo(self.context, claimed, self._result(claimed))
        if end == "failed":
            return end, service.fail_photo(self.context, claimed, f"not a photo {claimed.claim_id}")
        return end, service.release_photo(self.context, claimed)

    def _result(self, claimed: service.Claimed) -> service.Result:
        whose = ((stamp(claimed.claim_id), 0.0, 1.0, 1.0),)
        labels = self.random.sample(LABELS, self.random.randint(0, 4))
        items = [
            FoundItem(
                label=label,
                count=self.random.randint(1, 3),
                litres=self.random.choice([40, 125, 333, 1250]),
                confidence=0.5,
                boxes=whose,
            )
            for label in labels
        ]
        return service.Result(room_type=self.random.choice(ROOMS), room_confidence=0.9, items=items)

    async def _cut_off(self, call: Awaitable[bool]) -> None:
        """Nobody knows whether it was committed."""
        self.ledger.stats["call cut off"] += 1
        task = asyncio.ensure_future(call)
        await asyncio.sleep(self.random.random() * 0.002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, psycopg.Error):
            await task

    def _won(self, claimed: service.Claimed, end: str) -> None:
        self.ledger.stats[f"written: {end}"] += 1
        self.ledger.won[claimed.claim_id] = end
        if claimed.claim_id in self.ledger.lost:
            self.ledger.blame("a claim that was told to be lost wrote all the same", claimed.claim_id)

    async def _too_late(self, claimed: service.Claimed, safe_until: float) -> None:
        self.ledger.stats["too late"] += 1
        self.ledger.lost.add(claimed.claim_id)
        if time.monotonic() >= safe_until:
            return
        async with self.context.pool.connection() as conn:
            query = """SELECT 1 FROM photos p JOIN batches b ON b.id = p.batch_id
                        WHERE p.id = %s AND b.deleted_at IS NULL"""  # the purge here comes sooner than a claim ends
            if await (await conn.execute(query, [claimed.photo_id])).fetchone():
                self.ledger.blame("a renewed claim was taken away before its end", claimed)
