"""`/admin/streams` at one of two processes: all streams are seen and closed, and who does not answer is said."""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import Api, WebProcess
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing, Pair
from tests.integration.streams.client import Client

BROWSER = {"Accept": "text/html"}


@pytest.fixture
async def pair(housing: Housing) -> Pair:
    return await housing.pair()


@pytest.fixture
async def operator(housing: Housing, pair: Pair) -> Api:
    """Asks the first process."""
    api = await housing.api(pair.first)
    await api.run("UPDATE users SET role = 'operator'")
    return api


async def opened(pair: Pair, *webs: WebProcess) -> list[Client]:
    clients = [await pair.open(web) for web in webs]
    await until(lambda: all(client.events for client in clients))
    return clients


async def look(operator: Api, params: dict[str, str] | None = None, *, web: WebProcess | None = None) -> dict[str, Any]:
    answer = await operator.http.get((web or operator.web).url + "/admin/streams", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def page(operator: Api, **params: str) -> str:
    return (await operator.http.get("/admin/streams", headers=BROWSER, params=params)).text


async def close(operator: Api, entry: dict[str, Any]) -> httpx.Response:
    return await operator.http.delete(f"/admin/streams/{entry['id']}")


async def is_gone(operator: Api, entry: dict[str, Any]) -> bool:
    """A moment after its end: until its connection is closed, it may be closed again."""
    answer = await close(operator, entry)
    return answer.status_code != 204 and problem(answer)[:2] == (404, "stream-not-found")


def name(web: WebProcess) -> str:
    [serving] = web.children()
    return f"{os.uname().nodename}/{serving}"


@contextmanager
def frozen(web: WebProcess) -> Generator[None]:
    [serving] = web.children()
    os.kill(serving, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(serving, signal.SIGCONT)


async def test_every_process_shows_the_streams_of_all(pair: Pair, operator: Api) -> None:
    clients = await opened(pair, pair.first, pair.second, pair.second)
    for web in (pair.first, pair.second):
        found = await look(operator, web=web)
        assert (found["asked"], found["total"], found["next"]) == (2, 3, None)
        assert {one["process"]: one["total"] for one in found["processes"]} == {
            name(pair.first): 1,
            name(pair.second): 2,
        }
        assert [entry["process"] for entry in found["streams"]] == [name(pair.first), *[name(pair.second)] * 2]
        assert {entry["email"] for entry in found["streams"]} == {pair.api.email}
    text = await page(operator)
    assert "2 of 2 processes answered. Together they have <b>3</b> streams" in text
    assert text.count("data-close=") == 3
    for client in clients:
        client.leave()


async def test_any_stream_is_closed_from_anywhere(pair: Pair, operator: Api) -> None:
    here, there, stays = await opened(pair, pair.first, pair.second, pair.second)
    first, second, _ = (await look(operator))["streams"]
    for entry, client in ((second, there), (first, here)):
        assert (await close(operator, entry)).status_code == 204
        await until(lambda client=client: client.ended)
        assert client.of("error")[0].data["code"] == "closed-by-operator"
        await until(lambda entry=entry: is_gone(operator, entry))
    assert not stays.ended
    stays.leave()


async def test_pages_lead_through_the_streams_of_all_processes_in_order(pair: Pair, operator: Api) -> None:
    clients = await opened(pair, *[pair.first, pair.second] * 3)
    whole = [entry["id"] for entry in (await look(operator))["streams"]]
    seen: list[str] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        found = await look(operator, {"limit": "4", **cursor})
        seen += [entry["id"] for entry in found["streams"]]
        cursor = {"cursor": found["next"]} if found["next"] else None
    assert seen == whole
    assert len(set(seen)) == 6
    text = await page(operator, limit="4")
    assert "4 streams, the oldest first; there are more" in text
    assert f'href="?limit=4&amp;cursor={(await look(operator, {"limit": "4"}))["next"]}">Next 4</a>' in text
    answer = await operator.http.get("/admin/streams", params={"cursor": "of-another-kind"})
    assert problem(answer)[:2] == (400, "invalid-cursor")
    for client in clients:
        client.leave()


async def test_only_those_of_one_user_or_batch(pair: Pair, operator: Api) -> None:
    clients = await opened(pair, pair.first, pair.second)
    [first, _] = (await look(operator))["streams"]
    [batch] = first["topics"]
    nobody = "00000000-0000-4000-8000-000000000000"
    for wanted, shown in (
        ({"user": first["userId"]}, 2),
        ({"batch": batch}, 2),
        ({"user": nobody}, 0),
        ({"batch": nobody}, 0),
    ):
        found = await look(operator, wanted)
        assert (len(found["streams"]), found["total"]) == (shown, 2)
    assert f"Only batch <code>{batch}</code>" in await page(operator, batch=batch)
    assert "Nobody watches just now." in await page(operator, batch=nobody)
    for client in clients:
        client.leave()


async def test_a_process_that_hangs_is_missing_and_said_so(pair: Pair, operator: Api) -> None:
    clients = await opened(pair, pair.first, pair.second)
    [first, second] = (await look(operator))["streams"]
    with frozen(pair.second):
        started = time.monotonic()
        found = await look(operator)
        assert time.monotonic() - started < 1
        assert (found["asked"], [one["process"] for one in found["processes"]]) == (2, [name(pair.first)])
        assert [entry["id"] for entry in found["streams"]] == [first["id"]]
        assert "1 of 2 processes answered." in await page(operator)
        assert problem(await close(operator, second))[:2] == (503, "processes-silent")
    await until(lambda: clients[1].ended)  # it was told nevertheless
    clients[0].leave()


async def test_without_valkey_each_process_speaks_for_itself(
    pair: Pair, operator: Api, valkey_server: EmbeddedValkey
) -> None:
    clients = await opened(pair, pair.first, pair.second)
    [first, second] = (await look(operator))["streams"]
    valkey_server.kill()
    found = await look(operator)
    assert (found["asked"], [entry["id"] for entry in found["streams"]]) == (2, [first["id"]])
    assert "1 of 2 processes answered." in await page(operator)
    never_asked = await look(operator, web=pair.second)
    assert (never_asked["asked"], [entry["id"] for entry in never_asked["streams"]]) == (None, [second["id"]])
    assert problem(await close(operator, second))[:2] == (503, "processes-silent")
    assert (await close(operator, first)).status_code == 204
    await until(lambda: clients[0].ended)
    valkey_server.start()

    async def whole() -> bool:
        return len((await look(operator))["processes"]) == 2

    await until(whole)
    assert (await close(operator, second)).status_code == 204
    await until(lambda: clients[1].ended)
