"""Every refusal is a problem document, whoever refuses: our code, the framework, or an accident."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from roomtally.settings import Settings
from tests.fixtures.app import Api, WebProcess, running_web
from tests.fixtures.problems import problem

NO_PAGE = "There is nothing at this address; the API is described at /api/openapi.json."


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nope", "/api/openapi", "/../etc/passwd", "/api/batches/x/y/z"])
async def test_an_address_without_anything(nobody: Api, path: str):
    answer = await nobody.http.get(path)
    assert problem(answer) == (404, "no-such-page", NO_PAGE)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_method_that_an_address_does_not_take(nobody: Api):
    answer = await nobody.http.put("/api/projects")
    assert problem(answer)[:2] == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_a_body_that_does_not_fit_says_where(api: Api):
    answer = await api.http.post("/api/projects", json={"name": 7})
    assert problem(answer) == (
        400,
        "invalid-request",
        "The request cannot be understood; see `errors` for what to change.",
    )
    assert answer.json()["errors"] == [
        {"message": "It must be a text, not a whole number.", "field": "name", "source": "body"}
    ]
    assert answer.json()["instance"] == "/api/projects"


async def test_what_does_not_fit_is_said_in_words_and_not_in_types(api: Api):
    path = "/api/batches/00000000-0000-4000-8000-000000000000"
    answer = await api.http.get(path, params={"wait": "99"})
    assert answer.json()["errors"] == [
        {"message": "It must be a whole number, 60 at most.", "field": "wait", "source": "query"}
    ]
    answer = await api.http.post("/api/sessions", json={"email": "a@example.org", "password": ""})
    assert answer.json()["errors"][0]["message"] == "It must not be empty."
    answer = await api.http.post("/api/projects", json={})
    assert answer.json()["errors"] == [{"message": "It is missing.", "field": "name", "source": "body"}]
    answer = await api.http.post("/api/batches", json={"projectId": "x", "uploads": []})
    assert problem(answer)[2] == "The body cannot be used: projectId must be a UUID."


Wrong = list[tuple[str, str]]  # field and source


async def wrong(api: Api, method: str, path: str, **request: Any) -> Wrong:
    answer = await api.http.request(method, path, **request)
    assert problem(answer)[:2] == (400, "invalid-request")
    return [(error.get("field", ""), error.get("source", "")) for error in answer.json()["errors"]]


async def test_what_does_not_fit_has_the_name_that_its_sender_used(api: Api):
    query = {"projectId": "x", "limit": "0"}
    assert await wrong(api, "GET", "/api/batches", params=query) == [("projectId", "query"), ("limit", "query")]
    assert await wrong(api, "GET", "/api/stream") == [("batch", "query")]
    headers = {"X-Filename": "x" * 3001, "Idempotency-Key": "a b"}
    assert await wrong(api, "POST", "/api/uploads", headers=headers) == [
        ("X-Filename", "header"),
        ("Idempotency-Key", "header"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/projects", {}, "name"),
        ("/api/projects", [], ""),
        ("/api/sessions", {"email": "a@example.org", "password": ""}, "password"),
        ("/api/batches", {"projectId": "x", "uploads": []}, "projectId"),
        ("/api/batches", {"projectId": "00000000-0000-4000-8000-000000000000", "uploads": [7]}, "uploads[0]"),
        ("/api/batches", {"uploads": []}, "projectId"),
        ("/api/batches", [], ""),
    ],
)
async def test_a_member_that_does_not_fit_is_named_by_its_path(api: Api, path: str, body: object, field: str):
    assert await wrong(api, "POST", path, json=body) == [(field, "body")]


async def test_a_body_that_is_not_there(api: Api):
    answer = await api.http.post("/api/projects")
    assert answer.json()["errors"] == [{"message": "The body is missing.", "source": "body"}]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"name":"\xff"}', b'{"name":"\\ud800"}', b"null", b"[]"])
async def test_a_body_that_is_no_json(api: Api, body: bytes):
    answer = await api.http.post("/api/projects", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer)[:2] == (400, "invalid-request")
    assert answer.json()["errors"]


@pytest.mark.parametrize("path", ["/api/projects", "/api/tokens", "/api/sessions", "/api/batches"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_form_of_another_site_could_send_is_no_json(api: Api, path: str, content_type: str):
    answer = await api.http.post(path, content=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert problem(answer)[:2] == (415, "unsupported-content-type")


async def test_json_may_name_its_charset(api: Api):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await api.http.post("/api/projects", content=b'{"name": "x"}', headers=headers)).status_code == 201


async def test_a_json_body_beyond_1_mib(api: Api):
    for path in ("/api/projects", "/api/batches"):
        answer = await api.http.post(path, json={"name": "x" * 2**20, "projectId": "x", "uploads": []})
        assert problem(answer)[:2] == (413, "request-too-large")


async def test_an_accident_tells_nothing_but_its_trace(settings: Settings, tmp_path: Path):
    with running_web(settings, tmp_path) as web:
        async with Api(web) as api:
            await api.sign_in()
            await api.run("ALTER TABLE api_tokens RENAME COLUMN name TO hidden")
            answer = await api.http.get("/api/tokens")
            assert problem(answer) == (
                500,
                "internal-error",
                "Something went wrong on our side. Try again; if it stays, report the traceId.",
            )
            assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "traceId"}
            lines = [json.loads(line) for line in web.log.read_text().splitlines()]
            [failed] = [line for line in lines if line["event"] == "request_failed"]
            assert failed["trace_id"] == answer.json()["traceId"]
            assert "UndefinedColumn" in failed["exception"]


async def test_a_database_that_goes_away_is_told_as_503(settings: Settings, tmp_path: Path):
    with running_web(settings, tmp_path) as web:
        async with Api(web) as api:
            await api.sign_in()
            end_connections(web)
            answer = await api.http.get("/api/projects")
            assert problem(answer) == (
                503,
                "database-unavailable",
                "The database does not answer; try again in a moment.",
            )
            assert answer.headers["retry-after"] == "2"
            assert (await api.http.get("/api/projects")).status_code == 200


def end_connections(web: WebProcess) -> None:
    with psycopg.connect(web.settings.database_url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_what_no_text_may_hold_is_refused(api: Api):
    """Of an email address; names are freed of it."""
    answer = await api.http.post("/api/sessions", json={"email": "a\0b@example.org", "password": "x"})
    assert problem(answer)[:2] == (400, "invalid-request")


@pytest.mark.parametrize("path", ["/api/sessions", "/api/projects", "/api/tokens", "/api/batches"])
async def test_a_body_nested_without_end_is_refused(api: Api, path: str):
    await api.sign_in()
    body = b'{"name":"x","y":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = await api.http.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "invalid-request")
