import asyncio
import gc

import msgspec

from roomtally.streams import early
from roomtally.streams.collector import STEP, Collector
from roomtally.streams.early import Early
from roomtally.streams.source import Event
from tests.fixtures.waiting import until


def event(n: int, committed_at: float | None = None) -> Event:
    return Event(n=n, run=1, type="added", payload=msgspec.Raw(b"1"), committed_at=committed_at)


async def test_patience_is_lost_once_and_not_when_the_elder_comes() -> None:
    lost: list[float] = []
    waiting = Early(lambda: lost.append(asyncio.get_running_loop().time()))
    waiting.add(event(5), None)
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
        waiting.add(event(n), None)
    waiting.wait(last=0)
    assert lost == [1]
    assert waiting.pop(2) is None


async def test_an_event_keeps_its_own_time() -> None:
    waiting = Early(lambda: None)
    waiting.add(event(1, committed_at=3.5), 9.0)
    waiting.add(event(2), 9.0)
    assert [found and found[1] for found in (waiting.pop(1), waiting.pop(2), waiting.pop(3))] == [3.5, 9.0, None]


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
