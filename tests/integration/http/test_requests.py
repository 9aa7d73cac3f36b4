"""What every answer carries, and what every request leaves behind."""

import json
from typing import Any

from tests.fixtures.app import JPEG, Api
from tests.fixtures.waiting import until


async def test_every_answer_is_dressed(api: Api):
    for answer in (await api.http.get("/api/projects"), await api.http.get("/api/nope")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cache-control"] == "no-store"


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
