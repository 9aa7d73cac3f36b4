"""Messages that are lost, doubled, late or out of order: every viewer sees only newer states and ends with the truth."""

import asyncio
from collections.abc import Sequence

import pytest

from roomtally.streams.hub import Pace
from roomtally.streams.source import Event
from roomtally.streams.topic import Topic
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.chaos import Chaos
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.ledger import Ledger, payload_of

FAST_SWEEP = Pace(sweep_seconds=0.2)


def failures(part: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_stream_failures_total", {"part": part}) or 0


async def test_an_event_that_overtook_another_waits_for_it(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    second, third = house.ledger.commit(topic, 1), house.ledger.commit(topic, 2)
    await house.publish(topic, third)
    await house.publish(topic, second)
    await until(lambda: socket.numbers == [1, 3])
    assert house.ledger.reads["log"] == 0


async def test_a_lost_event_is_read_from_the_log_when_the_next_one_comes(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    house.ledger.commit(topic, 1)
    await house.commit(topic, 2)
    started = asyncio.get_running_loop().time()
    await until(lambda: socket.numbers == [1, 3])
    assert 0.04 < asyncio.get_running_loop().time() - started < 0.5
    assert house.ledger.reads["log"] == 1


async def test_a_lost_last_event_is_found_by_the_sweep(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic = house.ledger.create()
    socket = await house.watch(topic)
    before = metrics.REGISTRY.get_sample_value("roomtally_stream_sweep_repairs_total") or 0
    house.ledger.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2], timeout=1)
    assert metrics.REGISTRY.get_sample_value("roomtally_stream_sweep_repairs_total") == before + 1


async def test_a_gap_in_a_pruned_log_is_a_snapshot(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    for value in range(5):
        house.ledger.commit(topic, value)
    house.ledger.kept_after[topic] = 4
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 7], timeout=1)
    assert house.ledger.reads["log"] == 1


async def test_more_than_one_read_of_the_log_is_a_snapshot(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic = house.ledger.create()
    house.ledger.log_limit = 3
    socket = await house.watch(topic)
    for value in range(50):
        house.ledger.commit(topic, value)
    await until(lambda: socket.numbers[-1] == 51)
    assert house.ledger.reads["log"] == 1


async def test_doubled_and_older_events_show_nothing(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    events = [house.ledger.commit(topic, value) for value in range(3)]
    for event in (*events, *events, events[0]):
        await house.publish(topic, event)
    await house.commit(topic, 9)
    await until(lambda: socket.numbers[-1:] == [5])
    assert socket.numbers == [1, 2, 3, 4, 5]


async def test_an_event_that_never_was_is_forgotten(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic = house.ledger.create()
    socket = await house.watch(topic)
    await house.publish(topic, Event(n=50, run=1, type="added", payload=payload_of(1)))
    await until(lambda: house.ledger.reads["log"] == 1)
    swept = house.ledger.reads["sweep"]
    await until(lambda: house.ledger.reads["sweep"] >= swept + 2)
    assert house.ledger.reads["log"] == 1
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2])


async def test_messages_that_nobody_understands_change_nothing(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    for rubbish in (b"", b"{}", b"\xff\x00", b'{"topic":1}'):
        await house.client.publish(f"roomtally:topic:{topic}", rubbish)
    foreign = Event(n=2, run=1, type="added", payload=payload_of(1000))
    await house.publisher.publish(topic, "00000000000b", [foreign], None)
    await house.commit(topic, 2)
    await until(lambda: socket.numbers == [1, 2])
    assert socket.events[-1].data["total"] == 2


async def test_an_event_that_cannot_be_folded_costs_one_snapshot(house: House) -> None:
    topic, other = house.ledger.create(), house.ledger.create()
    socket, neighbour = await house.watch(topic), await house.watch(other)
    await house.commit(topic, "broken")
    await house.commit(other, 1)
    await until(lambda: neighbour.numbers == [1, 2])
    await until(lambda: socket.numbers == [1, 2])
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2, 3])


def _two_lines(_document: object, _committed_at: float | None) -> bytes:
    return b"two\nlines"


async def test_a_state_that_cannot_be_sent_harms_only_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    monkeypatch.setattr("tests.integration.streams.ledger.Tally.progress", _two_lines)
    failures = metrics.REGISTRY.get_sample_value("roomtally_stream_failures_total", {"part": "topic"}) or 0
    await house.commit(topic, 1)
    await until(
        lambda: metrics.REGISTRY.get_sample_value("roomtally_stream_failures_total", {"part": "topic"}) == failures + 1
    )
    monkeypatch.undo()
    await house.commit(topic, 2)
    await until(lambda: socket.numbers == [1, 3])


async def test_another_epoch_resets_everybody(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic = house.ledger.create()
    for value in range(5):
        house.ledger.commit(topic, value)
    socket = await house.watch(topic)
    house.ledger.restore(topic, 2, "00000000000b")
    await until(lambda: len(socket.events) == 3)
    assert [received.event for received in socket.events] == ["progress", "reset", "progress"]
    assert socket.events[-1].id == "00000000000b-2"
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [6, 2, 3])


async def test_a_database_that_fell_behind_resets_its_topic(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic, other = house.ledger.create(), house.ledger.create()
    house.ledger.commit(topic, 1)
    socket, neighbour = await house.watch(topic), await house.watch(other)
    house.ledger.restore(topic, 1, house.ledger.epoch)
    await until(lambda: [received.event for received in socket.events] == ["progress", "reset", "progress"])
    assert len(neighbour.events) == 1


async def test_reset_survives_a_database_that_fails_in_the_middle(build: Build) -> None:
    house = await build(FAST_SWEEP)
    topic = house.ledger.create()
    socket = await house.watch(topic)
    house.ledger.gate.clear()
    house.ledger.epoch = "00000000000b"
    await until(lambda: house.ledger.reads["snapshot"] == 2)
    house.ledger.broken = True
    house.ledger.gate.set()
    swept = house.ledger.reads["sweep"]
    await until(lambda: house.ledger.reads["sweep"] >= swept + 2)
    house.ledger.broken = False
    await until(lambda: [received.event for received in socket.events] == ["progress", "reset", "progress"])


@pytest.mark.parametrize("seed", range(3))
async def test_random_histories_end_in_the_truth_and_never_step_back(build: Build, seed: int) -> None:
    await Chaos(await build(FAST_SWEEP), seed).run(steps=200)


async def test_a_repair_that_raises_keeps_nobody_waiting_and_costs_only_its_own_topic(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, _ = topics = [house.ledger.create() for _ in range(2)]
    first = await house.watch_all(topics)
    for topic in topics:
        house.ledger.commit(topic, 1)  # never on the bus
    repaired, before = Topic.repaired, failures("topic")

    def fail(topic: Topic, events: Sequence[Event], asked: int) -> None:
        if topic.key == broken:
            raise RuntimeError("no repair")
        repaired(topic, events, asked)

    monkeypatch.setattr(Topic, "repaired", fail)
    newcomers = await asyncio.wait_for(house.watch_all(topics), 5)
    assert [socket.numbers for socket in newcomers] == [[2], [2]]
    await until(lambda: [socket.numbers for socket in first] == [[1, 2], [1, 2]])
    assert (house.ledger.reads["snapshot"], house.ledger.reads["log"]) == (3, 1)  # the broken one is read as a whole
    assert failures("topic") == before + 1


async def test_a_process_that_ends_in_the_middle_of_a_repair_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = house.ledger.create()
    await house.watch(topic)
    house.ledger.commit(topic, 1)
    reading = asyncio.Event()

    async def hang(*_: object) -> None:
        reading.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Ledger, "log", hang)
    coming = asyncio.create_task(house.watch(topic))
    await reading.wait()
    await house.hub.stop()
    assert (await asyncio.wait_for(coming, 3)).ended


async def test_one_that_cannot_hand_over_silences_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, well = house.ledger.create(), house.ledger.create()
    await house.watch(broken)
    socket = await house.watch(well)
    both = await house.watch_many([broken, well])
    flush, before = Topic.flush, failures("topic")

    def fail(topic: Topic) -> None:
        if topic.key == broken:
            raise RuntimeError("it cannot be shown")
        flush(topic)

    monkeypatch.setattr(Topic, "flush", fail)
    for value in range(3):
        async with house.client.pipeline(transaction=False) as pipe:
            pipe.publish(*house.message(broken, house.ledger.commit(broken, value)))
            pipe.publish(*house.message(well, house.ledger.commit(well, value)))
            await pipe.execute()
        await until(lambda value=value: socket.numbers[-1] == both.of("progress")[-1].data["n"] == value + 2)
    assert failures("topic") == before + 1
