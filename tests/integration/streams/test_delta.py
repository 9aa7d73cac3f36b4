"""`?mode=delta`: the whole state once, then the events themselves; what a slow reader missed, or the whole state again."""

import msgspec
import pytest

from roomtally.streams import history, ring
from tests.fixtures.waiting import until
from tests.integration.streams.house import House
from tests.integration.streams.ledger import Tally
from tests.integration.streams.seen import shape


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
    await house.commit(topic, "x" * bytes_each)
    await until(lambda: slow.unread == 1)  # else what follows may be in the same chunk
    for _ in range(events - 1):
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
    await until(lambda: len(house.hub.topics) == 0)
    slow.read_on()
    await until(lambda: slow.ended)
    assert shape(slow) == [("progress", 1), ("change", 2), ("change", 3), ("change", 4), ("complete", 4)]
