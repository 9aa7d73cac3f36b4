"""GET /api/batches/{id}/stream as a route: who gets in, with which answer; what is streamed has its tests with the hub."""

import json
from typing import Any
from urllib.parse import quote

import httpx_sse
import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem

UNKNOWN = "0b6b2a5e-0000-4000-8000-000000000000"


def path_of(batch: dict[str, Any]) -> str:
    return f"/api/batches/{batch['batchId']}/stream"


async def first_event(api: Api, path: str, headers: dict[str, str] | None = None) -> httpx_sse.ServerSentEvent:
    async with httpx_sse.aconnect_sse(api.http, "GET", path, headers=headers or {}) as source:
        async for event in source.aiter_sse():
            return event
    raise AssertionError("the stream ended without an event")


async def test_the_first_event_is_what_rest_says(api: Api):
    batch = await api.create_batch([JPEG, JPEG])
    async with httpx_sse.aconnect_sse(api.http, "GET", path_of(batch)) as source:
        events = source.aiter_sse()
        first = await anext(events)
        assert (first.event, first.id) == ("progress", batch["eventId"])
        assert json.loads(first.data) == batch
        paused = (await api.http.post(f"/api/batches/{batch['batchId']}/pause")).json()
        second = await anext(events)
    assert source.response.headers["content-type"] == "text/event-stream"
    assert source.response.headers["cache-control"] == "no-cache, no-transform"
    assert source.response.headers["x-accel-buffering"] == "no"
    assert second.id == paused["eventId"]
    seen = json.loads(second.data)
    assert seen.pop("committedAt") > 1_700_000_000_000
    assert seen == paused


async def test_a_finished_batch_ends_with_complete_and_then_with_204(api: Api):
    batch = await api.create_batch([JPEG])
    await api.http.post(f"/api/batches/{batch['batchId']}/cancel")
    async with httpx_sse.aconnect_sse(api.http, "GET", path_of(batch)) as source:
        events = [event async for event in source.aiter_sse()]
    assert [event.event for event in events] == ["progress", "complete"]
    last = events[-1].id
    assert json.loads(events[-1].data)["eventId"] == last
    assert last
    by_header = await api.http.get(path_of(batch), headers={"Last-Event-ID": last})
    by_query = await api.http.get(path_of(batch), params={"after": last})
    assert (by_header.status_code, by_query.status_code) == (204, 204)
    assert by_header.content == by_query.content == b""


async def test_a_client_that_missed_the_end_gets_it(api: Api):
    batch = await api.create_batch([JPEG])
    await api.http.post(f"/api/batches/{batch['batchId']}/cancel")
    async with httpx_sse.aconnect_sse(
        api.http, "GET", path_of(batch), headers={"Last-Event-ID": batch["eventId"]}
    ) as source:
        assert [event.event async for event in source.aiter_sse()] == ["progress", "complete"]


async def test_the_header_wins_over_the_query(api: Api):
    batch = await api.create_batch([JPEG])
    ended = (await api.http.post(f"/api/batches/{batch['batchId']}/cancel")).json()["eventId"]
    answer = await api.http.get(path_of(batch), params={"after": batch["eventId"]}, headers={"Last-Event-ID": ended})
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "sent", ["x", "1", "0123456789ab-", "0123456789AB-1", "0123456789ab-01", "0123456789ab-1;2", "-1", "x" * 5000]
)
async def test_a_malformed_event_id_is_refused(api: Api, sent: str):
    batch = await api.create_batch([JPEG])
    refused = (400, "invalid-event-id", "Send an event id as the stream gave it, or leave it out.")
    assert problem(await api.http.get(path_of(batch), headers={"Last-Event-ID": sent})) == refused
    assert problem(await api.http.get(path_of(batch), params={"after": sent})) == refused
    many = f"/api/stream?batch={batch['batchId']}"
    assert problem(await api.http.get(many, headers={"Last-Event-ID": sent})) == refused
    assert problem(await api.http.get(f"{many}&after={quote(sent)}")) == refused


async def test_an_id_of_another_database_is_answered_with_reset(api: Api):
    batch = await api.create_batch([JPEG])
    event = await first_event(api, path_of(batch), {"Last-Event-ID": "0123456789ab-7"})
    assert event.event == "reset"


async def test_who_may_not_look(api: Api, nobody: Api, stranger: Api):
    batch = await api.create_batch([JPEG])
    assert problem(await nobody.http.get(path_of(batch)))[:2] == (401, "not-signed-in")
    assert problem(await stranger.http.get(path_of(batch)))[:2] == (404, "batch-not-found")
    assert problem(await api.http.get(f"/api/batches/{UNKNOWN}/stream"))[:2] == (404, "batch-not-found")
    bad = {"Cookie": "roomtally_session=forged"}
    assert problem(await nobody.http.get(path_of(batch), headers=bad)) == (
        401,
        "session-ended",
        "Your session has ended; sign in again.",
    )


async def test_an_expired_session_does_not_open_a_stream(api: Api):
    batch = await api.create_batch([JPEG])
    await api.expire_sessions()
    assert problem(await api.http.get(path_of(batch)))[:2] == (401, "session-ended")


async def test_a_token_opens_a_stream(api: Api, nobody: Api):
    batch = await api.create_batch([JPEG])
    token = (await api.http.post("/api/tokens", json={"name": "watcher"})).json()["token"]
    event = await first_event(nobody, path_of(batch), {"Authorization": f"Bearer {token}"})
    assert event.id == batch["eventId"]


async def test_signing_out_ends_the_stream(api: Api):
    batch = await api.create_batch([JPEG])
    async with httpx_sse.aconnect_sse(api.http, "GET", path_of(batch), timeout=6) as source:
        events = source.aiter_sse()
        await anext(events)
        await api.http.delete("/api/sessions/current")
        ended = await anext(events)
        assert (ended.event, json.loads(ended.data)["code"]) == ("error", "session-ended")
        assert [event async for event in events] == []


async def test_a_stream_is_measured_to_its_first_byte(api: Api):
    batch = await api.create_batch([JPEG])
    route = '{method="GET",route="/api/batches/{batch_id}/stream"}'
    before = api.web.metric(f"roomtally_http_request_duration_seconds_count{route}")
    opened = 'roomtally_http_requests_total{code="200",method="GET",route="/api/batches/{batch_id}/stream"}'
    opened_before = api.web.metric(opened)
    async with httpx_sse.aconnect_sse(api.http, "GET", path_of(batch)) as source:
        await anext(source.aiter_sse())
        assert api.web.metric(f"roomtally_http_request_duration_seconds_count{route}") == before + 1
        assert api.web.metric("roomtally_http_requests_in_flight") == 0
        assert api.web.metric(opened) == opened_before + 1
