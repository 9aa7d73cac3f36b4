"""Pings, life times, sweeps and the last goodbye."""

import asyncio
import time
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from roomtally import errors
from roomtally.streams import pulse, sweep
from roomtally.streams.hub import Pace
from roomtally.streams.source import Sweep
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House
from tests.integration.streams.ledger import Ledger

PINGING = Pace(heartbeat_seconds=0.3)


def closed(reason: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_streams_closed_total", {"reason": reason}) or 0


async def test_a_silent_stream_is_pinged(build: Build) -> None:
    house = await build(PINGING)
    socket = await house.watch(house.ledger.create())
    started = time.monotonic()
    await until(lambda: len(socket.of("ping")) == 3)
    assert 0.85 < time.monotonic() - started < 1.5
    assert abs(socket.of("ping")[-1].data["timestamp"] / 1000 - time.time()) < 1


async def test_a_stream_with_events_needs_no_ping(build: Build) -> None:
    house = await build(PINGING)
    topic, silent = house.ledger.create(), house.ledger.create()
    busy, quiet = await house.watch(topic), await house.watch(silent)
    while len(quiet.of("ping")) < 2:
        await house.commit(topic, 1)
        await asyncio.sleep(0.02)
    assert not busy.of("ping")
    await until(lambda: busy.of("ping"), timeout=1)


async def test_a_stalled_stream_gets_no_pings_it_would_have_to_keep(build: Build) -> None:
    house = await build(PINGING)
    topic = house.ledger.create()
    socket, other = await house.watch(topic), await house.watch(topic)
    socket.stalled = True
    await until(lambda: len(other.of("ping")) >= 3)
    assert socket.unread == 1
    socket.read_on()


async def test_a_stream_ends_after_its_time_and_says_when_to_come_back(build: Build) -> None:
    house = await build(Pace(stream_max_seconds=0.5))
    before = closed("timeout")
    topic = house.ledger.create()
    started = time.monotonic()
    sockets = await house.watch_all([topic] * 50)
    ends: list[float] = []
    for socket in sockets:
        await until(lambda socket=socket: socket.ended)
        ends.append(time.monotonic() - started)
    assert min(ends) > 0.4
    assert max(ends) < 0.8
    last = sockets[0].events[-1]
    assert last.event == "timeout"
    assert 1000 <= last.data["retryMs"] <= 3000
    assert b"retry: %d\nevent: timeout" % last.data["retryMs"] in sockets[0].body
    await until(lambda: house.hub.count == 0)
    assert closed("timeout") == before + 50


async def test_a_stalled_stream_is_cut_after_its_time(build: Build) -> None:
    house = await build(Pace(stream_max_seconds=0.4))
    topic = house.ledger.create()
    socket = await house.watch(topic)
    socket.stalled = True
    await house.commit(topic, 1)
    await until(lambda: house.hub.count == 0, timeout=2)
    assert not socket.ended
    assert len(house.hub.topics) == 0


async def test_a_stream_that_never_starts_is_given_up(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "START_SECONDS", 0.2)
    house = await build()
    topic = house.ledger.create()
    stream = await house.attach(topic)
    assert house.hub.count == 1
    await until(lambda: house.hub.count == 0)
    assert len(house.hub.topics) == 0
    socket = house.run(stream)  # the response comes after all
    await until(lambda: socket.ended)
    assert socket.body.startswith(b"retry: ")


async def test_more_topics_than_fit_into_one_query(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PART", 500)
    house = await build(Pace(sweep_seconds=0.2))
    topics = [house.ledger.create() for _ in range(1200)]
    sockets = await house.watch_all(topics)
    for topic in topics:
        house.ledger.commit(topic, 1)
    logs = house.ledger.reads["log"]
    await until(lambda: all(socket.numbers == [1, 2] for socket in sockets))
    assert house.ledger.reads["log"] - logs == 3


async def test_a_topic_that_disappears_ends_its_streams(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.2))
    topic = house.ledger.create()
    socket = await house.watch(topic)
    del house.ledger.logs[topic]
    await until(lambda: socket.ended)
    assert socket.events[-1].data["code"] == "topic-deleted"


async def test_a_sweep_that_fails_is_counted_and_tried_again(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.1))
    topic = house.ledger.create()
    socket = await house.watch(topic)
    labels = {"kind": "sweep", "outcome": "failed"}
    before = metrics.REGISTRY.get_sample_value("roomtally_stream_reads_total", labels) or 0
    house.ledger.broken = True
    house.ledger.commit(topic, 1)
    await until(lambda: (metrics.REGISTRY.get_sample_value("roomtally_stream_reads_total", labels) or 0) >= before + 2)
    house.ledger.broken = False
    await until(lambda: socket.numbers == [1, 2])


