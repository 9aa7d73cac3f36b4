"""Many topics on one stream: shared frames without ids, and one id with all numbers at the end of each chunk."""

import asyncio
from uuid import UUID, uuid4

import pytest

from roomtally import errors
from roomtally.streams.hub import Pace
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.seen import is_well_formed, names, of

E = "00000000000a"


@pytest.mark.parametrize("delta", [False, True])
async def test_all_states_come_first_in_the_order_of_the_url(house: House, three: list[UUID], delta: bool) -> None:
    house.ledger.commit(three[1], 5)
    socket = await house.watch_many(three, delta=delta)
    assert [received.data["topic"] for received in socket.events] == [str(topic) for topic in three]
    assert names(socket) == ["progress"] * 3
    assert len(socket.chunks) == 1
    assert socket.body.startswith(b"retry: ")
    assert socket.body.endswith(b"\n\nid: v1:00000000000a:1,2,1\n\n")


async def test_a_change_of_one_topic_moves_its_number(house: House, three: list[UUID]) -> None:
    whole, delta = await house.watch_many(three), await house.watch_many(three, delta=True)
    await house.commit(three[2], 1)
    await until(lambda: len(whole.events) == len(delta.events) == 4)
    assert (names(whole)[-1], names(delta)[-1]) == ("progress", "change")
    assert whole.last_id == delta.last_id == f"v1:{E}:1,1,2"
    assert delta.events[-1].data["eventId"] == f"{E}-2"
    assert is_well_formed(whole)
    assert is_well_formed(delta)


async def test_changes_of_several_topics_in_one_read_are_one_chunk(house: House, three: list[UUID]) -> None:
    whole, delta = await house.watch_many(three), await house.watch_many(three, delta=True)
    async with house.client.pipeline(transaction=False) as pipe:
        for topic in three * 2:
            pipe.publish(*house.message(topic, house.ledger.commit(topic, 1)))
        await pipe.execute()
    await until(lambda: delta.last_id == whole.last_id == f"v1:{E}:3,3,3")
    assert (len(whole.chunks), len(delta.chunks)) == (2, 2)
    assert names(delta) == ["progress"] * 3 + ["change"] * 6
    assert names(whole) == ["progress"] * 6
    assert is_well_formed(delta)


async def test_streams_of_one_and_of_many_share_topic_and_frames(house: House, three: list[UUID]) -> None:
    single = await house.watch(three[0])
    both = await house.watch_many(three)
    assert house.ledger.reads["snapshot"] == 3
    assert len(house.hub.topics) == 3
    await house.commit(three[0], 1)
    await until(lambda: single.numbers == [1, 2] and of(both, three[0]) == [("progress", 1), ("progress", 2)])
    single.leave()
    await until(lambda: house.hub.count == 1)
    assert len(house.hub.topics) == 3
    both.leave()
    await until(lambda: len(house.hub.topics) == 0)


# --- what is not there


@pytest.mark.parametrize("delta", [False, True])
async def test_one_that_is_not_there_is_told_and_the_others_go_on(house: House, three: list[UUID], delta: bool) -> None:
    gone = uuid4()
    socket = await house.watch_many([three[0], gone, three[1]], delta=delta)
    [error] = socket.of("error")
    assert (error.data["topicId"], error.data["code"], error.data["retryable"]) == (str(gone), "topic-not-found", False)
    assert socket.last_id == f"v1:{E}:1,0,1"
    await house.commit(three[1], 1)
    await until(lambda: socket.last_id == f"v1:{E}:1,0,2")


async def test_nothing_that_is_there_is_refused(house: House) -> None:
    with pytest.raises(errors.NotFound):
        await house.watch_many([uuid4(), uuid4()])
    topics = [house.ledger.create(), house.ledger.create()]
    wanted = await house.attach_many(topics)
    house.run(wanted).leave()
    await until(lambda: house.hub.count == 0)
    assert len(house.hub.topics) == 0


async def test_one_that_vanishes_while_it_is_read_is_told(house: House, three: list[UUID]) -> None:
    house.ledger.gate.clear()
    opening = asyncio.create_task(house.watch_many(three))
    await until(lambda: house.ledger.reads["snapshot"] == 3)
    house.hub.topics[three[1]].vanish()
    house.ledger.gate.set()
    socket = await opening
    assert [received.data.get("topicId") for received in socket.of("error")] == [str(three[1])]
    assert len(house.hub.topics) == 2


async def test_a_database_that_is_away_refuses_the_whole_stream_and_nothing_stays(
    house: House, three: list[UUID]
) -> None:
    house.ledger.broken = True
    with pytest.raises(errors.Unavailable):
        await house.watch_many(three)
    assert (house.hub.count, len(house.hub.topics)) == (0, 0)


async def test_a_viewer_who_gives_up_while_opening_leaves_nothing(house: House, three: list[UUID]) -> None:
    house.ledger.gate.clear()
    opening = asyncio.create_task(house.watch_many(three))
    await until(lambda: house.ledger.reads["snapshot"] == 3)
    opening.cancel()
    await asyncio.wait([opening])
    assert (house.hub.count, len(house.hub.topics)) == (0, 0)


async def test_a_deleted_topic_is_told_and_the_last_one_ends_the_stream(house: House, three: list[UUID]) -> None:
    socket = await house.watch_many(three)
    for topic in three:
        assert not socket.ended
        await house.publish(topic, house.ledger.commit(topic, None, "deleted"))
        await until(lambda topic=topic: topic not in house.hub.topics)
    await until(lambda: socket.ended)
    assert [(e.data["topicId"], e.data["code"]) for e in socket.of("error")] == [
        (str(topic), "topic-deleted") for topic in three
    ]
    assert is_well_formed(socket)
    assert len(house.hub.topics) == 0


# --- time


async def test_a_silent_stream_of_many_is_pinged_and_ends_in_time(build: Build) -> None:
    house = await build(Pace(heartbeat_seconds=0.2, stream_max_seconds=1.0))
    socket = await house.watch_many([house.ledger.create() for _ in range(2)])
    await until(lambda: len(socket.of("ping")) >= 2)
    await until(lambda: socket.ended)
    assert socket.events[-1].event == "timeout"


async def test_slow_readers_of_many_get_the_newest(house: House, three: list[UUID]) -> None:
    slow, delta = await house.watch_many(three), await house.watch_many(three, delta=True)
    slow.stalled = delta.stalled = True
    for value in range(10):
        for topic in three:
            await house.commit(topic, value)
    await until(lambda: house.hub.topics[three[2]].last == 11)
    slow.read_on()
    delta.read_on()
    await until(lambda: slow.last_id == delta.last_id == f"v1:{E}:11,11,11")
    assert len(slow.chunks) == len(delta.chunks) == 3
    assert of(slow, three[1])[-1] == ("progress", 11)
    assert len(slow.events) <= 7
    assert names(delta).count("change") == 30
    assert is_well_formed(slow)
    assert is_well_formed(delta)


async def test_a_hundred_topics_on_one_stream(house: House) -> None:
    topics = [house.ledger.create() for _ in range(100)]
    socket = await house.watch_many(topics, delta=True)
    assert house.hub.count == 1
    for topic in topics:
        await house.commit(topic, 1)
    await until(lambda: socket.last_id == f"v1:{E}:{','.join(['2'] * 100)}")
    socket.leave()
    await until(lambda: len(house.hub.topics) == 0)
