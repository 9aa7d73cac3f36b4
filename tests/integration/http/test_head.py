"""HEAD is answered wherever GET is, with the same head and no body; a stream is not opened by it."""

import httpx
import pytest

from tests.fixtures.app import JPEG, Api

VARIES = {"date", "x-request-id"}


def head_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARIES}


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects",
        "/api/tokens",
        "/api/sessions/current",
        "/api/openapi.json",
        "/health/live",
        "/",
        "/login",
        "/batches/0b6b2a5e-0000-4000-8000-000000000000",
    ],
)
async def test_the_same_head_without_a_body(api: Api, path: str):
    plain = {"Accept-Encoding": "identity"}  # the length is that of the bytes on the way
    get, head = await api.http.get(path, headers=plain), await api.http.head(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    assert head_of(head) == head_of(get)
    assert int(head.headers["content-length"]) == len(get.content) > 0


async def test_a_condition_holds_for_it_too(api: Api):
    batch = await api.create_batch([JPEG])
    path, tag = f"/api/batches/{batch['batchId']}", f'"{batch["eventId"]}"'
    assert (await api.http.head(path)).headers["etag"] == tag
    assert (await api.http.head(path, headers={"If-None-Match": tag})).status_code == 304


async def test_what_is_refused_is_refused_without_a_body(api: Api, nobody: Api):
    for answer in (await nobody.http.head("/api/projects"), await api.http.head("/api/nope")):
        assert answer.status_code in {401, 404}
        assert (answer.headers["content-type"], answer.content) == ("application/problem+json", b"")
    answer = await api.http.head("/api/stream-tickets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("path", ["/api/batches/{id}/stream", "/api/batches/{id}/stream/", "/api/stream?batch={id}"])
async def test_a_stream_says_what_it_would_be_and_is_not_opened(api: Api, stranger: Api, path: str):
    batch = await api.create_batch([JPEG])
    path = path.format(id=batch["batchId"])
    opened = api.web.metric("roomtally_streams_opened_total")
    answer = await api.http.head(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert "content-length" not in answer.headers
    assert api.web.metric("roomtally_streams_opened_total") == opened
    assert (await stranger.http.head(path)).status_code == 404
    assert (await api.http.head(path, headers={"Last-Event-ID": "x"})).status_code == 400


async def test_it_is_counted_and_logged_as_what_it_is(api: Api):
    sample = 'roomtally_http_requests_total{code="200",method="HEAD",route="/api/projects"}'
    before = api.web.metric(sample)
    await api.http.head("/api/projects")
    assert api.web.metric(sample) == before + 1


async def test_the_connection_goes_on(api: Api):
    """A body after a HEAD would be read as the next answer."""
    for _ in range(3):
        await api.http.head("/api/projects")
        assert (await api.http.get("/api/projects")).json()["items"] == []
