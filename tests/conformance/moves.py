"""Moves of a batch that the tests of this folder share."""

from collections.abc import Sequence

from roomtally.batches import service as calls
from roomtally.batches.model import FoundItem
from tests.fixtures.batches import Batch

SOFA = FoundItem(label="sofa", count=1, litres=1200)
CHAIR = FoundItem(label="chair", count=4, litres=125)


async def pause(batch: Batch) -> None:
    await calls.pause(batch.world.context, batch.person.user, batch.id)


async def resume(batch: Batch) -> None:
    await calls.resume(batch.world.context, batch.person.user, batch.id)


async def cancel(batch: Batch) -> None:
    await calls.cancel(batch.world.context, batch.person.user, batch.id)


async def delete(batch: Batch) -> None:
    await calls.delete(batch.world.context, batch.person.user, batch.id)


async def retry(batch: Batch) -> None:
    await calls.retry_failed(batch.world.context, batch.person.user, batch.id)


async def toggle(batch: Batch, times: int) -> None:
    """`times` changes that leave the photos alone: paused and resumed in turn, from resumed."""
    for turn in range(times):
        await (resume if turn % 2 else pause)(batch)


async def done(batch: Batch, position: int = 0, items: Sequence[FoundItem] = (SOFA, CHAIR)) -> None:
    """Two changes, and `batch_finished` with the last photo: claimed, done."""
    await batch.finish(position, items)
