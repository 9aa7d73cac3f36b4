"""Many topics on one stream: coming back with all numbers, to another process, log or history."""

import asyncio
from uuid import UUID

import pytest

from roomtally.streams import ring
from roomtally.streams.hub import Pace
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.seen import names, of

E = "00000000000a"


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
    assert socket.events[0].data == {"topicId": str(three[1]), "reason": "ahead"}
    other = await house.watch_many(three, after="v1:00000000000b:1,1,0", delta=True)
    assert [(e.event, e.data.get("topicId")) for e in other.events[:2]] == [
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
    assert [e.data["topicId"] for e in socket.of("reset")] == [str(topic) for topic in topics]
