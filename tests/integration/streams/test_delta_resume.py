"""`?mode=delta`: who comes back gets what was missed from the ring or the log, or the whole state again."""

import pytest

from roomtally.streams import ring
from roomtally.streams.hub import Pace
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.seen import number, shape


async def test_who_comes_back_gets_what_was_missed_from_the_ring(house: House) -> None:
    topic = house.ledger.create()
    first = await house.watch(topic, delta=True)
    for value in range(5):
        await house.commit(topic, value)
    await until(lambda: len(first.events) == 6)
    again = await house.watch(topic, after="00000000000a-3", delta=True)
    assert shape(again) == [("change", 4), ("change", 5), ("change", 6)]
    assert again.body.startswith(b"retry: ")
    assert not house.ledger.reads["log"]


async def test_who_comes_back_to_another_process_gets_it_from_the_log(build: Build) -> None:
    house = await build()
    topic = house.ledger.create()
    for value in range(9):
        house.ledger.commit(topic, value)
    other = await build(ledger=house.ledger)
    again = await other.watch(topic, after="00000000000a-4", delta=True)
    assert shape(again) == [("change", n) for n in range(5, 11)]
    await other.commit(topic, 1)
    await until(lambda: shape(again)[-1] == ("change", 11))


async def test_many_who_come_back_share_reads_of_the_log(house: House) -> None:
    topics = [house.ledger.create() for _ in range(50)]
    for topic in topics:
        house.ledger.commit(topic, 1)
        house.ledger.commit(topic, 2)
    sockets = await house.watch_all(topics, after="00000000000a-1", delta=True)
    assert all(shape(socket) == [("change", 2), ("change", 3)] for socket in sockets)
    assert house.ledger.reads["log"] <= 3


async def test_who_missed_nothing_gets_the_head_at_once(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, after="00000000000a-1", delta=True)
    assert [received.event for received in socket.events] == ["ping"]
    assert socket.body.startswith(b"retry: ")
    await house.commit(topic, 1)
    await until(lambda: shape(socket) == [("change", 2)])


async def test_a_pruned_log_is_one_progress(house: House) -> None:
    topic = house.ledger.create()
    for value in range(9):
        house.ledger.commit(topic, value)
    house.ledger.kept_after[topic] = 5
    again = await house.watch(topic, after="00000000000a-4", delta=True)
    assert shape(again) == [("progress", 10)]


async def test_a_log_that_cannot_be_read_is_one_progress(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, 1)
    await house.watch(topic)
    house.ledger.broken = True
    again = await house.watch(topic, after="00000000000a-1", delta=True)
    assert shape(again) == [("progress", 2)]


async def test_who_missed_more_than_the_ring_holds_gets_it_from_the_log(house: House) -> None:
    topic = house.ledger.create()
    stays = await house.watch(topic, delta=True)
    for value in range(ring.RECALLED_EVENTS):
        house.ledger.commit(topic, value)
    await house.commit(topic, 1)
    last = ring.RECALLED_EVENTS + 2
    await until(lambda: number(stays.events[-1].data) == last)
    again = await house.watch(topic, after="00000000000a-2", delta=True)
    assert shape(again) == [("change", n) for n in range(3, last + 1)]
    await house.commit(topic, 1)
    await until(lambda: shape(again)[-1] == ("change", last + 1))


async def test_the_changes_of_a_long_run_and_its_end_come_from_the_log(house: House) -> None:
    topic = house.ledger.create()
    for value in range(400):
        house.ledger.commit(topic, value)
    house.ledger.finish(topic)
    again = await house.watch(topic, after="00000000000a-1", delta=True)
    assert shape(again) == [*(("change", n) for n in range(2, 403)), ("complete", 402)]


async def test_more_than_one_read_of_the_log_gives_is_one_progress_and_no_read(house: House) -> None:
    topic = house.ledger.create()
    for value in range(ring.RECALLED_EVENTS + 2):
        house.ledger.commit(topic, value)
    again = await house.watch(topic, after="00000000000a-2", delta=True)
    assert shape(again) == [("progress", ring.RECALLED_EVENTS + 3)]
    assert not house.ledger.reads["log"]
    a_little_later = await house.watch(topic, after="00000000000a-3", delta=True)
    assert len(shape(a_little_later)) == ring.RECALLED_EVENTS


async def test_more_bytes_than_one_stream_may_be_sent_are_one_progress(house: House) -> None:
    topic = house.ledger.create()
    each = ring.RECALLED_BYTES // 10
    for _ in range(12):
        house.ledger.commit(topic, "x" * each)
    again = await house.watch(topic, after="00000000000a-1", delta=True)
    assert shape(again) == [("progress", 13)]
    a_little_later = await house.watch(topic, after="00000000000a-5", delta=True)
    assert shape(a_little_later) == [("change", n) for n in range(6, 14)]


@pytest.mark.parametrize(("after", "reason"), [("00000000000b-1", "epoch"), ("00000000000a-9", "ahead")])
async def test_changes_after_an_id_of_another_history_begin_with_reset(house: House, after: str, reason: str) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, after=after, delta=True)
    assert [received.event for received in socket.events] == ["reset", "progress"]
    assert socket.events[0].data == {"reason": reason}


async def test_who_missed_the_end_gets_the_last_changes_and_complete(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, 3)
    house.ledger.finish(topic)
    socket = await house.watch(topic, after="00000000000a-1", delta=True)
    await until(lambda: socket.ended)
    assert shape(socket) == [("change", 2), ("change", 3), ("complete", 3)]
    newcomer = await house.watch(topic, delta=True)
    assert shape(newcomer) == [("progress", 3), ("complete", 3)]


async def test_a_run_that_began_meanwhile_is_shown_as_a_whole(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.finish(topic)
    house.ledger.commit(topic, 5)  # the second run
    house.ledger.commit(topic, 6)
    for after in (1, 2):
        socket = await house.watch(topic, after=f"00000000000a-{after}", delta=True)
        assert shape(socket) == [("progress", 4)]
    later = await house.watch(topic, after="00000000000a-3", delta=True)
    assert shape(later) == [("change", 4)]


async def test_a_restored_database_resets_viewers_of_changes(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.2))
    topic = house.ledger.create()
    for value in range(5):
        house.ledger.commit(topic, value)
    socket = await house.watch(topic, delta=True)
    house.ledger.restore(topic, 2, "00000000000b")
    await until(lambda: len(socket.events) == 3)
    assert [received.event for received in socket.events] == ["progress", "reset", "progress"]
    await house.commit(topic, 1)
    await until(lambda: shape(socket)[-1] == ("change", 3))
