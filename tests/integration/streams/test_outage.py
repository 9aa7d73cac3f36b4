"""Valkey goes, comes back empty, or only pretends to be there: streams stay open and the sweep takes over."""

import asyncio
import os
import signal
import time
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams import bus, sweep
from roomtally.streams.hub import Pace
from roomtally.streams.reader import BusReader
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House


@pytest.fixture
async def on_own_valkey(build: Build, valkey_server: EmbeddedValkey) -> House:
    return await build(Pace(), valkey_server.url)


async def test_killed_and_restarted(on_own_valkey: House, valkey_server: EmbeddedValkey) -> None:
    house = on_own_valkey
    topics = [house.ledger.create() for _ in range(20)]
    sockets = [await house.watch(topic) for topic in topics]
    reconnects = metrics.REGISTRY.get_sample_value("roomtally_bus_reconnects_total") or 0
    valkey_server.kill()
    await until(lambda: house.reader.state == "lost")
    assert metrics.REGISTRY.get_sample_value("roomtally_bus_connected") == 0
    await house.commit(topics[0], 1)
    started = time.monotonic()
    await until(lambda: sockets[0].numbers == [1, 2], timeout=2)
    assert time.monotonic() - started < 1  # the sweep runs every 0.5 s now
    newcomer = await house.watch(topics[0])
    assert newcomer.numbers == [2]
    valkey_server.start()
    await until(lambda: house.reader.state == "connected" and not house.client.away, timeout=3)
    assert metrics.REGISTRY.get_sample_value("roomtally_bus_reconnects_total") == reconnects + 1
    swept = house.ledger.reads["log"]
    for topic in topics:
        await house.commit(topic, 5)
    await until(
        lambda: all(socket.numbers[-1] == len(house.ledger.logs[t]) for t, socket in zip(topics, sockets, strict=True))
    )
    assert house.ledger.reads["log"] == swept  # over the bus, not by the sweep
    assert not any(socket.ended for socket in sockets)


async def test_a_loss_is_told_and_a_clean_stop_is_none(on_own_valkey: House, valkey_server: EmbeddedValkey) -> None:
    reader = on_own_valkey.reader
    with capture_logs() as said:
        valkey_server.kill()
        await until(lambda: reader.state == "lost")
        valkey_server.start()
        await until(lambda: reader.state == "connected", timeout=3)
        await reader.stop()
    told = [line["event"] for line in said if line["event"] in {"bus_lost", "bus_connected"}]
    assert told == ["bus_lost", "bus_connected"]
    assert metrics.REGISTRY.get_sample_value("roomtally_bus_connected") == 0


async def test_what_was_missed_is_swept_at_once_after_resubscribing(
    build: Build, valkey_server: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "LOST_SECONDS", 60)
    house = await build(Pace(sweep_seconds=60), valkey_server.url)
    topic = house.ledger.create()
    socket = await house.watch(topic)
    swept = house.ledger.reads["sweep"]
    valkey_server.kill()
    await until(lambda: house.ledger.reads["sweep"] == swept + 1)
    house.ledger.commit(topic, 1)
    valkey_server.start()
    await until(lambda: house.reader.state == "connected", timeout=3)
    await until(lambda: socket.numbers == [1, 2], timeout=0.5)


async def test_a_hub_starts_without_a_bus_and_finds_it_later(build: Build, valkey_server: EmbeddedValkey) -> None:
    valkey_server.stop()
    house = await build(Pace(), valkey_server.url)
    topic = house.ledger.create()
    socket = await house.watch(topic)
    house.ledger.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2], timeout=2)
    valkey_server.start()
    await until(lambda: house.reader.state == "connected", timeout=3)
    await house.commit(topic, 1)
    await until(lambda: socket.numbers == [1, 2, 3], timeout=0.3)


async def test_a_frozen_server_is_noticed(on_own_valkey: House, valkey_server: EmbeddedValkey) -> None:
    house = on_own_valkey
    topic = house.ledger.create()
    os.kill(valkey_server.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        socket = await house.watch(topic)  # the subscription is not answered
        assert 0.2 < time.monotonic() - started < 0.6
        await until(lambda: house.reader.state == "lost", timeout=4)
        house.ledger.commit(topic, 1)
        await until(lambda: socket.numbers == [1, 2], timeout=2)
    finally:
        os.kill(valkey_server.pid, signal.SIGCONT)
    await until(lambda: house.reader.state == "connected", timeout=5)


async def test_subscriptions_are_counted_by_channel(valkey: str) -> None:
    reader, heard = BusReader(valkey), list[tuple[str, bytes]]()
    await reader.start()
    channel = bus.channel(uuid4())

    def one(text: bytes) -> None:
        heard.append(("one", text))

    def other(text: bytes) -> None:
        heard.append(("other", text))

    assert await reader.subscribe(channel, one)
    assert await reader.subscribe(channel, other)
    house = House(valkey, Pace())
    await house.client.publish(channel, b"1")
    await until(lambda: len(heard) == 2)
    reader.unsubscribe(channel, one)
    await house.client.publish(channel, b"2")
    await until(lambda: heard[2:] == [("other", b"2")])
    reader.unsubscribe(channel, other)
    assert reader.channels == 0
    await until(lambda: _nobody(house, channel))
    await reader.stop()
    await house.client.aclose()


async def _nobody(house: House, channel: str) -> bool:
    return await house.client.publish(channel, b"3") == 0


async def test_thousands_of_channels_come_back_after_a_restart(valkey_server: EmbeddedValkey) -> None:
    reader, heard = BusReader(valkey_server.url), list[bytes]()
    await reader.start()
    channels = [bus.channel(uuid4()) for _ in range(3000)]
    await asyncio.gather(*[reader.subscribe(channel, heard.append) for channel in channels])
    valkey_server.kill()
    await until(lambda: reader.state == "lost")
    valkey_server.start()
    await until(lambda: reader.state == "connected")
    house = House(valkey_server.url, Pace())
    assert await house.client.publish(channels[0], b"first") == 1
    assert await house.client.publish(channels[-1], b"last") == 1
    await until(lambda: heard == [b"first", b"last"])
    await reader.stop()
    await house.client.aclose()


async def test_a_wrong_password_is_a_lost_bus(valkey_server: EmbeddedValkey) -> None:
    house = House(valkey_server.url, Pace())
    await house.client.config_set("requirepass", "secret")
    wrong = BusReader(valkey_server.url.replace("://", "://:guess@"))
    await wrong.start()
    assert wrong.state == "lost"
    right = BusReader(valkey_server.url.replace("://", "://:secret@"))
    await right.start()
    assert right.state == "connected"
    await wrong.stop()
    await right.stop()
    await house.client.aclose()
