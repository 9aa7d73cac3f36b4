"""Who may open a stream from where, and how each kind of credential ends it, with Valkey and without."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import Api
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing
from tests.integration.streams.client import Client

HERE = "https://app.example"
NEEDS = "access-control-request-method"
TICKETS = "/api/stream-tickets"


class Visitor:
    """Somebody with a batch, who opens its stream by any credential."""

    def __init__(self, api: Api, path: str) -> None:
        self.api, self.path = api, path
        self.token = ""

    async def by_cookie(self) -> Client:
        return await self._open({"Cookie": f"roomtally_session={self.api.http.cookies['roomtally_session']}"})

    async def by_bearer(self) -> Client:
        made = (await self.api.http.post("/api/tokens", json={"name": "watcher"})).json()
        self.token = made["id"]
        return await self._open({"Authorization": f"Bearer {made['token']}"})

    async def by_ticket(self) -> Client:
        return await self._open({}, await self.ticket())

    async def ticket(self) -> str:
        answer = await self.api.http.post(TICKETS)
        assert answer.status_code == 201
        assert answer.text.endswith(',"expiresIn":60}')  # a whole number, and not 60.0
        return f"?ticket={answer.json()['ticket']}"

    async def _open(self, headers: dict[str, str], query: str = "") -> Client:
        client = Client(self.api.web.settings.port, self.path + query, headers)
        await client.open()
        assert client.status == 200
        await until(lambda: client.events)
        return client

    async def get(self, query: str = "", **headers: str) -> httpx.Response:
        """Without the cookie."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        async with httpx.AsyncClient(base_url=self.api.web.url) as nobody:
            return await nobody.get(self.path + query, headers=named)


async def visitor_of(api: Api) -> Visitor:
    batch = await api.create_batch([b"\xff\xd8\xff\xe0" + bytes(200)])
    return Visitor(api, f"/api/batches/{batch['batchId']}/stream")


@pytest.fixture
async def visitor(api: Api) -> Visitor:
    return await visitor_of(api)


async def test_a_ticket_opens_one_stream_and_nothing_else(visitor: Visitor) -> None:
    ticket = await visitor.ticket()
    rest = visitor.path.removesuffix("/stream")
    async with httpx.AsyncClient(base_url=visitor.api.web.url) as nobody:
        assert problem(await nobody.get(rest + ticket))[:2] == (401, "not-signed-in")
        assert problem(await nobody.post(TICKETS + ticket))[:2] == (401, "not-signed-in")
    client = Client(visitor.api.web.settings.port, visitor.path + ticket)
    await client.open()
    assert client.status == 200
    used = (401, "invalid-ticket", "This ticket was used, or its time is over; ask for a new one.")
    assert problem(await visitor.get(ticket)) == used
    assert problem(await visitor.get("?ticket=forged")) == used
    ticket = await visitor.ticket()
    await visitor.api.run("UPDATE stream_tickets SET expires_at = now()")
    assert problem(await visitor.get(ticket)) == used
    client.leave()


async def test_a_ticket_is_in_no_log(visitor: Visitor) -> None:
    ticket = await visitor.ticket()
    await visitor.get(ticket + "x")
    assert ticket.partition("=")[2] not in visitor.api.web.log.read_text()


async def test_somebody_elses_ticket_opens_nothing_of_mine(visitor: Visitor, stranger: Api) -> None:
    ticket = (await stranger.http.post(TICKETS)).json()["ticket"]
    assert problem(await visitor.get(f"?ticket={ticket}"))[:2] == (404, "batch-not-found")


# --- how it ends


async def sign_out(visitor: Visitor) -> None:
    assert (await visitor.api.http.delete("/api/sessions/current")).status_code == 204


async def expire(visitor: Visitor) -> None:
    await visitor.api.expire_sessions()


async def withdraw(visitor: Visitor) -> None:
    assert (await visitor.api.http.delete(f"/api/tokens/{visitor.token}")).status_code == 204


