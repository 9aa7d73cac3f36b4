"""What an operator does after the database was restored to an earlier moment."""

from roomtally.batches.store import upkeep
from roomtally.db.pool import Pool


async def change_epoch(pool: Pool) -> str:
    """The new epoch: whoever comes with an event id of the former life gets `reset` and the state of now."""
    async with pool.connection() as conn:
        return await upkeep.change_epoch(conn)
