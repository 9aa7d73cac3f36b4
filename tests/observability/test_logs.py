"""What the processes write: one line a request, and no secret at any level."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from tests.fixtures.app import PASSWORD, Api, WebProcess
from tests.fixtures.house import House
from tests.fixtures.plain import NO_TLS
from tests.fixtures.waiting import until
from tests.integration.streams.client import Client
from tests.observability.conftest import mixed_load, post_form, watch

KEY = "sk-a-key-that-nobody-may-read"
NEVER_MADE = "rt_a-token-that-nobody-made"


@pytest.fixture
async def talkative(house: House) -> Api:
    """A client of the house, whose processes write all that they can; nobody is signed in yet."""
    house.settings = msgspec.structs.replace(
        house.settings, log_level="debug", openai_api_key=KEY, demo_password=PASSWORD + " demo"
    )
    house.start_web()
    await house.start_worker()
    await house.start_worker("sweep")
    assert house.web
    return Api(house.web)


def written(house: House) -> str:
    assert house.web
    return "".join(log.read_text() for log in [house.web.log, *(worker.log for worker in house.workers)])


def requests(web: WebProcess, path: str) -> list[dict[str, Any]]:
    rows = [json.loads(row) for row in web.log.read_text().splitlines() if row.startswith("{")]
    return [row for row in rows if row["event"] == "request" and row["path"].startswith(path)]


async def test_no_secret_is_written_at_any_level(house: House, talkative: Api):
    async with talkative as api:
        await api.sign_in()
        await mixed_load(api)
        secrets = {"session": api.http.cookies["roomtally_session"]}
        made = (await api.http.post("/api/tokens", json={"name": "for a robot"})).json()
        secrets |= {"token": made["token"], "ticket": (await api.http.post("/api/stream-tickets")).json()["ticket"]}
        batch = await post_form(api, 1)
        opened = [
            Client(api.web.settings.port, f"/api/batches/{batch}/stream?ticket={secrets['ticket']}"),
            Client(
                api.web.settings.port, f"/api/batches/{batch}/stream", {"Authorization": f"Bearer {secrets['token']}"}
            ),
        ]
        for client in opened:
            await client.open()
            assert client.status == 200
        async with httpx.AsyncClient(base_url=api.web.url, verify=NO_TLS) as stranger:
            bearer = {"Authorization": f"Bearer {NEVER_MADE}"}
            assert (await stranger.get("/api/batches", headers=bearer)).status_code == 401
            assert (await stranger.get(f"/api/batches/{batch}/stream?ticket=not-a-ticket")).status_code == 401
            await stranger.post("/api/sessions", content=b'{"email": "x", "password": "half a passw')
        await until(lambda: all(client.ended for client in opened), 20)
    text = written(house)
    assert '"level": "debug"' in text
    secrets |= {"password": PASSWORD, "wrong password": "wrong password", "half": "half a passw", "key": KEY}
    secrets |= {"no token": NEVER_MADE, "no ticket": "not-a-ticket", "file": "room-0.jpg", "address": api.email}
    secrets |= {"connection": house.settings.database_url, "hash": "$argon2"}
    assert [name for name, secret in secrets.items() if secret in text] == []


async def test_a_request_is_one_line_with_its_route_and_duration(house: House, talkative: Api):
    async with talkative as api:
        await api.sign_in()
        batch = await post_form(api, 1)
        await api.http.get(f"/api/batches/{batch}")
        await api.http.get("/no/such/page")
        stream = await watch(api, batch)
        await until(lambda: stream.ended, 20)
    [line] = [row for row in requests(api.web, f"/api/batches/{batch}") if "stream" not in row["route"]]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/batches/{batch_id}", 200)
    assert 0 < line["ms"] < 5000
    assert len(line["trace_id"]) == 32
    assert [row["route"] for row in requests(api.web, "/no/such/page")] == ["unmatched"]
    [opening] = requests(api.web, f"/api/batches/{batch}/stream")
    assert opening["ms"] < 1000
    assert house.workers
