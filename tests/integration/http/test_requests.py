"""What every answer carries, and what every request leaves behind."""

import json
import re
from typing import Any

import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.waiting import until

DRESS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
JSON_POLICY = "default-src 'none'; frame-ancestors 'none'"
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/projects", 200),
        ("GET", "/api/openapi.json", 200),
        ("GET", "/health/live", 200),
        ("GET", "/api/nope", 404),
        ("PUT", "/api/projects", 405),
        ("OPTIONS", "/api/projects", 204),
        ("POST", "/api/projects", 400),
    ],
)
async def test_every_answer_is_dressed(api: Api, method: str, path: str, status: int):
    answer = await api.http.request(method, path)
    expected = {**DRESS, "content-security-policy": JSON_POLICY, "cache-control": "no-store"}
    assert (answer.status_code, expected) == (status, {name: answer.headers.get(name) for name in expected})


async def test_what_another_sites_page_is_refused_with_is_dressed_too(api: Api):
    answer = await api.http.post("/api/projects", json={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert answer.headers["content-security-policy"] == JSON_POLICY
    assert {name: answer.headers.get(name) for name in DRESS} == DRESS


async def test_pages_run_no_script_but_their_files_and_stand_in_no_frame(api: Api):
    batch = await api.create_batch([JPEG])
    html = {"Accept": "text/html"}
    for path in ("/", "/login", f"/batches/{batch['batchId']}", "/batches/nope", "/nope"):
        answer = await api.http.get(path, headers=html)
        assert answer.headers["content-type"].startswith("text/html"), path
        policy = set(answer.headers["content-security-policy"].split("; "))
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= policy, path
        assert {"frame-ancestors 'none'", "base-uri 'none'"} <= policy, path
        assert {name: answer.headers.get(name) for name in DRESS} == DRESS
        assert INLINE.findall(answer.text) == []


def lines_of(api: Api, path: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in api.web.log.read_text().splitlines()]
    return [line for line in lines if line["event"] == "request" and line["path"] == path]


async def test_each_request_is_one_line_and_one_count_by_its_template(api: Api):
    batch = await api.create_batch([JPEG])
    path = f"/api/batches/{batch['batchId']}"
    sample = 'roomtally_http_requests_total{code="200",method="GET",route="/api/batches/{batch_id}"}'
    before = api.web.metric(sample)
    await api.http.get(path)
    assert await until(lambda: api.web.metric(sample) == before + 1)
    [line] = lines_of(api, path)
    assert line["method"] == "GET"
    assert line["route"] == "/api/batches/{batch_id}"
    assert line["status"] == 200
    assert line["ms"] > 0
    assert len(line["trace_id"]) == 32


async def test_addresses_without_a_route_make_one_series(api: Api):
    sample = 'roomtally_http_requests_total{code="404",method="GET",route="unmatched"}'
    before = api.web.metric(sample)
    for n in range(3):
        await api.http.get(f"/nothing/{n}")
    assert await until(lambda: api.web.metric(sample) == before + 3)


async def test_methods_that_somebody_made_up_make_one_series(nobody: Api):
    for method in ("BREW", "X1", "X2"):
        assert (await nobody.http.request(method, "/api/projects")).status_code == 405
    metrics = (await nobody.http.get(f"{nobody.web.private_url}/metrics")).text
    assert 'roomtally_http_requests_total{code="405",method="other",route="unmatched"}' in metrics
    assert "BREW" not in metrics


async def test_a_trace_goes_on_from_the_caller_into_the_event_row(api: Api):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    project, upload = await api.create_project(), await api.upload(JPEG)
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    body = {"projectId": project, "uploads": [upload]}
    batch = (await api.http.post("/api/batches", json=body, headers=headers)).json()
    [[stored]] = await api.ask("SELECT trace FROM batch_events WHERE batch_id = %s", batch["batchId"])
    assert stored.split("-")[1] == trace


async def test_a_client_that_is_refused_while_it_sends_hears_why(api: Api):
    """Its connection must not be reset under it: 26 MiB are on their way when the answer is known after the first bytes."""
    for _ in range(3):
        answer = await api.http.post("/api/uploads", content=b"no photo" + bytes(26 * 2**20))
        assert answer.status_code == 413
