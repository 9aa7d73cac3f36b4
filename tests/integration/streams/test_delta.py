"""`?mode=delta`: the whole state once, then the events themselves; what was missed is sent, or the whole state again."""

from typing import Any

import msgspec
import pytest

from roomtally.streams import history, ring
from roomtally.streams.hub import Pace
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.ledger import Tally
from tests.integration.streams.socket import Socket


def shape(socket: Socket) -> list[tuple[str, int]]:
    """Each event with the number that it brings its viewer to."""
    return [
        (received.event, number(received.data)) for received in socket.events if received.event not in {"ping", "reset"}
    ]


def number(data: dict[str, Any]) -> int:
    return data["n"] if "n" in data else int(data["eventId"].rpartition("-")[2])


async def test_changes_follow_the_first_state(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)
    await house.publish(topic, house.ledger.commit(topic, 7), committed_at=1234.5)
    await until(lambda: len(socket.events) == 2)
    first, change = socket.events
    assert (first.event, first.id) == ("progress", "00000000000a-1")
    assert (change.event, change.id) == ("change", "00000000000a-2")
    assert change.data == {"value": 7, "type": "added", "eventId": "00000000000a-2", "committedAt": 1234500.0}


async def test_events_of_one_transaction_are_one_chunk_of_changes(house: House) -> None:
    topic = house.ledger.create()
    sockets = [await house.watch(topic, delta=True) for _ in range(3)]
    await house.commit(topic, 1, 2, 3)
    await until(lambda: all(len(socket.events) == 4 for socket in sockets))
    assert shape(sockets[0]) == [("progress", 1), ("change", 2), ("change", 3), ("change", 4)]
    assert len({id(socket.chunks[1]) for socket in sockets}) == 1


async def test_messages_that_came_in_one_read_are_one_chunk(house: House) -> None:
    topic = house.ledger.create()
    socket, whole = await house.watch(topic, delta=True), await house.watch(topic)
    async with house.client.pipeline(transaction=False) as pipe:
        for value in range(20):
            pipe.publish(*house.message(topic, house.ledger.commit(topic, value)))
        await pipe.execute()
    await until(lambda: len(socket.events) == 21)
    assert len(socket.chunks) == 2
    assert whole.numbers == [1, 21]


async def test_viewers_of_changes_cost_no_fold(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)

    def refuse(*_: object) -> Tally:
        raise AssertionError("nobody has asked for the document")

    with monkeypatch.context() as patched:
        patched.setattr(Tally, "fold", refuse)
        patched.setattr(Tally, "progress", refuse)
        for value in range(1, history.UNFOLDED // 2):
            await house.commit(topic, value)
        await until(lambda: len(socket.events) == history.UNFOLDED // 2)
    newcomer = await house.watch(topic)
    assert newcomer.events[0].data["total"] == sum(range(history.UNFOLDED // 2))


async def test_folds_are_made_up_for_before_they_are_many(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)
    for value in range(1, 301):
        await house.commit(topic, value)
    await until(lambda: len(socket.events) == 301)
    newcomer = await house.watch(topic)
    assert newcomer.events[0].data["total"] == sum(range(301))


async def test_both_modes_on_one_topic(house: House) -> None:
    topic = house.ledger.create()
    delta, whole = await house.watch(topic, delta=True), await house.watch(topic)
    for value in (1, 2):
        await house.commit(topic, value)
        await until(lambda value=value: whole.numbers[-1] == value + 1)
    assert shape(delta) == [("progress", 1), ("change", 2), ("change", 3)]
    assert shape(whole) == [("progress", 1), ("progress", 2), ("progress", 3)]


async def test_the_end_is_its_last_changes_and_complete(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)
    await house.publish(topic, house.ledger.commit(topic, 4), house.ledger.finish(topic))
    await until(lambda: socket.ended)
    assert shape(socket) == [("progress", 1), ("change", 2), ("change", 3), ("complete", 3)]
    assert [received.id for received in socket.events[1:]] == ["00000000000a-2", None, "00000000000a-3"]


# --- slow readers


async def test_a_slow_reader_gets_what_it_missed_as_one_chunk(house: House) -> None:
    topic = house.ledger.create()
    slow, quick = await house.watch(topic, delta=True), await house.watch(topic, delta=True)
    slow.stalled = True
    for value in range(20):
        await house.commit(topic, value)
    await until(lambda: len(quick.events) == 21)
    assert slow.unread == 1
    slow.read_on()
    await until(lambda: len(slow.events) == 21)
    assert shape(slow) == shape(quick)
    assert len(slow.chunks) == 3


@pytest.mark.parametrize(("events", "bytes_each"), [(ring.EVENTS + 20, 10), (20, ring.BYTES // 10)])
async def test_a_reader_too_far_behind_gets_one_progress(house: House, events: int, bytes_each: int) -> None:
    topic = house.ledger.create()
    slow, quick = await house.watch(topic, delta=True), await house.watch(topic, delta=True)
    slow.stalled = True
    for _ in range(events):
        await house.commit(topic, "x" * bytes_each)
    await until(lambda: len(quick.events) == events + 1)
    slow.read_on()
    await until(lambda: len(slow.events) == 3)
    assert shape(slow) == [("progress", 1), ("change", 2), ("progress", events + 1)]
    await house.commit(topic, 1)
    await until(lambda: len(slow.events) == 4)
    assert shape(slow)[-1] == ("change", events + 2)


async def test_a_reader_who_catches_up_just_now_gets_nothing_twice(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)
    socket.stalled = True
    await house.commit(topic, 1)
    await until(lambda: socket.unread)
    socket.read_on()
    house.hub.topics[topic].take([house.ledger.commit(topic, 2)])  # it is told only after the reader has looked
    await until(lambda: shape(socket)[-1] == ("change", 3))
    await house.commit(topic, 1)
    await until(lambda: shape(socket)[-1] == ("change", 4))
    assert shape(socket) == [("progress", 1), ("change", 2), ("change", 3), ("change", 4)]


async def test_a_slow_reader_does_not_miss_the_end_of_changes(house: House) -> None:
    topic = house.ledger.create()
    slow = await house.watch(topic, delta=True)
    slow.stalled = True
    await house.commit(topic, 1)
    await house.commit(topic, 2)
    await house.finish(topic)
    await until(lambda: house.hub.stats().topics == 0)
    slow.read_on()
    await until(lambda: slow.ended)
    assert shape(slow) == [("progress", 1), ("change", 2), ("change", 3), ("change", 4), ("complete", 4)]


# --- coming back


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


async def test_an_event_that_cannot_be_a_change_is_a_progress(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, delta=True)
    event = house.ledger.commit(topic, 5)
    odd = msgspec.structs.replace(event, payload=msgspec.Raw(b'{"value":\n5}'))
    await house.client.publish(*house.message(topic, odd))
    await until(lambda: len(socket.events) == 2)
    assert shape(socket) == [("progress", 1), ("progress", 2)]
    await house.commit(topic, 1)
    await until(lambda: shape(socket)[-1] == ("change", 3))


async def test_who_comes_after_an_event_that_cannot_be_folded_waits_for_no_sweep(house: House) -> None:
    topic = house.ledger.create()
    first = await house.watch(topic, delta=True)
    await house.commit(topic, "broken")
    await until(lambda: shape(first)[-1] == ("change", 2))
    newcomer = house.run(await house.attach(topic))
    await until(lambda: newcomer.numbers == [2], timeout=1)
    await house.commit(topic, 1)
    await until(lambda: newcomer.numbers == [2, 3] and shape(first)[-1] == ("change", 3))
