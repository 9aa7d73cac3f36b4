"""/api/batches as JSON: make, list, read, wait, control."""

import asyncio
import time
from uuid import uuid4

import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until

UNKNOWN = "0b6b2a5e-0000-4000-8000-000000000000"


async def test_a_new_batch_answers_with_its_snapshot(api: Api):
    project, upload = await api.create_project(), await api.upload(JPEG, "salon.jpg")
    answer = await api.http.post("/api/batches", json={"projectId": project, "uploads": [upload]})
    assert answer.status_code == 201
    snapshot = answer.json()
    assert answer.headers["location"] == f"/api/batches/{snapshot['batchId']}"
    assert answer.headers["etag"] == f'"{snapshot["eventId"]}"'
    assert answer.headers["content-type"] == "application/json"
    assert {key: snapshot[key] for key in ("projectId", "status", "paused", "run", "progress", "counts")} == {
        "projectId": project,
        "status": "QUEUED",
        "paused": False,
        "run": 1,
        "progress": 0,
        "counts": {"queued": 1, "processing": 0, "completed": 0, "failed": 0, "total": 1},
    }
    assert (await api.http.get(answer.headers["location"])).json() == snapshot


async def post(api: Api, **body: object) -> tuple[int, str, str]:
    return problem(await api.http.post("/api/batches", json=body))


async def test_no_photos(api: Api):
    assert await post(api, projectId=await api.create_project(), uploads=[]) == (
        422,
        "no-photos",
        "A batch needs at least one photo; upload one and name it in `uploads`.",
    )


async def test_201_photos(api: Api):
    uploads = [str(uuid4()) for _ in range(201)]
    assert await post(api, projectId=await api.create_project(), uploads=uploads) == (
        422,
        "too-many-photos",
        "A batch holds 200 photos at most; make several batches of these 201.",
    )


async def test_an_unknown_project_uses_up_no_upload(api: Api, stranger: Api):
    upload = await api.upload(JPEG)
    for project in (UNKNOWN, await stranger.create_project()):
        assert await post(api, projectId=project, uploads=[upload]) == (
            404,
            "project-not-found",
            "There is no such project; create it or choose another.",
        )
    answer = await api.http.post("/api/batches", json={"projectId": await api.create_project(), "uploads": [upload]})
    assert answer.status_code == 201


async def test_uploads_that_cannot_be_used(api: Api, stranger: Api):
    project = await api.create_project()
    used = await api.upload(JPEG)
    await api.http.post("/api/batches", json={"projectId": project, "uploads": [used]})
    expired = await api.upload(JPEG)
    await api.ask("UPDATE uploads SET expires_at = now() - interval '1 s' WHERE id = %s RETURNING 1", expired)
    for upload in (used, expired, UNKNOWN, await stranger.upload(JPEG)):
        assert await post(api, projectId=project, uploads=[upload]) == (
            409,
            "upload-not-usable",
            "One of the uploads is used already, expired or not yours; upload that photo again.",
        )


async def test_bodies_that_do_not_fit(api: Api):
    for body in (b"", b"[]", b"{", b'{"projectId": 1, "uploads": []}', b'{"uploads": []}', b"\xff\xfe"):
        answer = await api.http.post("/api/batches", content=body, headers={"Content-Type": "application/json"})
        assert problem(answer)[:2] == (400, "invalid-request")