async def delete_user(visitor: Visitor) -> None:
    await visitor.api.ask("UPDATE users SET deleted_at = now() WHERE email = %s RETURNING 1", visitor.api.email)


Open = Callable[[Visitor], Awaitable[Client]]
End = Callable[[Visitor], Awaitable[None]]
WAYS: list[tuple[Open, End]] = [
    (Visitor.by_cookie, sign_out),
    (Visitor.by_cookie, expire),
    (Visitor.by_cookie, delete_user),
    (Visitor.by_bearer, withdraw),
    (Visitor.by_bearer, delete_user),
    (Visitor.by_ticket, sign_out),
    (Visitor.by_ticket, expire),
    (Visitor.by_ticket, delete_user),
]


async def test_each_credential_ends_its_stream_within_five_seconds(
    housing: Housing, valkey_server: EmbeddedValkey
) -> None:
    """Without Valkey: nobody but the database tells."""
    web = housing.web()
    visitors = [await visitor_of(await housing.api(web)) for _ in WAYS]
    valkey_server.kill()
    opened = [await open_(visitor) for visitor, (open_, _) in zip(visitors, WAYS, strict=True)]
    staying = await (await visitor_of(await housing.api(web))).by_ticket()
    for visitor, (_, end) in zip(visitors, WAYS, strict=True):
        await end(visitor)
    await until(lambda: all(client.ended for client in opened), 5)
    for client in opened:
        [last] = client.of("error")
        assert last.data["code"] == "session-ended"
        assert client.body.endswith(b"\n\n")
    assert not staying.ended


# --- pages of other origins


async def test_a_listed_origin_may_ask_for_a_ticket_and_follow(housing: Housing) -> None:
    visitor = await visitor_of(await housing.api(housing.web(stream_origins=f"{HERE}, http://localhost:3000")))
    made = await visitor.api.http.post(TICKETS, headers={"Origin": HERE, "Sec-Fetch-Site": "cross-site"})
    assert made.status_code == 201
    client = Client(visitor.api.web.settings.port, f"{visitor.path}?ticket={made.json()['ticket']}", {"Origin": HERE})
    await client.open()
    for headers in (made.headers, client.headers):
        assert headers["access-control-allow-origin"] == HERE
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["vary"] == "origin"
    client.leave()
    refused = await visitor.get("?ticket=forged", Origin=HERE)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, HERE)
    asked = await visitor.api.http.options(
        visitor.path, headers={"Origin": HERE, NEEDS: "GET", "Access-Control-Request-Headers": "authorization"}
    )
    assert asked.status_code == 204
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert asked.headers["access-control-allow-origin"] == HERE


OTHERS = ("https://app.example.evil.example", "https://APP.example", "http://app.example", "null")


async def test_any_other_origin_is_not_let_in_and_the_listed_one_may_do_nothing_else(housing: Housing) -> None:
    visitor = await visitor_of(await housing.api(housing.web(stream_origins=HERE)))
    http = visitor.api.http
    for origin in OTHERS:
        answer = await http.post(TICKETS, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert problem(answer)[:2] == (403, "foreign-origin")
        asked = await http.options(visitor.path, headers={"Origin": origin, NEEDS: "GET"})
        for headers in (answer.headers, asked.headers):
            assert "access-control-allow-origin" not in headers
    elsewhere = {"Origin": HERE, "Sec-Fetch-Site": "cross-site"}
    assert problem(await http.post("/api/projects", json={"name": "x"}, headers=elsewhere))[:2] == (
        403,
        "foreign-origin",
    )
    assert "access-control-allow-origin" not in (await http.get("/api/batches", headers=elsewhere)).headers


async def test_no_origin_is_listed_as_shipped(visitor: Visitor) -> None:
    answer = await visitor.api.http.get(visitor.path + "x", headers={"Origin": HERE})
    assert "access-control-allow-origin" not in answer.headers
    assert json.loads(answer.text)["status"] == 404
