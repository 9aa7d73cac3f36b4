"""Many topics on one stream: shared frames without ids, and one id with all numbers at the end of each chunk."""

import asyncio
from uuid import UUID, uuid4

import pytest

from roomtally import errors
from roomtally.streams import many, ring
from roomtally.streams.hub import Pace
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.socket import Socket

E = "00000000000a"


def of(socket: Socket, topic: UUID) -> list[tuple[str, int]]:
    """Events of one topic with the number that they bring its viewer to; changes of the ledger do not name their topic."""
    return [
        (received.event, received.data["n"])
        for received in socket.events
        if received.event in {"progress", "complete"} and received.data["topic"] == str(topic)
    ]


def names(socket: Socket) -> list[str]:
    return [received.event for received in socket.events]


def is_well_formed(socket: Socket) -> bool:
    """No event has an id, and each chunk ends with one block that has nothing else."""
    assert all(received.id is None for received in socket.events)
    for chunk in socket.chunks:
        assert chunk.count(b"id: ") == 1, chunk
        assert chunk.rpartition(b"\n\nid: v1:")[2].endswith(b"\n\n")
    return True


@pytest.fixture
def three(house: House) -> list[UUID]:
    return [house.ledger.create() for _ in range(3)]


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
    assert house.hub.stats().topics == 3
    await house.commit(three[0], 1)
    await until(lambda: single.numbers == [1, 2] and of(both, three[0]) == [("progress", 1), ("progress", 2)])
    single.leave()
    await until(lambda: house.hub.count == 1)
    assert house.hub.stats().topics == 3
    both.leave()
    await until(lambda: house.hub.stats().topics == 0)


# --- what is not there


@pytest.mark.parametrize("delta", [False, True])
async def test_one_that_is_not_there_is_told_and_the_others_go_on(house: House, three: list[UUID], delta: bool) -> None:
    gone = uuid4()
    socket = await house.watch_many([three[0], gone, three[1]], delta=delta)
    [error] = socket.of("error")
    assert (error.data["batchId"], error.data["code"], error.data["retryable"]) == (str(gone), "batch-not-found", False)
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
    assert house.hub.stats().topics == 0


async def test_one_that_vanishes_while_it_is_read_is_told(house: House, three: list[UUID]) -> None:
    house.ledger.gate.clear()
    opening = asyncio.create_task(house.watch_many(three))
    await until(lambda: house.ledger.reads["snapshot"] == 3)
    house.hub.topics[three[1]].vanish()
    house.ledger.gate.set()
    socket = await opening
    assert [received.data.get("batchId") for received in socket.of("error")] == [str(three[1])]
    assert house.hub.stats().topics == 2


async def test_a_database_that_is_away_refuses_the_whole_stream_and_nothing_stays(
    house: House, three: list[UUID]
) -> None:
    house.ledger.broken = True
    with pytest.raises(errors.Unavailable):
        await house.watch_many(three)
    assert (house.hub.count, house.hub.stats().topics) == (0, 0)


async def test_a_viewer_who_gives_up_while_opening_leaves_nothing(house: House, three: list[UUID]) -> None:
    house.ledger.gate.clear()
    opening = asyncio.create_task(house.watch_many(three))
    await until(lambda: house.ledger.reads["snapshot"] == 3)
    opening.cancel()
    await asyncio.wait([opening])
    assert (house.hub.count, house.hub.stats().topics) == (0, 0)


async def test_a_deleted_topic_is_told_and_the_last_one_ends_the_stream(house: House, three: list[UUID]) -> None:
    socket = await house.watch_many(three)
    for topic in three:
        assert not socket.ended
        await house.publish(topic, house.ledger.commit(topic, None, "deleted"))
        await until(lambda topic=topic: topic not in house.hub.topics)
    await until(lambda: socket.ended)
    assert [(e.data["batchId"], e.data["code"]) for e in socket.of("error")] == [
        (str(topic), "batch-deleted") for topic in three
    ]
    assert is_well_formed(socket)
    assert house.hub.stats().topics == 0


# --- runs


