"""Whole states of 4 KiB and more: the first change at once, then at most four a second, the end at once."""

import asyncio
import time
from itertools import pairwise

import pytest

from roomtally.streams import stage
from roomtally.streams.frames import HEAVY_BYTES
from tests.fixtures.waiting import until
from tests.integration.streams.house import House

PAD = "x" * HEAVY_BYTES


async def test_small_states_are_shown_for_each_change(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    started = time.monotonic()
    for value in range(20):
        await house.commit(topic, value)
        await until(lambda value=value: socket.numbers[-1] == value + 2)
    assert time.monotonic() - started < 10 * stage.HEAVY_SECONDS


async def test_heavy_states_come_at_once_and_then_four_times_a_second(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, PAD)
    socket, delta, both = (
        await house.watch(topic),
        await house.watch(topic, delta=True),
        await house.watch_many([topic]),
    )
    arrivals: list[float] = []
    began = time.monotonic()
    sent = 0
    while time.monotonic() < began + 1.1:
        await house.commit(topic, 1)
        sent += 1
        await asyncio.sleep(0.01)
        if len(socket.chunks) > len(arrivals) + 1:
            arrivals.append(time.monotonic() - began)
    await until(lambda: socket.numbers[-1] == both.of("progress")[-1].data["n"] == sent + 2)
    assert arrivals[0] < 0.1
    assert all(later - earlier > 0.2 for earlier, later in pairwise(arrivals))
    assert 4 <= len(socket.numbers) - 1 <= 6
    assert len(both.of("progress")) == len(socket.numbers)
    assert len(delta.of("change")) == sent


async def test_the_last_of_a_burst_is_shown_when_its_time_has_come(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, PAD)
    socket = await house.watch(topic)
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [2, 3])
    for value in range(5):
        await house.commit(topic, value)
    assert socket.numbers == [2, 3]
    await until(lambda: socket.numbers == [2, 3, 8], timeout=1)


async def test_a_newcomer_gets_the_state_of_now_and_the_next_in_time(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, PAD)
    first = await house.watch(topic)
    await house.commit(topic, 1)
    await until(lambda: first.numbers == [2, 3])
    await house.commit(topic, 1)
    await until(lambda: house.hub.topics[topic].last == 4)
    newcomer = await house.watch(topic)
    assert newcomer.numbers == [4]
    await until(lambda: first.numbers == [2, 3, 4])
    await house.commit(topic, 1)
    await until(lambda: first.numbers[-1] == newcomer.numbers[-1] == 5)
    assert newcomer.numbers == [4, 5]


@pytest.mark.parametrize("delta", [False, True])
async def test_the_end_is_not_held_back(house: House, delta: bool) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, PAD)
    socket, both = await house.watch(topic, delta=delta), await house.watch_many([topic], delta=delta)
    await house.commit(topic, 1)
    await house.commit(topic, 2)
    started = time.monotonic()
    await house.finish(topic)
    await until(lambda: socket.ended and both.of("complete"))
    assert time.monotonic() - started < 0.2
    assert socket.events[-1].data["n"] == 5


async def test_a_slow_reader_of_heavy_states_is_not_sent_more_of_them(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, PAD)
    slow = await house.watch(topic)
    for _ in range(20):
        slow.stalled = True
        await house.commit(topic, 1)
        await asyncio.sleep(0.02)
        slow.read_on()
    assert len(slow.numbers) <= 4
    await until(lambda: slow.numbers[-1] == 22)