async def test_other_content_types(api: Api):
    answer = await api.http.post(
        "/api/batches", content=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert problem(answer) == (
        415,
        "unsupported-content-type",
        "Send application/json with upload ids, or multipart/form-data with photos.",
    )


async def test_a_key_makes_one_batch(api: Api):
    body = {"projectId": await api.create_project(), "uploads": [await api.upload(JPEG)]}
    headers = {"Idempotency-Key": "batch-1"}
    twins = await asyncio.gather(*(api.http.post("/api/batches", json=body, headers=headers) for _ in range(4)))
    assert {answer.status_code for answer in twins} == {201}
    assert len({answer.json()["batchId"] for answer in twins}) == 1


async def test_a_batch_of_somebody_else_is_not_there(api: Api, stranger: Api):
    batch = await api.create_batch([JPEG])
    there, photo = f"/api/batches/{batch['batchId']}", f"/api/photos/{batch['photos'][0]['id']}"
    gone = (404, "batch-not-found", "There is no such batch.")
    assert problem(await stranger.http.get(there)) == gone
    assert problem(await stranger.http.get(f"{there}/stream")) == gone
    assert problem(await stranger.http.delete(there)) == gone
    for call in ("pause", "resume", "retry-failed", "cancel"):
        assert problem(await stranger.http.post(f"{there}/{call}")) == gone
    for answer in (
        await stranger.http.get(f"{photo}/original"),
        await stranger.http.get(f"{photo}/thumbnail"),
        await stranger.http.post(f"{photo}/retry"),
    ):
        assert problem(answer)[:2] == (404, "photo-not-found")
    assert (await stranger.http.get("/api/batches")).json()["items"] == []
    assert (await api.http.get(there)).json() == batch


async def test_a_known_snapshot_is_not_sent_again(api: Api):
    batch = await api.create_batch([JPEG])
    path, tag = f"/api/batches/{batch['batchId']}", f'"{batch["eventId"]}"'
    older = f'"{batch["eventId"].rpartition("-")[0]}-0"'
    for header in (
        tag,
        f"W/{tag}",
        f'"other", {tag}',
        f"{older},W/{tag}",
        f"{tag}, {older}",
        "*",
        "x" * 2000 + tag,
    ):
        answer = await api.http.get(path, headers={"If-None-Match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    for header in ('"other"', '"0123456789ab-1"', "garbage", older, batch["eventId"], '"*"', "**"):
        answer = await api.http.get(path, headers={"If-None-Match": header})
        assert (answer.status_code, answer.json()) == (200, batch)
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_long_poll_answers_when_something_happens(api: Api):
    batch = await api.create_batch([JPEG])
    path = f"/api/batches/{batch['batchId']}"
    waiting = asyncio.create_task(api.http.get(path, params={"after": batch["eventId"], "wait": 20}))
    await asyncio.sleep(0)
    changed = (await api.http.post(f"{path}/pause")).json()
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status_code, answer.json()) == (200, changed)


async def test_a_conditional_request_waits_too(api: Api):
    batch = await api.create_batch([JPEG])
    path, known = f"/api/batches/{batch['batchId']}", {"If-None-Match": f'"{batch["eventId"]}"'}
    started = time.monotonic()
    answer = await api.http.get(path, params={"wait": 1}, headers=known)
    assert (answer.status_code, time.monotonic() - started > 0.9) == (304, True)
    waiting = asyncio.create_task(api.http.get(path, params={"wait": 20}, headers=known))
    await asyncio.sleep(0)
    changed = (await api.http.post(f"{path}/pause")).json()
    answer = await asyncio.wait_for(waiting, 5)
    assert (answer.status_code, answer.json()) == (200, changed)
    assert (await asyncio.wait_for(api.http.get(path, params={"wait": 20}), 3)).status_code == 200  # nothing is known


@pytest.mark.parametrize("known", ["*", '"{id}", "0123456789ab-1"'])
async def test_whoever_knows_several_versions_waits_for_another(api: Api, known: str):
    batch = await api.create_batch([JPEG])
    path, headers = f"/api/batches/{batch['batchId']}", {"If-None-Match": known.format(id=batch["eventId"])}
    waiting = asyncio.create_task(api.http.get(path, params={"wait": 20}, headers=headers))

    async def move() -> bool:
        """Again and again: only what happens after the request has come in is news to it."""
        await api.http.post(f"{path}/pause")
        await api.http.post(f"{path}/resume")
        return waiting.done()

    await until(move)
    assert waiting.result().status_code == 200
    assert waiting.result().json()["eventId"] not in known


async def test_whatever_is_known_of_a_batch_that_is_not_there_it_is_404(api: Api):
    nowhere = "/api/batches/00000000-0000-4000-8000-000000000000"
    assert problem(await api.http.get(nowhere, headers={"If-None-Match": "*"}))[:2] == (404, "batch-not-found")


async def test_a_long_poll_ends_without_news(api: Api):
    batch = await api.create_batch([JPEG])
    path = f"/api/batches/{batch['batchId']}"
    answer = await api.http.get(path, params={"after": batch["eventId"], "wait": 1})
    assert (answer.status_code, answer.headers["etag"]) == (304, f'"{batch["eventId"]}"')


async def test_a_long_poll_behind_answers_at_once(api: Api):
    batch = await api.create_batch([JPEG])
    path = f"/api/batches/{batch['batchId']}"
    await api.http.post(f"{path}/pause")
    answer = await asyncio.wait_for(api.http.get(path, params={"after": batch["eventId"], "wait": 20}), 3)
    assert answer.json()["paused"] is True


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("after=abc", "invalid-event-id"),
        ("after=" + "0" * 5000, "invalid-event-id"),
        ("wait=61", "invalid-request"),
        ("wait=-1", "invalid-request"),
    ],
)
async def test_queries_that_do_not_fit(api: Api, query: str, slug: str):
    batch = await api.create_batch([JPEG])
    assert problem(await api.http.get(f"/api/batches/{batch['batchId']}?{query}"))[:2] == (400, slug)


