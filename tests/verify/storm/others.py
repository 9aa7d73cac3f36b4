"""The sweeper with the purge, a viewer who folds the log, and somebody who kills backends."""

import asyncio
from collections.abc import Sequence

from roomtally.batches import service
from roomtally.batches.events import Gap, decode_event, reduce
from roomtally.db.pool import Pool
from tests.verify.storm.ledger import Ledger
from tests.verify.storm.people import is_over

PURGE_AFTER = 0.05
WORKER = "storm-worker"


class NoFiles:
    async def delete(self, keys: Sequence[str]) -> None:
        pass


async def sweep(ledger: Ledger, context: service.Context) -> None:
    while not ledger.stop:
        await asyncio.sleep(0.03)
        swept = await ledger.guard(service.sweep_once(context))
        if swept:
            ledger.stats["expired"] += swept.expired
            ledger.stats["hinted again"] += swept.hinted
        if ledger.random.random() < 0.3:
            purged = await ledger.guard(service.purge_once(context, NoFiles(), after_seconds=PURGE_AFTER))
            ledger.stats["purged"] += purged.batches if purged else 0


async def view(ledger: Ledger, pool: Pool, context: service.Context) -> None:
    """Reads the log after what it has, for all live batches at once."""
    feed = service.BatchFeed(pool, context.cache)
    while not ledger.stop:
        follows = dict(ledger.live)
        log_ = await feed.log({batch: follow.seen.n for batch, follow in follows.items()})
        for batch, events in log_.items():
            follow = follows[batch]
            for event in events:
                try:
                    follow.seen = reduce(follow.seen, decode_event(event.n, event.run, event.type, event.payload))
                except Gap as gap:
                    ledger.blame("the log skipped a number", gap)
                follow.past[event.n] = follow.seen
                follow.gone |= event.type == "batch_deleted"
                ledger.stats["events folded live"] += 1
            ledger.compare(follow)
        for batch, follow in follows.items():
            if is_over(follow) and (follow.gone or ledger.random.random() < 0.1):
                del ledger.live[batch]
        await asyncio.sleep(0.002)


async def kill(ledger: Ledger, pool: Pool) -> None:
    """One worker's backend every 0.4 s, whatever it is doing."""
    while not ledger.calm and not ledger.stop:
        await asyncio.sleep(0.4)
        async with pool.connection() as conn:
            await conn.execute(
                """
                SELECT pg_terminate_backend(pid) FROM (
                    SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()
                     ORDER BY random() LIMIT 1) victim""",
                [WORKER],
            )
        ledger.stats["backend killed"] += 1
