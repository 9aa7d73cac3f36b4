"""Reads of snapshots are shared by all who ask while the readers are busy."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import pytest

from roomtally.batches.service import loading
from roomtally.batches.service.loading import Together
from roomtally.batches.service.reading import Progress


class Reads:
    def __init__(self) -> None:
        self.parts: list[int] = []
        self.broken = False

    async def __call__(self, ids: Sequence[UUID]) -> Mapping[UUID, Progress]:
        self.parts.append(len(ids))
        await asyncio.sleep(0.01)
        if self.broken:
            raise ConnectionError("away")
        return {batch: Progress(batch, batch, 1, "e", False, b"{}") for batch in ids if batch.int % 2 == 0}


def even() -> UUID:
    return UUID(int=uuid4().int & ~1)


async def test_one_who_asks_alone_is_read_at_once_and_alone() -> None:
    reads, batch = Reads(), even()
    progress = await Together(reads, readers=1).ask(batch)
    assert progress is not None
    assert progress.batch_id == batch
    assert reads.parts == [1]


async def test_many_share_a_few_reads() -> None:
    reads, batches = Reads(), [even() for _ in range(300)]
    loads = Together(reads, readers=4)
    found = await asyncio.gather(*[loads.ask(batch) for batch in batches])
    assert [progress.batch_id for progress in found if progress] == batches
    assert len(reads.parts) == 300 / loading.AT_ONCE
    assert max(reads.parts) == loading.AT_ONCE


async def test_what_is_not_there_is_none() -> None:
    assert await Together(Reads(), readers=1).ask(UUID(int=3)) is None


async def test_a_read_that_fails_fails_those_who_asked_and_nobody_later() -> None:
    reads, batch = Reads(), even()
    loads = Together(reads, readers=4)
    reads.broken = True
    outcomes = await asyncio.gather(*[loads.ask(batch) for _ in range(3)], return_exceptions=True)
    assert all(isinstance(outcome, ConnectionError) for outcome in outcomes)
    reads.broken = False
    assert await loads.ask(batch)


async def test_one_who_gives_up_disturbs_nobody() -> None:
    reads, batch = Reads(), even()
    loads = Together(reads, readers=4)
    first, second = (asyncio.create_task(loads.ask(batch)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize("readers", [1, 2])
async def test_one_who_asks_in_the_moment_in_which_the_last_reader_ends_is_read_too(readers: int) -> None:
    """Whatever the turn of the loop at which they come: a reader that has looked for the last time reads for nobody."""
    found = await asyncio.gather(*[_ask_late(readers, turns) for turns in range(12)])
    assert all(found)


async def _ask_late(readers: int, turns: int) -> Progress | None:
    reads = Immediate()
    loads = Together(reads, readers)
    busy = [asyncio.create_task(loads.ask(even())) for _ in range(readers)]
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        progress = await loads.ask(even())
    await asyncio.gather(*busy)
    return progress


class Immediate(Reads):
    async def __call__(self, ids: Sequence[UUID]) -> Mapping[UUID, Progress]:
        return {batch: Progress(batch, batch, 1, "e", False, b"{}") for batch in ids}