async def test_the_list_goes_page_by_page(api: Api):
    made = [(await api.create_batch([JPEG]))["batchId"] for _ in range(5)]
    first = (await api.http.get("/api/batches", params={"limit": 2})).json()
    newest = (await api.create_batch([JPEG]))["batchId"]
    second = (await api.http.get("/api/batches", params={"limit": 2, "cursor": first["next"]})).json()
    third = (await api.http.get("/api/batches", params={"limit": 2, "cursor": second["next"]})).json()
    pages = [[line["batchId"] for line in page["items"]] for page in (first, second, third)]
    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]
    assert third["next"] is None
    assert newest not in [*pages[1], *pages[2]]


async def test_the_list_of_one_project(api: Api):
    mine, _other = await api.create_batch([JPEG]), await api.create_batch([JPEG])
    page = (await api.http.get("/api/batches", params={"projectId": mine["projectId"]})).json()
    [line] = page["items"]
    assert line["batchId"] == mine["batchId"]
    assert line["eventId"] == mine["eventId"]
    assert line["counts"] == mine["counts"]


@pytest.mark.parametrize("cursor", ["abc", "!!!", "AAAA", ""])
async def test_a_cursor_that_we_did_not_write(api: Api, cursor: str):
    answer = await api.http.get("/api/batches", params={"cursor": cursor})
    assert problem(answer) == (400, "invalid-cursor", "Leave out `cursor` to start at the first page.")


async def test_pause_resume_cancel_delete(api: Api):
    batch = await api.create_batch([JPEG])
    path = f"/api/batches/{batch['batchId']}"
    paused = await api.http.post(f"{path}/pause")
    assert (paused.status_code, paused.json()["paused"]) == (200, True)
    assert paused.headers["etag"] == f'"{paused.json()["eventId"]}"'
    assert (await api.http.post(f"{path}/pause")).json() == paused.json()
    assert (await api.http.post(f"{path}/resume")).json()["paused"] is False
    assert (await api.http.post(f"{path}/cancel")).json()["status"] == "CANCELLED"
    refused = (409, "batch-cancelled", "This batch was cancelled; make a new one.")
    assert problem(await api.http.post(f"{path}/resume")) == refused
    assert problem(await api.http.post(f"/api/photos/{batch['photos'][0]['id']}/retry")) == refused
    deleted = await api.http.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert problem(await api.http.get(path))[:2] == (404, "batch-not-found")
    assert problem(await api.http.delete(path))[:2] == (404, "batch-not-found")


async def test_ids_that_are_none(api: Api):
    for path in ("/api/batches/42", "/api/batches/42/stream", "/api/projects/x", "/api/photos/x/original"):
        assert problem(await api.http.get(path))[:2] == (404, "no-such-page")
