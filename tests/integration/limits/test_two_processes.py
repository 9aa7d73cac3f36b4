"""Limits as a viewer meets them, at two real processes."""

import asyncio
import time

import httpx
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import WebProcess
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing, Pair
from tests.integration.limits.test_accounting import counted
from tests.integration.streams.client import Client

LIMIT = 4


@pytest.fixture
async def pair(housing: Housing) -> Pair:
    return await housing.pair(user_streams=LIMIT)


async def fill(pair: Pair) -> list[Client]:
    """As many streams as the user may have, half of them at each process."""
    opened = [await pair.open(web) for web in (pair.first, pair.second) for _ in range(LIMIT // 2)]
    assert [client.status for client in opened] == [200] * LIMIT
    return opened


async def refused(pair: Pair, web: WebProcess, params: dict[str, str] | None = None) -> httpx.Response:
    return await pair.api.http.get(web.url + pair.path, params=params)


async def may_open(pair: Pair, web: WebProcess) -> bool:
    client = await pair.open(web)
    client.leave()
    return client.status == 200


async def test_a_user_at_the_limit_is_refused_by_every_process_until_one_stream_ends(pair: Pair) -> None:
    opened = await fill(pair)
    for web in (pair.first, pair.second):
        answer = await refused(pair, web)
        assert problem(answer) == (
            429,
            "too-many-streams",
            "You have 4 streams open, which is the most; close one first.",
        )
        assert answer.headers["retry-after"] == "5"
        assert web.metric('roomtally_streams_refused_total{reason="user"}') == 1
    stranger = await pair.api.add_user()
    await pair.api.sign_in(stranger)
    assert problem(await refused(pair, pair.first))[:2] == (404, "batch-not-found")  # not the first one's limit
    await pair.api.sign_in((await pair.api.ask("SELECT email FROM users ORDER BY created_at LIMIT 1"))[0][0])
    opened[0].leave()
    await until(lambda: may_open(pair, pair.second), 1)


async def test_a_killed_process_gives_its_share_back(pair: Pair) -> None:
    await fill(pair)
    pair.first.kill()
    started = time.monotonic()
    await until(lambda: may_open(pair, pair.second), 10)
    assert time.monotonic() - started > 1  # not because nobody counted


async def test_a_long_poll_counts_as_a_stream(pair: Pair, valkey_server: EmbeddedValkey) -> None:
    opened = await fill(pair)
    batch = (await pair.api.http.get("/api/batches")).json()["items"][0]
    path, params = f"/api/batches/{batch['batchId']}", {"after": batch["eventId"], "wait": "20"}
    assert problem(await pair.api.http.get(path, params=params))[:2] == (429, "too-many-streams")
    assert (await pair.api.http.get(path)).status_code == 200
    opened[0].leave()
    await until(lambda: counted(valkey_server, LIMIT - 1))
    waiting = asyncio.create_task(pair.api.http.get(path, params=params))
    await until(lambda: counted(valkey_server, LIMIT))
    assert problem(await refused(pair, pair.second))[:2] == (429, "too-many-streams")
    await pair.api.http.post(f"{path}/pause")
    assert (await waiting).status_code == 200, (await waiting).text
    await until(lambda: may_open(pair, pair.second), 1)


async def test_without_valkey_each_process_still_holds_its_own_limit(pair: Pair, valkey_server: EmbeddedValkey) -> None:
    valkey_server.kill()
    for web in (pair.first, pair.second):
        assert [(await pair.open(web)).status for _ in range(LIMIT)] == [200] * LIMIT
        assert problem(await refused(pair, web))[:2] == (429, "too-many-streams")


async def test_a_full_process_still_answers_everything_else(housing: Housing) -> None:
    pair = await housing.pair(process_streams=3, user_streams=0)
    opened = [await pair.open(pair.first) for _ in range(3)]
    for _ in range(2):
        answer = await refused(pair, pair.first)
        assert problem(answer)[:2] == (503, "streams-full")
        assert answer.headers["retry-after"] == "5"
        assert (await pair.api.http.get("/health/ready")).status_code == 200
        assert (await pair.api.http.get("/api/batches")).status_code == 200
        assert (await pair.open(pair.second)).status == 200
    assert pair.first.metric('roomtally_streams_refused_total{reason="process"}') == 2
    opened[0].leave()
    await until(lambda: may_open(pair, pair.first), 1)


async def test_a_tight_loop_of_opens_from_one_address(housing: Housing) -> None:
    """Nearly all are refused cheaply; another address and everything else are served meanwhile."""
    pair = await housing.pair(address_opens=20.0, user_streams=0)
    there = httpx.AsyncClient(timeout=10, limits=httpx.Limits(max_connections=40))
    statuses: list[int] = []
    ends = time.monotonic() + 2

    async def hammer() -> None:
        headers = pair.cookie | {"X-Forwarded-For": "198.51.100.66"}
        while time.monotonic() < ends:
            async with there.stream("GET", pair.first.url + pair.path, headers=headers) as answer:
                statuses.append(answer.status_code)
                if answer.status_code == 429:
                    assert answer.headers["retry-after"] == "1"
                    await answer.aread()

    started = time.monotonic()
    storm = [asyncio.create_task(hammer()) for _ in range(40)]
    slowest = 0.0
    while not all(task.done() for task in storm):
        asked = time.monotonic()
        client = await pair.open(pair.first, {"X-Forwarded-For": "203.0.113.7"})
        assert client.status == 200
        client.leave()
        assert (await pair.api.http.get("/health/ready")).status_code == 200
        slowest = max(slowest, time.monotonic() - asked)
        await asyncio.sleep(0.25)
    await asyncio.gather(*storm)
    await there.aclose()
    seconds = time.monotonic() - started
    opened = statuses.count(200)
    assert opened + statuses.count(429) == len(statuses) > 200
    assert opened <= 80 + 20 * seconds + 1
    assert slowest < 2.0
    assert pair.first.metric('roomtally_streams_refused_total{reason="address"}') == statuses.count(429)
    await until(lambda: pair.first.metric("roomtally_streams_open") == 0)
    assert pair.first.metric("roomtally_stream_topics") == 0
