"""/admin/streams: who may look, what is seen, and closing."""

import json
import os
from datetime import datetime

import httpx
import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until
from tests.integration.streams.client import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def operator(nobody: Api) -> Api:
    await nobody.sign_in(await nobody.add_user(role="operator"))
    return nobody


@pytest.fixture
async def watched(api: Api) -> tuple[Client, str]:
    """An open stream of `api`, and its batch."""
    batch = (await api.create_batch([JPEG]))["batchId"]
    client = Client(
        api.web.settings.port,
        f"/api/batches/{batch}/stream",
        {"Cookie": f"roomtally_session={api.http.cookies['roomtally_session']}", "X-Forwarded-For": "203.0.113.9"},
    )
    await client.open()
    await until(lambda: client.events)
    return client, batch


async def look(operator: Api, batch: str) -> dict[str, object]:
    """The entry of the one stream that follows this batch; other tests have theirs."""
    found = (await operator.http.get("/admin/streams", params={"limit": "1000"})).json()
    [entry] = [entry for entry in found["streams"] if batch in entry["topics"]]
    return entry


async def test_an_operator_sees_who_watches_what(operator: Api, api: Api, watched: tuple[Client, str]):
    client, batch = watched
    entry = await look(operator, batch)
    assert (entry["email"], entry["address"], entry["topics"], entry["waits"]) == (
        api.email,
        "203.0.113.9",
        [batch],
        False,
    )
    assert (entry["lastEvent"], entry["events"], entry["bytes"]) == (client.of("progress")[0].id, 1, len(client.body))
    opened = datetime.fromisoformat(str(entry["openedAt"]))
    assert abs((datetime.now(opened.tzinfo) - opened).total_seconds()) < 10
    paused = (await api.http.post(f"/api/batches/{batch}/pause")).json()
    await until(lambda: len(client.of("progress")) == 2)
    entry = await look(operator, batch)
    assert (entry["lastEvent"], entry["events"], entry["bytes"]) == (paused["eventId"], 2, len(client.body))
    found = (await operator.http.get("/admin/streams")).json()
    [serving] = operator.web.children()
    [own] = [one for one in found["processes"] if one["process"] == f"{os.uname().nodename}/{serving}"]
    assert (own["total"], own["draining"]) == (operator.web.metric("roomtally_streams_open"), False)
    assert entry["process"] == own["process"]
    client.leave()


async def test_it_is_a_page_for_people_and_json_for_scripts(operator: Api, watched: tuple[Client, str]):
    client, batch = watched
    page = await operator.http.get("/admin/streams", headers=BROWSER, params={"limit": "1000"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["vary"] == "Accept"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert batch in page.text
    [serving] = operator.web.children()
    assert f"/{serving}</td>" in page.text
    for name, kind in {"streams.js": "text/javascript", "streams.css": "text/css"}.items():
        asset = await operator.http.get(f"/admin/streams/assets/{name}")
        assert asset.headers["content-type"].startswith(kind)
        assert f"/admin/streams/assets/{name}" in page.text
    assert problem(await operator.http.get("/admin/streams/assets/routes.py"))[:2] == (404, "no-such-page")
    for accept in ("application/json", "*/*"):
        assert (await operator.http.get("/admin/streams", headers={"Accept": accept})).json()["streams"]
    client.leave()


async def test_what_a_viewer_is_called_cannot_be_markup(operator: Api, api: Api, watched: tuple[Client, str]):
    client, batch = watched
    await api.ask("UPDATE users SET email = '<b>' || email WHERE email = %s RETURNING 1", api.email)
    page = await operator.http.get("/admin/streams", headers=BROWSER, params={"limit": "1000"})
    assert f"&lt;b&gt;{api.email}" in page.text
    assert f"<b>{api.email}" not in page.text
    assert (await look(operator, batch))["email"] == f"<b>{api.email}"
    client.leave()


async def test_an_operator_closes_a_stream(operator: Api, watched: tuple[Client, str]):
    client, batch = watched
    id_ = (await look(operator, batch))["id"]
    before = operator.web.metric('roomtally_streams_closed_total{reason="operator"}')
    assert (await operator.http.delete(f"/admin/streams/{id_}")).status_code == 204
    await until(lambda: client.ended)
    [error] = client.of("error")
    assert (error.data["code"], error.data["retryable"]) == ("closed-by-operator", False)

    async def is_gone() -> bool:
        """A moment after its end: until its connection is closed, it may be closed again."""
        answer = await operator.http.delete(f"/admin/streams/{id_}")
        return answer.status_code != 204 and problem(answer)[:2] == (404, "stream-not-found")

    await until(is_gone)
    assert operator.web.metric('roomtally_streams_closed_total{reason="operator"}') == before + 1


async def test_nobody_else_may_look_or_close(api: Api, watched: tuple[Client, str]):
    client, _ = watched
    async with httpx.AsyncClient(base_url=api.web.url) as nobody:
        for path in ("/admin/streams", "/admin/streams/assets/streams.js"):
            assert problem(await nobody.get(path))[:2] == (401, "not-signed-in")
            assert problem(await api.http.get(path))[:2] == (403, "operators-only")
        assert problem(await nobody.delete("/admin/streams/0123456789abcdef"))[:2] == (401, "not-signed-in")
    assert problem(await api.http.delete("/admin/streams/0123456789abcdef"))[:2] == (403, "operators-only")
    assert not client.ended
    client.leave()


async def test_the_limit_is_held(operator: Api, watched: tuple[Client, str]):
    assert len((await operator.http.get("/admin/streams", params={"limit": "1"})).json()["streams"]) == 1
    for wrong in ("0", "1001", "many"):
        answer = await operator.http.get("/admin/streams", params={"limit": wrong})
        assert (answer.status_code, json.loads(answer.text)["errors"][0]["source"]) == (400, "query")
    watched[0].leave()