@pytest.mark.parametrize("delta", [False, True])
async def test_complete_comes_for_each_topic_and_run_and_the_stream_goes_on(
    house: House, three: list[UUID], delta: bool
) -> None:
    socket = await house.watch_many(three, delta=delta)
    await house.publish(three[0], house.ledger.commit(three[0], 1), house.ledger.finish(three[0]))
    await until(lambda: socket.of("complete"))
    assert socket.last_id == f"v1:{E}:3,1,1"
    await house.commit(three[0], 4)  # opened again
    await until(lambda: socket.last_id == f"v1:{E}:4,1,1")
    reopened = socket.events[-1]
    assert (reopened.event, reopened.data["run"]) == ("progress", 2)
    await house.finish(three[0])
    await until(lambda: len(socket.of("complete")) == 2)
    assert [received.data["run"] for received in socket.of("complete")] == [1, 2]
    await house.commit(three[1], 1)
    await until(lambda: socket.last_id == f"v1:{E}:5,2,1")
    assert is_well_formed(socket)


@pytest.mark.parametrize("delta", [False, True])
async def test_a_correction_of_a_finished_topic_is_complete_again(house: House, three: list[UUID], delta: bool) -> None:
    house.ledger.finish(three[1])
    socket = await house.watch_many(three, delta=delta)
    assert of(socket, three[1]) == [("progress", 2), ("complete", 2)]
    # what a correction writes: the item, and that it is finished, in a run of their own
    await house.publish(three[1], house.ledger.commit(three[1], 3), house.ledger.finish(three[1]))
    await until(lambda: len(socket.of("complete")) == 2)
    assert of(socket, three[1])[2:] == [("progress", 4), ("complete", 4)]
    assert [received.data["run"] for received in socket.of("complete")] == [1, 2]
    assert not socket.of("change")


@pytest.mark.parametrize("delta", [False, True])
async def test_the_end_of_a_run_is_not_lost_for_a_slow_reader(house: House, three: list[UUID], delta: bool) -> None:
    socket = await house.watch_many(three, delta=delta)
    socket.stalled = True
    await house.commit(three[1], 1)
    for _ in range(2):
        await house.publish(three[0], house.ledger.commit(three[0], 1), house.ledger.finish(three[0]))
        await until(lambda: house.hub.topics[three[0]].last == house.last(three[0]))
    await house.commit(three[0], 9)
    await house.commit(three[2], 1)
    await until(lambda: house.hub.topics[three[2]].last == 2)
    socket.read_on()
    await until(lambda: socket.last_id == f"v1:{E}:6,2,2")
    assert [(received.data["n"], received.data["run"]) for received in socket.of("complete")] == [(3, 1), (5, 2)]
    assert of(socket, three[0])[-1] == ("progress", 6)
    assert len(socket.chunks) == 3
    assert is_well_formed(socket)


async def test_who_owes_too_many_ends_is_closed(house: House, three: list[UUID]) -> None:
    before = metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": "slow"}) or 0
    socket = await house.watch_many(three)
    other = await house.watch_many(three)
    socket.stalled = True
    for _ in range(many.OWED + 3):
        await house.finish(three[0])
    await until(lambda: len(other.of("complete")) == many.OWED + 3)
    await until(lambda: house.hub.count == 1)
    assert metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": "slow"}) == before + 1


# --- coming back


async def test_who_comes_back_to_another_process_gets_what_was_missed(build: Build) -> None:
    house = await build()
    topics = [house.ledger.create() for _ in range(4)]
    first = await house.watch_many(topics, delta=True)
    await house.commit(topics[0], 1)
    await until(lambda: first.last_id == f"v1:{E}:2,1,1,1")
    other = await build(ledger=house.ledger)
    house.ledger.commit(topics[0], 2)
    house.ledger.commit(topics[2], 3)
    house.ledger.commit(topics[3], 3)
    house.ledger.finish(topics[3])
    again = await other.watch_many(topics, after=first.last_id, delta=True)
    assert names(again) == ["change", "change", "change", "change", "complete"]
    assert again.last_id == f"v1:{E}:3,1,2,3"
    assert other.ledger.reads["log"] == 1
    last = await other.watch_many(topics, after=again.last_id, delta=True)
    assert names(last) == ["ping"]
    assert last.last_id == again.last_id


async def test_in_default_mode_only_ends_that_were_seen_are_left_out(house: House, three: list[UUID]) -> None:
    house.ledger.finish(three[0])
    house.ledger.finish(three[1])
    socket = await house.watch_many(three, after=f"v1:{E}:2,1,1")
    assert of(socket, three[0]) == []
    assert of(socket, three[1]) == [("progress", 2), ("complete", 2)]
    assert of(socket, three[2]) == [("progress", 1)]


