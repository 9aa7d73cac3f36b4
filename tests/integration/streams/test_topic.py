"""One topic and its viewers: what they see first, next and last."""

import asyncio
import time
from uuid import uuid4

import pytest

from roomtally import errors
from roomtally.streams import bus
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.house import House


async def test_the_first_chunk_holds_retry_and_the_whole_state(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.commit(topic, 5)
    socket = await house.watch(topic)
    assert socket.head["status"] == 200
    assert dict(socket.head["headers"]) == {
        b"content-type": b"text/event-stream",
        b"cache-control": b"no-cache, no-transform",
        b"x-accel-buffering": b"no",
        b"x-content-type-options": b"nosniff",
    }
    assert len(socket.chunks) == 1
    retry, _, rest = socket.body.partition(b"\n")
    assert retry.startswith(b"retry: ")
    assert 1000 <= int(retry[7:]) <= 3000
    assert rest.startswith(b"id: 00000000000a-2\nevent: progress\ndata: {")
    assert socket.events[0].data["total"] == 5


async def test_changes_come_in_order_with_their_ids_and_times(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    at = time.time()
    for value in range(1, 30):
        await house.publish(topic, house.ledger.commit(topic, value), committed_at=at)
        await until(lambda value=value: len(socket.events) == value + 1)
    assert socket.numbers == list(range(1, 31))
    assert [received.id for received in socket.events] == [f"00000000000a-{n}" for n in range(1, 31)]
    assert socket.events[-1].data["total"] == sum(range(30))
    assert socket.events[-1].data["committedAt"] == int(at * 1000)


async def test_events_of_one_transaction_are_one_progress(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    await house.commit(topic, 1, 2, 3)
    await until(lambda: len(socket.events) == 2)
    assert socket.numbers == [1, 4]


async def test_viewers_share_bytes_reads_and_one_subscription(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.gate.clear()
    opening = [asyncio.create_task(house.watch(topic)) for _ in range(500)]
    await until(lambda: house.ledger.reads["snapshot"] and house.hub.count == 500)
    house.ledger.gate.set()
    sockets = await asyncio.gather(*opening)
    await house.commit(topic, 7)
    await until(lambda: all(len(socket.chunks) == 2 for socket in sockets))
    assert house.ledger.reads["snapshot"] == 1
    assert house.ledger.reads["log"] == 0
    assert house.reader.channels == 1
    assert len({id(socket.chunks[1]) for socket in sockets}) == 1


async def test_what_happens_during_the_snapshot_is_not_missed(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.gate.clear()
    opening = asyncio.create_task(house.watch(topic))
    await until(lambda: house.ledger.reads["snapshot"])
    await house.commit(topic, 1)
    await house.commit(topic, 2)
    house.ledger.gate.set()
    socket = await opening
    await until(lambda: socket.numbers[-1:] == [3])
    assert house.ledger.reads["log"] == 0


async def test_a_finished_topic_says_complete_once_and_ends(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    await house.publish(topic, house.ledger.commit(topic, 4), house.ledger.finish(topic))
    await until(lambda: socket.ended)
    first, last, complete = socket.events
    assert (first.event, first.id) == ("progress", "00000000000a-1")
    assert (last.event, last.id, last.data["n"]) == ("progress", None, 3)
    assert (complete.event, complete.id, complete.data["total"]) == ("complete", "00000000000a-3", 4)
    await until(lambda: len(house.hub.topics) == 0)


async def test_a_viewer_of_a_finished_topic_gets_both_frames_and_the_end(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.finish(topic)
    socket = await house.watch(topic)
    await until(lambda: socket.ended)
    assert [(received.event, received.id) for received in socket.events] == [
        ("progress", None),
        ("complete", "00000000000a-2"),
    ]


async def test_the_end_of_a_run_is_shown_although_the_next_has_begun(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    finished, reopened = house.ledger.finish(topic), house.ledger.commit(topic, 9)
    await house.publish(topic, finished, reopened)
    await until(lambda: socket.ended)
    assert [received.data["run"] for received in socket.of("complete")] == [1]
    again = await house.watch(topic, after=socket.events[-1].id)
    await until(lambda: again.events)
    assert (again.events[0].event, again.events[0].data["run"]) == ("progress", 2)


async def test_a_topic_behind_the_opening_query_reads_the_log_first(house: House) -> None:
    topic = house.ledger.create()
    await house.watch(topic)
    house.ledger.commit(topic, 1)
    house.ledger.commit(topic, 2)  # neither came over the bus
    socket = await house.watch(topic)
    await until(lambda: socket.events)
    assert socket.numbers == [3]
    assert house.ledger.reads["log"] == 1


async def test_a_pruned_log_is_replaced_by_one_snapshot(house: House) -> None:
    topic = house.ledger.create()
    first = await house.watch(topic)
    for value in range(9):
        house.ledger.commit(topic, value)
    house.ledger.kept_after[topic] = 5
    await house.watch(topic)
    await until(lambda: first.numbers == [1, 10])
    assert house.ledger.reads["snapshot"] == 2


@pytest.mark.parametrize(
    ("after", "reason"), [("00000000000b-1", "epoch"), ("00000000000a-2", "ahead"), ("00000000000a-1", None)]
)
async def test_an_id_of_another_history_is_reset(house: House, after: str, reason: str | None) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic, after=after)
    await until(lambda: socket.events)
    expected = ["reset", "progress"] if reason else ["progress"]
    assert [received.event for received in socket.events] == expected
    if reason:
        assert socket.events[0].data == {"reason": reason}


async def test_a_topic_that_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(errors.NotFound):
        await house.watch(uuid4())
    assert len(house.hub.topics) == 0


async def test_a_deleted_topic_ends_with_an_error(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    await house.publish(topic, house.ledger.commit(topic, None, "deleted"))
    await until(lambda: socket.ended)
    last = socket.events[-1]
    assert (last.event, last.data["code"], last.data["retryable"]) == ("error", "topic-deleted", False)


async def test_the_last_viewer_takes_topic_and_subscription_along(house: House) -> None:
    topic = house.ledger.create()
    sockets = [await house.watch(topic) for _ in range(3)]
    assert metrics.REGISTRY.get_sample_value("roomtally_streams_open") == 3
    for socket in sockets:
        socket.leave()
    await until(lambda: house.hub.count == 0)
    assert len(house.hub.topics) == 0
    assert metrics.REGISTRY.get_sample_value("roomtally_streams_open") == 0
    assert await until(lambda: _subscribers(house, bus.channel(topic), 0))


async def _subscribers(house: House, channel: str, expected: int) -> bool:
    [(_, count)] = await house.client.pubsub_numsub(channel)
    return count == expected


async def test_a_database_that_is_away_refuses_the_viewer_and_nothing_stays(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.broken = True
    with pytest.raises(errors.Unavailable):
        await house.watch(topic)
    assert (house.hub.count, len(house.hub.topics)) == (0, 0)
    house.ledger.broken = False
    socket = await house.watch(topic)
    await until(lambda: socket.numbers == [1])


async def test_a_viewer_who_gives_up_while_opening_disturbs_nobody(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.gate.clear()
    one, other = (asyncio.create_task(house.watch(topic)) for _ in range(2))
    await until(lambda: house.ledger.reads["snapshot"])
    one.cancel()
    house.ledger.gate.set()
    socket = await other
    await until(lambda: socket.numbers == [1])
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2])
