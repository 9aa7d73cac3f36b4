"""Whoever is signed out follows nothing any longer, by a stream or a long-poll."""

import asyncio
from uuid import uuid4

import pytest

from roomtally import errors
from roomtally.streams import sweep
from roomtally.streams.hub import Pace
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House


async def test_an_ended_session_ends_its_streams_and_no_others(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.2))
    topic, credential = house.ledger.create(), uuid4()
    mine = [await house.watch(topic, credential=credential) for _ in range(3)]
    other = await house.watch(topic)
    house.ledger.ended.add(credential)
    await until(lambda: all(socket.ended for socket in mine))
    last = mine[0].events[-1]
    assert (last.event, last.data["code"], last.data["retryable"]) == ("error", "session-ended", False)
    await house.commit(topic, 1)
    await until(lambda: other.numbers == [1, 2])
    assert house.hub.credentials() == [
        credential for credential in house.hub.credentials() if credential not in house.ledger.ended
    ]


async def test_more_sessions_than_fit_into_one_query(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PART", 500)
    house = await build(Pace(sweep_seconds=0.2))
    sockets = await house.watch_all([house.ledger.create()] * 700)
    last = house.hub.credentials()[-1]
    house.ledger.ended.add(last)
    await until(lambda: sum(socket.ended for socket in sockets) == 1)


# --- long-polls


async def test_a_long_poll_returns_with_the_next_document(house: House) -> None:
    topic = house.ledger.create()
    assert await house.hub.wait_beyond(topic, uuid4(), 1, 0.05) is None
    waiting = asyncio.create_task(house.hub.wait_beyond(topic, uuid4(), 1, 5))
    await until(lambda: house.reader.channels == 1 and house.ledger.reads["snapshot"] == 2)
    await house.commit(topic, 8)
    document = await waiting
    assert document is not None
    assert document.n == 2
    assert len(house.hub.topics) == 0
    with pytest.raises(errors.NotFound):
        await house.hub.wait_beyond(uuid4(), uuid4(), 0, 1)


async def test_an_ended_session_ends_its_long_polls_and_no_others(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.2))
    topic, credential = house.ledger.create(), uuid4()
    mine, other = (asyncio.create_task(house.hub.wait_beyond(topic, whose, 1, 30)) for whose in (credential, uuid4()))
    await until(lambda: len(house.hub.polls) == 2)
    house.ledger.ended.add(credential)
    assert await asyncio.wait_for(mine, 5) is None
    assert not other.done()
    await house.commit(topic, 1)
    assert await other is not None
    assert (len(house.hub.polls), len(house.hub.topics), house.hub.credentials()) == (0, 0, [])


async def test_a_session_that_ends_while_its_long_poll_still_reads(build: Build) -> None:
    house = await build(Pace(sweep_seconds=0.1))
    topic, credential = house.ledger.create(), uuid4()
    house.ledger.gate.clear()
    waiting = asyncio.create_task(house.hub.wait_beyond(topic, credential, 1, 30))
    await until(lambda: house.ledger.reads["snapshot"])
    house.ledger.ended.add(credential)
    swept = house.ledger.reads["sweep"]
    await until(lambda: house.ledger.reads["sweep"] >= swept + 2)
    house.ledger.gate.set()
    assert await asyncio.wait_for(waiting, 5) is None


async def test_a_long_poll_that_is_given_up_leaves_nothing(house: House) -> None:
    topic = house.ledger.create()
    waiting = asyncio.create_task(house.hub.wait_beyond(topic, uuid4(), 1, 30))
    await until(lambda: len(house.hub.polls) == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert (house.hub.count, len(house.hub.topics)) == (0, 0)