async def test_what_is_gone_from_the_log_is_a_progress_and_the_rest_are_changes(
    house: House, three: list[UUID]
) -> None:
    for topic in three:
        for value in range(5):
            house.ledger.commit(topic, value)
    house.ledger.kept_after[three[1]] = 4
    for _ in range(ring.RECALLED_EVENTS):
        house.ledger.commit(three[2], 1)
    socket = await house.watch_many(three, after=f"v1:{E}:5,2,1", delta=True)
    assert names(socket) == ["change", "progress", "progress"]
    assert socket.last_id == f"v1:{E}:6,6,{6 + ring.RECALLED_EVENTS}"


async def test_more_than_the_rings_hold_comes_from_the_log(house: House, three: list[UUID]) -> None:
    for topic in three:
        for _ in range(2 * ring.EVENTS):
            house.ledger.commit(topic, 1)
    await house.watch_many(three)  # topics that are ready ask for what was missed in the same moment
    socket = await house.watch_many(three, after=f"v1:{E}:1,1,1", delta=True)
    assert names(socket) == ["change"] * 6 * ring.EVENTS
    assert house.ledger.reads["log"] == 1


@pytest.mark.parametrize(("sizes", "event"), [((2, 4), "change"), ((2, 4, 2), "progress")])
async def test_the_bytes_of_one_stream_are_shared_by_its_topics(
    house: House, sizes: tuple[int, ...], event: str
) -> None:
    topics = [house.ledger.create() for _ in range(10)]
    for topic in topics:
        for size in sizes:
            house.ledger.commit(topic, "x" * (ring.BYTES // size))
    socket = await house.watch_many(topics, after=f"v1:{E}:{','.join('1' * 10)}", delta=True)
    assert set(names(socket)) == {event}


async def test_ids_of_another_history_are_reset_one_by_one(house: House, three: list[UUID]) -> None:
    socket = await house.watch_many(three, after=f"v1:{E}:1,9,0")
    assert names(socket) == ["reset", "progress", "progress", "progress"]
    assert socket.events[0].data == {"batchId": str(three[1]), "reason": "ahead"}
    other = await house.watch_many(three, after="v1:00000000000b:1,1,0", delta=True)
    assert [(e.event, e.data.get("batchId")) for e in other.events[:2]] == [
        ("reset", str(three[0])),
        ("reset", str(three[1])),
    ]
    assert names(other)[2:] == ["progress"] * 3


@pytest.mark.parametrize("delta", [False, True])
async def test_a_restored_database_keeps_the_old_id_until_all_is_reset(build: Build, delta: bool) -> None:
    house = await build(Pace(sweep_seconds=0.2))
    topics = [house.ledger.create() for _ in range(2)]
    house.ledger.commit(topics[0], 1)
    socket = await house.watch_many(topics, delta=delta)
    gate = house.ledger.gates[topics[1]] = asyncio.Event()
    house.ledger.restore(topics[0], 1, "00000000000b")
    await until(lambda: of(socket, topics[0]) == [("progress", 2), ("progress", 1)])
    await house.commit(topics[0], 1)
    await until(lambda: house.hub.topics[topics[0]].last == 2 and len(socket.chunks) == 3)
    assert socket.last_id == f"v1:{E}:2,1"  # whoever is cut now comes back with it, and is reset as a whole
    gate.set()
    await until(lambda: socket.last_id == "v1:00000000000b:2,1")
    assert [e.data["batchId"] for e in socket.of("reset")] == [str(topic) for topic in topics]


@pytest.mark.parametrize("delta", [False, True])
async def test_an_end_and_a_new_beginning_in_one_message_are_both_shown(
    house: House, three: list[UUID], delta: bool
) -> None:
    socket = await house.watch_many(three, delta=delta)
    await house.publish(three[0], house.ledger.finish(three[0]), house.ledger.commit(three[0], 9))
    await until(lambda: socket.last_id == f"v1:{E}:3,1,1")
    assert names(socket)[-2:] == ["complete", "progress"]
    assert [socket.events[-2].data["run"], socket.events[-1].data["run"]] == [1, 2]


@pytest.mark.parametrize("delta", [False, True])
async def test_a_topic_that_must_be_read_anew_goes_on(house: House, three: list[UUID], delta: bool) -> None:
    socket = await house.watch_many(three, delta=delta)
    await house.publish(three[0], house.ledger.commit(three[0], "broken"), house.ledger.commit(three[0], 1))
    await until(lambda: socket.last_id == f"v1:{E}:3,1,1")
    whole = await house.watch_many(three)
    await until(lambda: of(whole, three[0]) == [("progress", 3)], timeout=1)
    await house.commit(three[0], 1)
    await until(lambda: socket.last_id == whole.last_id == f"v1:{E}:4,1,1")


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
    await until(lambda: house.hub.stats().topics == 0)
