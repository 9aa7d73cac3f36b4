"""Many topics on one stream: each run's end is shown, however many end at once and however slow the reader is."""

from uuid import UUID

import pytest

from roomtally.streams import many
from roomtally.streams.hub import Pace
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.seen import is_well_formed, names, of

E = "00000000000a"


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


# --- how many at once


def closed_as_slow() -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": "slow"}) or 0


@pytest.fixture
async def hundred(build: Build) -> tuple[House, list[UUID]]:
    """Topics whose ends nobody tells of: the sweep finds them all, and they are shown in one round."""
    house = await build(Pace(sweep_seconds=0.3))
    return house, [house.ledger.create() for _ in range(100)]


def finish_all(house: House, topics: list[UUID], value: object = 1) -> None:
    for topic in topics:
        house.ledger.commit(topic, value)
        house.ledger.finish(topic)


@pytest.mark.parametrize("owed", [many.OWED, 8])
@pytest.mark.parametrize("delta", [False, True])
async def test_a_hundred_that_end_at_once_cut_nobody_who_reads(
    hundred: tuple[House, list[UUID]], monkeypatch: pytest.MonkeyPatch, delta: bool, owed: int
) -> None:
    monkeypatch.setattr(many, "OWED", owed)
    house, topics = hundred
    before = closed_as_slow()
    socket = await house.watch_many(topics, delta=delta)
    finish_all(house, topics)
    await until(lambda: len(socket.of("complete")) == 100)
    assert socket.last_id == f"v1:{E}:{','.join(['3'] * 100)}"
    assert [of(socket, topic)[-1] for topic in topics] == [("complete", 3)] * 100
    assert is_well_formed(socket)
    assert (house.hub.count, closed_as_slow()) == (1, before)


async def test_a_hundred_that_end_while_the_socket_is_full_for_a_moment_cut_nobody(
    hundred: tuple[House, list[UUID]],
) -> None:
    house, topics = hundred
    socket = await house.watch_many(topics, delta=True)
    socket.stalled = True
    await house.commit(topics[0], 1)
    await until(lambda: socket.unread)
    finish_all(house, topics)
    await until(lambda: all(house.hub.topics[topic].history.finished for topic in topics))
    socket.read_on()
    await until(lambda: len(socket.of("complete")) == 100)
    assert is_well_formed(socket)


async def test_many_that_are_reset_at_once_cut_nobody_who_reads(
    hundred: tuple[House, list[UUID]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "OWED", 8)
    house, topics = hundred
    socket = await house.watch_many(topics)
    house.ledger.epoch = "00000000000b"
    await until(lambda: socket.last_id == f"v1:00000000000b:{','.join(['1'] * 100)}")
    assert len(socket.of("reset")) == 100


async def test_who_owes_too_many_ends_is_closed(
    house: House, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "OWED", 64)
    before = closed_as_slow()
    socket = await house.watch_many(three)
    other = await house.watch_many(three)
    socket.stalled = True
    for _ in range(64 + 3):
        await house.finish(three[0])
    await until(lambda: len(other.of("complete")) == 64 + 3)
    await until(lambda: house.hub.count == 1)
    assert closed_as_slow() == before + 1


async def test_what_a_slow_reader_is_owed_is_bounded_in_bytes(
    house: House, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "OWED_BYTES", 512 * 1024)
    before = closed_as_slow()
    socket, other = await house.watch_many(three), await house.watch_many(three)
    socket.stalled = True
    state, ends = 32 * 1024, 0  # `progress` and `complete` of this topic are that large, each
    while house.hub.count == 2:
        ends += 1
        assert ends * 2 * state < many.OWED_BYTES + 6 * state, "held, although it is too much"
        await house.publish(three[0], house.ledger.commit(three[0], "x" * state), house.ledger.finish(three[0]))
        await until(lambda ends=ends: len(other.of("complete")) == ends)
    assert ends * 2 * state > many.OWED_BYTES
    assert closed_as_slow() == before + 1
