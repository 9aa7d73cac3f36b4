"""POST /api/batches as multipart/form-data."""

from typing import Any

import httpx
import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem

MIB = 1024 * 1024
File = tuple[str, tuple[str, bytes, str]]


def photo(name: str, content: bytes = JPEG) -> File:
    return "photos", (name, content, "image/jpeg")


async def submit(api: Api, files: list[File], project: str | None = None, **headers: str) -> httpx.Response:
    project = project or await api.create_project()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.http.post("/api/batches", data={"projectId": project}, files=files, headers=sent)


async def count_uploads(api: Api) -> int:
    rows = await api.ask(
        "SELECT count(*) FROM uploads u JOIN users p ON p.id = u.user_id WHERE p.email = %s", api.email
    )
    return rows[0][0]


async def test_a_form_becomes_a_batch_in_its_order(api: Api):
    answer = await submit(api, [photo("kitchen.jpg"), photo("salon.png", b"\x89PNG\r\n\x1a\n" + bytes(64))])
    assert answer.status_code == 201
    batch = answer.json()
    assert [p["filename"] for p in batch["photos"]] == ["kitchen.jpg", "salon.png"]
    assert batch["counts"]["total"] == 2
    assert answer.headers["location"] == f"/api/batches/{batch['batchId']}"
    assert answer.headers["etag"] == f'"{batch["eventId"]}"'


async def test_empty_and_wrong_files_are_taken_so_that_the_others_go_on(api: Api):
    files = [
        photo("good.jpg"),
        photo("empty.jpg", b""),
        photo("letter.jpg", b"Dear all,"),
        photo("moves.gif", b"GIF89a" + bytes(20)),
    ]
    answer = await submit(api, files)
    assert answer.status_code == 201
    stored = await api.ask(
        "SELECT filename, bytes, content_type FROM photos WHERE batch_id = %s ORDER BY position",
        answer.json()["batchId"],
    )
    assert stored == [
        ("good.jpg", len(JPEG), "image/jpeg"),
        ("empty.jpg", 0, "application/octet-stream"),
        ("letter.jpg", 9, "application/octet-stream"),
        ("moves.gif", 26, "image/gif"),
    ]


async def refused(api: Api, files: list[File], project: str | None = None) -> tuple[int, str, str]:
    """The refusal of a form, of which nothing may stay."""
    before, uploads = api.web.files(), await count_uploads(api)
    found = problem(await submit(api, files, project))
    assert api.web.files() == before
    assert await count_uploads(api) == uploads
    return found


async def test_no_photos_are_refused(api: Api):
    detail = "A batch needs at least one photo; upload one and name it in `uploads`."
    answer = await api.http.post("/api/batches", files={"projectId": (None, await api.create_project())})
    assert problem(answer) == (422, "no-photos", detail)


async def test_a_file_field_that_was_left_empty_is_no_photo(api: Api):
    before = api.web.files()
    body = (
        f'--b\r\nContent-Disposition: form-data; name="projectId"\r\n\r\n{await api.create_project()}\r\n'
        '--b\r\nContent-Disposition: form-data; name="photos"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await api.http.post("/api/batches", content=body.encode(), headers=headers)
    assert problem(answer)[:2] == (422, "no-photos")
    assert api.web.files() == before


async def test_201_photos_are_refused_and_none_stays(api: Api):
    found = await refused(api, [photo(f"{n}.jpg") for n in range(201)])
    assert found == (422, "too-many-photos", "A batch holds 200 photos at most; make several batches.")


async def test_200_photos_are_taken(api: Api):
    answer = await submit(api, [photo(f"{n}.jpg") for n in range(200)])
    assert answer.status_code == 201
    assert answer.json()["counts"]["total"] == 200


async def test_one_photo_of_26_mib_refuses_the_form(api: Api):
    found = await refused(api, [photo("small.jpg"), photo("huge.jpg", JPEG + bytes(26 * MIB))])
    assert found == (413, "photo-too-large", "A photo may have 25 MiB at most; send a smaller one.")


async def test_an_unknown_project_is_refused_before_the_photos_come(api: Api):
    found = await refused(api, [photo("a.jpg")], "0b6b2a5e-0000-4000-8000-000000000000")
    assert found == (404, "project-not-found", "You have no such project; list yours at /api/projects.")


async def test_the_project_of_somebody_else_is_unknown(api: Api, stranger: Api):
    assert (await refused(api, [photo("a.jpg")], await stranger.create_project()))[:2] == (404, "project-not-found")


@pytest.mark.parametrize("project", ["", "not an id", "x" * 5000])
async def test_a_project_that_is_no_id_is_refused(api: Api, project: str):
    answer = await api.http.post("/api/batches", data={"projectId": project}, files=[photo("a.jpg")])
    assert problem(answer)[:2] == (400, "invalid-form")


async def test_a_form_without_project_is_refused(api: Api):
    before = api.web.files()
    answer = await api.http.post("/api/batches", files=[photo("a.jpg")])
    assert problem(answer) == (400, "invalid-form", "The form needs the field 'projectId'.")
    assert api.web.files() == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--b--\r\n"),
        ("multipart/form-data; boundary=", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"no form at all"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\nabc',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\nabc\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="photos"\r\n\r\nabc\r\n--b--\r\n',
        ),
    ],
)
async def test_broken_forms_are_refused(api: Api, content_type: str, body: bytes):
    before = api.web.files()
    answer = await api.http.post("/api/batches", content=body, headers={"Content-Type": content_type})
    assert problem(answer)[:2] == (400, "invalid-form")
    assert api.web.files() == before


async def test_names_in_a_form_lose_their_tricks_too(api: Api):
    answer = await submit(api, [photo("../../客厅\\a\u202e.jpg"), photo("a.jpg")])
    assert [p["filename"] for p in answer.json()["photos"]] == ["a.jpg", "a.jpg"]


async def test_the_same_form_and_key_make_one_batch_and_keep_one_set_of_files(api: Api):
    project = await api.create_project()
    files = [photo("a.jpg"), photo("b.jpg", JPEG + b"b")]
    first = await submit(api, files, project, Idempotency_Key="form-1")
    stored = api.web.files()
    second = await submit(api, files, project, Idempotency_Key="form-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["batchId"] == second.json()["batchId"]
    assert api.web.files() == stored


async def test_another_form_with_the_same_key_is_refused_and_leaves_nothing(api: Api):
    project = await api.create_project()
    await submit(api, [photo("a.jpg")], project, Idempotency_Key="form-1")
    stored = api.web.files()
    answer = await submit(api, [photo("a.jpg", JPEG + b"x")], project, Idempotency_Key="form-1")
    assert problem(answer)[:2] == (409, "idempotency-key-reused")
    assert api.web.files() == stored


async def test_fields_that_nobody_knows_are_skipped(api: Api):
    fields: dict[str, Any] = {"projectId": await api.create_project(), "note": "hello", "photo": "no"}
    answer = await api.http.post(
        "/api/batches", data=fields, files=[photo("a.jpg"), ("other", ("x.bin", b"abc", "a/b"))]
    )
    assert answer.status_code == 201
    assert answer.json()["counts"]["total"] == 1
