"""Long-polls at a real process: whoever leaves, or is signed out, waits no longer and holds no place."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import JPEG, Api
from tests.fixtures.plain import NO_TLS
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing
from tests.integration.limits.test_accounting import counted
from tests.integration.limits.test_two_processes import LIMIT, may_open, refused

WAIT = 60


async def ask(api: Api, batch: dict[str, Any], **headers: str) -> httpx.Response:
    """On a connection of its own, which ends when this is cancelled."""
    cookies = None if headers else api.http.cookies
    async with httpx.AsyncClient(base_url=api.web.url, cookies=cookies, verify=NO_TLS) as http:
        params = {"after": batch["eventId"], "wait": str(WAIT)}
        return await http.get(f"/api/batches/{batch['batchId']}", params=params, headers=headers, timeout=WAIT + 5)


async def test_clients_that_leave_give_their_places_back_at_once(
    housing: Housing, valkey_server: EmbeddedValkey
) -> None:
    pair = await housing.pair(alone=True, user_streams=LIMIT)
    [batch] = (await pair.api.http.get("/api/batches")).json()["items"]
    waiting = [asyncio.create_task(ask(pair.api, batch)) for _ in range(LIMIT)]
    await until(lambda: counted(valkey_server, LIMIT))
    full = await refused(pair, pair.first)
    assert problem(full)[:2] == (429, "too-many-streams")
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    left = time.monotonic()
    await until(lambda: may_open(pair, pair.first), int(full.headers["retry-after"]))
    assert time.monotonic() - left < 1.0
    assert pair.first.metric("roomtally_stream_topics") <= 1  # of the stream that was just opened


async def sign_out(api: Api, _token: str) -> None:
    assert (await api.http.delete("/api/sessions/current")).status_code == 204


async def withdraw(api: Api, token: str) -> None:
    assert (await api.http.delete(f"/api/tokens/{token}")).status_code == 204


async def delete_user(api: Api, _token: str) -> None:
    await api.ask("UPDATE users SET deleted_at = now() WHERE email = %s RETURNING 1", api.email)


@pytest.mark.parametrize(
    ("by_bearer", "end", "slug"),
    [
        (False, sign_out, "session-ended"),
        (False, delete_user, "session-ended"),
        (True, withdraw, "invalid-token"),
    ],
)
async def test_an_ended_credential_ends_its_long_poll_within_five_seconds(
    housing: Housing,
    valkey_server: EmbeddedValkey,
    by_bearer: bool,
    end: Callable[[Api, str], Awaitable[None]],
    slug: str,
) -> None:
    """Without Valkey: nobody but the database tells."""
    web = housing.web()
    api, other = await housing.api(web), await housing.api(web)
    batch, theirs = await api.create_batch([JPEG]), await other.create_batch([JPEG])
    made = (await api.http.post("/api/tokens", json={"name": "waits"})).json()
    valkey_server.kill()
    headers = {"Authorization": f"Bearer {made['token']}"} if by_bearer else {}
    waiting, staying = asyncio.create_task(ask(api, batch, **headers)), asyncio.create_task(ask(other, theirs))
    await until(lambda: web.metric("roomtally_stream_topics") == 2)
    await end(api, made["id"])
    answer = await asyncio.wait_for(waiting, 5)
    assert problem(answer)[:2] == (401, slug)
    assert not staying.done()
    staying.cancel()
    await asyncio.wait([staying])
