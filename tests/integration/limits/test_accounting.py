"""Streams of a user counted over processes: each `Accounting` here stands for one process."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest

from roomtally.db.valkey import Valkey, open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams import accounting
from roomtally.streams.accounting import Accounting
from tests.fixtures.waiting import until

Join = Callable[[], Awaitable[Accounting]]


LIFE_SECONDS = 1.2  # instead of 5, with a renewal every 0.4: the rules are the same


@pytest.fixture
async def clients(valkey_server: EmbeddedValkey) -> AsyncIterator[list[Valkey]]:
    """Of the processes, in the order in which they join."""
    clients = [open_valkey(valkey_server.url) for _ in range(3)]
    yield clients
    for client in clients:
        await client.aclose()


@pytest.fixture
async def join(clients: list[Valkey], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Join]:
    monkeypatch.setattr(accounting, "LIFE_SECONDS", LIFE_SECONDS)
    monkeypatch.setattr(accounting, "RENEW_SECONDS", LIFE_SECONDS / 3)
    made: list[Accounting] = []

    async def one() -> Accounting:
        made.append(Accounting(clients[len(made)]))
        made[-1].start()
        return made[-1]

    yield one
    for each in made:
        await each.stop()


async def claim(process: Accounting, times: int, limit: int = 20, user: str = "ada") -> int:
    """How many of them were let in."""
    return sum([await process.claim(user, limit) for _ in range(times)])


async def counted(server: EmbeddedValkey, total: int) -> bool:
    """Whether Valkey knows of so many streams."""
    async with open_valkey(server.url) as client:
        keys = cast("set[bytes]", await client.smembers(accounting.PROCESSES))  # pyright: ignore[reportGeneralTypeIssues]
        found = [await client.hvals(key.decode()) for key in keys]  # pyright: ignore[reportGeneralTypeIssues]
    return sum(int(count) for counts in found for count in counts) == total


async def test_the_limit_holds_over_all_processes(join: Join) -> None:
    first, second = await join(), await join()
    assert await claim(first, 12) == 12
    assert await claim(second, 12) == 8
    assert await claim(first, 1) == 0
    assert await claim(second, 3, user="bob") == 3


async def test_what_is_given_back_can_be_had_elsewhere(join: Join) -> None:
    first, second = await join(), await join()
    assert await claim(first, 20) == 20
    assert await claim(second, 1) == 0
    first.release("ada")
    await until(lambda: second.claim("ada", 20), 0.5)
    assert await claim(second, 1) == 0


async def test_many_at_once_are_counted_once_each(join: Join, valkey_server: EmbeddedValkey) -> None:
    first, second = await join(), await join()
    answers = await asyncio.gather(*[process.claim("ada", 20) for _ in range(40) for process in (first, second)])
    assert sum(answers) <= 20
    for process, answer in zip([first, second] * 40, answers, strict=True):
        if answer:
            process.release("ada")
    await until(lambda: counted(valkey_server, 0))
    assert await claim(first, 15) + await claim(second, 15) == 20


async def test_the_share_of_a_process_that_died_is_free_within_its_life(join: Join) -> None:
    dead, alive = await join(), await join()
    assert await claim(dead, 20) == 20
    die(dead)
    assert await claim(alive, 1) == 0
    started = time.monotonic()
    await until(lambda: alive.claim("ada", 20), 8)
    assert time.monotonic() - started < LIFE_SECONDS + 0.5


def die(process: Accounting) -> None:
    for task in (process._renewing, process._talking):  # pyright: ignore[reportPrivateUsage] -- as SIGKILL would
        if task:
            task.cancel()


async def test_a_quiet_process_keeps_its_share(join: Join) -> None:
    first, second = await join(), await join()
    assert await claim(first, 20) == 20
    until_dead = time.monotonic() + LIFE_SECONDS * 2
    while time.monotonic() < until_dead:
        assert await claim(second, 1) == 0
        await asyncio.sleep(0.1)


async def test_an_emptied_valkey_is_told_everything_again(join: Join, valkey_server: EmbeddedValkey) -> None:
    first, second = await join(), await join()
    assert await claim(first, 20) == 20
    async with open_valkey(valkey_server.url) as client:
        await client.flushall()
    await asyncio.sleep(accounting.RENEW_SECONDS + 0.3)  # the next renewal at the latest
    assert await claim(second, 1) == 0


async def test_without_valkey_each_process_counts_alone_and_nobody_waits(
    join: Join, clients: list[Valkey], valkey_server: EmbeddedValkey
) -> None:
    first, second = await join(), await join()
    assert await claim(first, 5, limit=5) == 5
    valkey_server.kill()
    started = time.monotonic()
    assert await claim(second, 9, limit=5) == 5
    assert await claim(first, 1, limit=5) == 0
    assert time.monotonic() - started < 1.0
    valkey_server.start()
    await until(lambda: not any(client.away for client in clients), 5)
    await until(lambda: counted(valkey_server, 10), 2)
    third = await join()
    assert await claim(third, 1, limit=10) == 0
    second.release("ada")
    await until(lambda: third.claim("ada", 10), 1)


async def test_a_valkey_that_hangs_costs_one_call_its_quarter_second(join: Join, valkey_server: EmbeddedValkey) -> None:
    process = await join()
    assert await claim(process, 1)
    os.kill(valkey_server.pid, signal.SIGSTOP)
    started = time.monotonic()
    assert await claim(process, 10) == 10
    assert time.monotonic() - started < 0.6
    os.kill(valkey_server.pid, signal.SIGCONT)


async def test_nothing_is_left_in_valkey_when_all_have_gone(valkey_server: EmbeddedValkey) -> None:
    async with open_valkey(valkey_server.url) as client:
        process = Accounting(client)
        process.start()
        assert await claim(process, 3) == 3
        await until(lambda: counted(valkey_server, 3))
        for _ in range(3):
            process.release("ada")
        await until(lambda: counted(valkey_server, 0))
        assert await claim(process, 1) == 1
        await process.stop()
        assert await client.exists(process.key) == 0


async def test_a_storm_of_claims_takes_one_connection(
    join: Join, clients: list[Valkey], valkey_server: EmbeddedValkey
) -> None:
    process = await join()
    assert all(await asyncio.gather(*[process.claim(f"user {n % 1000}", 20) for n in range(5000)]))
    assert not clients[0].away
    async with open_valkey(valkey_server.url) as client:
        assert len(await client.client_list()) < 5  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    await until(lambda: counted(valkey_server, 5000))
