"""Pages of the streams of a process, and answers that are late, doubled or not of this version."""

import time
from itertools import chain
from uuid import UUID, uuid4

import msgspec
import pytest

from roomtally import errors
from roomtally.db.valkey import open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams import gathering, roster
from roomtally.streams.gathering import Gathering
from roomtally.streams.reader import BusReader
from tests.fixtures.waiting import until
from tests.integration.streams.conftest import Build
from tests.integration.streams.house import House


def pages(house: House, limit: int, **only: UUID) -> list[list[str]]:
    found: list[list[str]] = []
    after = None
    while entries := roster.entries(house.hub, roster.Wanted(limit, after, **only)):
        found.append([entry.id for entry in entries])
        after = roster.read_cursor(roster.write_cursor(entries[-1].position))
    return found


async def test_pages_neither_repeat_nor_hide_any(house: House) -> None:
    topics = [house.ledger.create() for _ in range(250)]
    sockets = await house.watch_all(topics)
    found = pages(house, 100)
    assert [len(page) for page in found] == [100, 100, 50]
    in_order = [stream.id for stream in sorted(house.hub.streams(), key=lambda stream: (stream.opened_at, stream.id))]
    assert list(chain.from_iterable(found)) == in_order
    assert len(sockets) == len(set(in_order))


async def test_those_opened_in_the_same_microsecond_are_told_apart(house: House) -> None:
    for _ in range(6):
        stream = await house.attach(house.ledger.create())
        stream.opened_at = 1_700_000_000.1234567
        house.run(stream)
    assert [len(page) for page in pages(house, 4)] == [4, 2]
    assert len(set(chain.from_iterable(pages(house, 4)))) == 6


async def test_only_those_of_a_topic_or_user(house: House) -> None:
    topics = [house.ledger.create() for _ in range(3)]
    many, one = await house.attach_many(topics), await house.attach(topics[1])
    for stream in (many, one):
        house.run(stream)
    assert pages(house, 9, topic=topics[0]) == [[many.id]]
    assert pages(house, 9, topic=topics[1]) == [[many.id, one.id]]
    assert pages(house, 9, user=one.viewer.user_id) == [[one.id]]
    assert pages(house, 9, user=uuid4()) == []


@pytest.mark.parametrize("text", ["", "1", "1-2", "x-0123456789abcdef", "-1-0123456789abcdef", "1-0123456789ABCDEF"])
def test_a_cursor_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid):
        roster.read_cursor(text)


async def gatherings(build: Build, server: EmbeddedValkey, count: int) -> list[tuple[House, Gathering]]:
    made: list[tuple[House, Gathering]] = []
    for _ in range(count):
        house = await build(url=server.url)
        reader = house.hub._bus  # pyright: ignore[reportPrivateUsage] -- the one that it has, as in the web process
        made.append((house, Gathering(house.hub, reader, house.client)))
        await made[-1][1].start()
    return made


async def test_each_process_answers_once_and_nobody_waits_for_the_window(
    build: Build, valkey_server: EmbeddedValkey
) -> None:
    made = await gatherings(build, valkey_server, 3)
    for house, _ in made:
        await house.watch(house.ledger.create())
    started = time.monotonic()
    found = await made[0][1].list(roster.Wanted(10))
    assert time.monotonic() - started < gathering.WINDOW_SECONDS / 2
    assert (found.asked, [answer.process.total for answer in found.answers]) == (3, [1, 1, 1])
    assert len({entry.id for answer in found.answers for entry in answer.streams}) == 3


async def test_what_is_no_question_or_answer_disturbs_nobody(build: Build, valkey_server: EmbeddedValkey) -> None:
    [(house, asks), (_, other)] = await gatherings(build, valkey_server, 2)
    await house.client.publish(gathering.CHANNEL, b"{}")
    stray = gathering.Answer("another", "another", gathering.Process("x", 1, draining=False), [])
    mailbox = asks._mailbox  # pyright: ignore[reportPrivateUsage] -- nobody else knows it
    await house.client.publish(mailbox, b"no json")
    await house.client.publish(mailbox, msgspec.json.encode(stray))
    for one in (asks, other):
        assert len((await one.list(roster.Wanted(10))).answers) == 2


async def test_how_many_there_are_is_remembered_while_valkey_is_away(
    build: Build, valkey_server: EmbeddedValkey
) -> None:
    [(_, asks), (_, never_asked)] = await gatherings(build, valkey_server, 2)
    await asks.list(roster.Wanted(10))
    valkey_server.kill()
    for one, asked in ((asks, 2), (never_asked, None)):
        found = await one.list(roster.Wanted(10))
        assert (found.asked, len(found.answers)) == (asked, 1)
        with pytest.raises(errors.Unavailable, match=f"1 of {asked or 'unknown'}"):
            await one.close("0123456789abcdef")


async def test_without_a_bus_nobody_waits_for_answers_that_cannot_come(
    build: Build, valkey_server: EmbeddedValkey
) -> None:
    [(house, _), _] = await gatherings(build, valkey_server, 2)
    client = open_valkey(valkey_server.url)
    deaf = Gathering(house.hub, BusReader(valkey_server.url), client)  # its bus was never started
    started = time.monotonic()
    found = await deaf.list(roster.Wanted(10))
    assert time.monotonic() - started < gathering.WINDOW_SECONDS / 2
    assert (found.asked, len(found.answers)) == (3, 1)
    await client.aclose()
    await until(lambda: house.reader.state == "connected")
