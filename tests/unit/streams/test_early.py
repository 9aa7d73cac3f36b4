import asyncio
import gc

import msgspec

from roomtally.streams import early
from roomtally.streams.collector import STEP, Collector
from roomtally.streams.early import Early
from roomtally.streams.source import Event
from tests.fixtures.waiting import until


def event(n: int) -> Event:
    return Event(n=n, run=1, type="added", payload=msgspec.Raw(b"1"))


async def test_patience_is_lost_once_and_not_when_the_elder_comes() -> None:
    lost: list[float] = []
    waiting = Early(lambda: lost.append(asyncio.get_running_loop().time()))
    waiting.add(event(5))
    started = asyncio.get_running_loop().time()
    waiting.wait(last=3)
    waiting.wait(last=3)
    await until(lambda: lost)
    assert 0.04 < lost[0] - started < 0.2
    waiting.wait(last=3)
    waiting.wait(last=5)  # it came another way
    await asyncio.sleep(2 * early.PATIENCE_SECONDS)
    assert len(lost) == 1
    assert waiting.highest(default=5) == 5


async def test_too_many_are_given_up_at_once() -> None:
    lost: list[int] = []
    waiting = Early(lambda: lost.append(1))
    for n in range(2, early.LIMIT + 3):
        waiting.add(event(n))
    waiting.wait(last=0)
    assert lost == [1]
    assert waiting.pop(2) is None


def test_open_streams_are_hidden_from_the_collector_and_shown_again() -> None:
    collector = Collector()
    frozen = gc.get_freeze_count()
    try:
        collector.changed(STEP - 1)
        assert gc.get_freeze_count() == frozen
        collector.changed(STEP)
        assert gc.get_freeze_count() > frozen
    finally:
        collector.stop()
    assert gc.get_freeze_count() == 0