async def test_an_outage_of_the_database_is_one_line_and_a_defect_is_a_traceback_each(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await build(Pace(sweep_seconds=0.05))
    with capture_logs() as said:
        for error in (ConnectionError("away"), TimeoutError(), psycopg.OperationalError("away"), ValueError("odd")):

            async def fail(*_: object, error: Exception = error) -> Sweep:
                house.ledger.reads["failed"] += 1
                raise error

            with monkeypatch.context() as patched:
                patched.setattr(Ledger, "sweep", fail)
                failed = house.ledger.reads["failed"]
                await until(lambda failed=failed: house.ledger.reads["failed"] == failed + 3)
            swept = house.ledger.reads["sweep"]
            await until(lambda swept=swept: house.ledger.reads["sweep"] >= swept + 2)
    lines = [line for line in said if line["event"].startswith("stream_read")]
    once = ["stream_read_failed", "stream_read_failed_no_more"]
    assert [line["event"] for line in lines] == once * 3 + ["stream_read_broke"] * 3
    assert [line.get("error") for line in lines[:6:2]] == ["ConnectionError", "TimeoutError", "OperationalError"]
    assert ["exc_info" in line for line in lines] == [False] * 6 + [True] * 3


async def test_snapshots_and_the_log_that_cannot_be_read_are_a_line_of_each_kind_too(build: Build) -> None:
    house = await build(Pace(sweep_seconds=60))
    topic = house.ledger.create()
    socket = await house.watch(topic)
    with capture_logs() as said:
        house.ledger.broken = True
        for _ in range(3):
            with pytest.raises(errors.Unavailable):
                await house.attach(house.ledger.create())
            asked = house.ledger.reads["log"]
            house.ledger.commit(topic, 1)
            await house.publish(topic, house.ledger.commit(topic, 1))  # the one before is missing
            await until(lambda asked=asked: house.ledger.reads["log"] > asked)
        house.ledger.broken = False
        await house.watch(house.ledger.create())
        await house.publish(topic, house.ledger.commit(topic, 1))
        await until(lambda: socket.numbers[-1] == len(house.ledger.logs[topic]))
    lines = [(line["event"], line["kind"]) for line in said if line["event"].startswith("stream_read")]
    for kind in ("snapshot", "log"):
        assert [event for event, of in lines if of == kind] == ["stream_read_failed", "stream_read_failed_no_more"]


async def test_nobody_watching_costs_one_query_a_sweep(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.1))
    await until(lambda: house.ledger.reads["sweep"] >= 4)
    assert house.ledger.reads == {"sweep": house.ledger.reads["sweep"]}


async def test_drain_ends_a_thousand_streams_at_once(house: House) -> None:
    topics = [house.ledger.create() for _ in range(100)]
    sockets = await house.watch_all(topics * 10)
    waiting = asyncio.create_task(house.hub.wait_beyond(topics[0], uuid4(), 1, 30))
    await until(lambda: len(house.hub.polls) == 1)
    started = time.monotonic()
    await house.hub.drain()
    assert time.monotonic() - started < 1
    assert house.hub.count == 0
    assert await waiting is None
    assert all(socket.ended for socket in sockets)
    retries = {socket.body.rpartition(b"retry: ")[2] for socket in sockets}
    assert len(retries) > 200
    assert all(1000 <= int(retry) <= 3000 for retry in retries)


async def test_a_draining_hub_answers_newcomers_with_retry_and_the_end(house: House) -> None:
    topic = house.ledger.create()
    await house.hub.drain()
    socket = await house.watch(topic)
    assert socket.ended
    assert socket.body.startswith(b"retry: ")
    assert socket.body.count(b"retry: ") == 1
    assert not socket.events
    assert house.ledger.reads["snapshot"] == 0


async def test_who_comes_while_drain_begins_is_sent_away_too(house: House) -> None:
    topic = house.ledger.create()
    house.ledger.gate.clear()
    coming = asyncio.create_task(house.watch(topic))
    await until(lambda: house.ledger.reads["snapshot"])
    await house.hub.drain()
    house.ledger.gate.set()
    socket = await coming
    assert socket.ended
    assert not socket.events
    assert len(house.hub.topics) == 0


async def test_drain_is_spread_over_the_given_time(house: House) -> None:
    topic = house.ledger.create()
    sockets = await house.watch_all([topic] * 40)
    draining = asyncio.create_task(house.hub.drain(1.0))
    started = time.monotonic()
    await until(lambda: sum(socket.ended for socket in sockets) >= 20)
    assert 0.3 < time.monotonic() - started < 0.8
    await house.commit(topic, 1)
    await until(lambda: all(socket.ended or socket.numbers == [1, 2] for socket in sockets))
    await draining
    assert all(socket.ended for socket in sockets)


async def test_drain_does_not_wait_for_ever_for_a_stalled_reader(house: House) -> None:
    topic = house.ledger.create()
    socket = await house.watch(topic)
    socket.stalled = True
    await house.commit(topic, 1)
    started = time.monotonic()
    await house.hub.drain(patience=0.2)
    assert time.monotonic() - started < 1
    assert house.hub.count == 0


async def test_a_full_process_refuses(build: Build) -> None:
    house = await build(Pace(process_streams=2))
    topic = house.ledger.create()
    first = await house.watch(topic)
    await house.watch(topic)
    with pytest.raises(errors.Unavailable, match="streams-full") as refused:
        await house.watch(topic)
    assert refused.value.retry_after == 5
    first.leave()
    await until(lambda: house.hub.count == 1)
    waiting = asyncio.create_task(house.hub.wait_beyond(topic, uuid4(), 1, 5))
    await until(lambda: len(house.hub.polls) == 1)
    with pytest.raises(errors.Unavailable):
        await house.hub.wait_beyond(topic, uuid4(), 1, 5)
    await house.commit(topic, 1)
    assert await waiting is not None
