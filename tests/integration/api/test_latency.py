"""What browsers measured: into the histogram, within bounds, from those who are signed in."""

from typing import Any

import pytest

from tests.fixtures.app import Api


async def test_what_a_browser_measured_is_counted(api: Api):
    count, total = (api.web.metric(f"roomtally_browser_latency_seconds_{name}") for name in ("count", "sum"))
    answer = await api.http.post("/api/latency", json={"samples": [4, 6.5]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.web.metric("roomtally_browser_latency_seconds_count") - count == 2
    assert api.web.metric("roomtally_browser_latency_seconds_sum") - total == pytest.approx(0.0105)


@pytest.mark.parametrize(
    "body",
    [
        {"samples": []},
        {"samples": [1] * 101},
        {"samples": [-1]},
        {"samples": [600_001]},
        {"samples": ["fast"]},
        {"samples": [None]},
        {},
        [],
    ],
)
async def test_anything_else_is_refused(api: Api, body: Any):
    answer = await api.http.post("/api/latency", json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "invalid-request")


async def test_a_stranger_reports_nothing(nobody: Api):
    assert (await nobody.http.post("/api/latency", json={"samples": [1]})).status_code == 401
