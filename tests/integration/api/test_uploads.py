"""POST /api/uploads: what it takes, what it refuses, and with which words."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import UUID

import pytest

from tests.fixtures.app import JPEG, Api, WebProcess
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until

MIB = 1024 * 1024


async def row(api: Api, upload_id: str) -> tuple[str, str, int]:
    [found] = await api.ask("SELECT filename, content_type, bytes FROM uploads WHERE id = %s", UUID(upload_id))
    return found[0], found[1], found[2]


async def pieces(photo: bytes, size: int = 256 * 1024) -> AsyncIterator[bytes]:
    for at in range(0, len(photo), size):
        yield photo[at : at + size]


async def test_a_photo_is_stored_byte_by_byte(api: Api):
    photo = JPEG + bytes(range(256)) * 9000
    upload_id = await api.upload(photo, "salon.jpg")
    assert await row(api, upload_id) == ("salon.jpg", "image/jpeg", len(photo))
    assert (api.web.storage / "originals" / upload_id).read_bytes() == photo


async def test_a_chunked_body_is_taken_too(api: Api):
    photo = JPEG + bytes(3 * MIB)
    answer = await api.http.post("/api/uploads", content=pieces(photo))
    assert answer.status_code == 201
    assert (api.web.storage / "originals" / answer.json()["uploadId"]).stat().st_size == len(photo)


async def test_an_empty_file_is_refused(api: Api):
    before = api.web.files()
    answer = await api.http.post("/api/uploads", content=b"", headers={"Content-Type": "image/jpeg"})
    assert problem(answer) == (400, "empty-photo", "The file is empty; choose the photo again.")
    assert api.web.files() == before


@pytest.mark.parametrize(
    "content", [b"This is a letter, not a photo.", b"%PDF-1.7 ...", b"\x00", b"PK\x03\x04" + bytes(100)]
)
async def test_what_is_no_image_is_refused_whatever_it_says_it_is(api: Api, content: bytes):
    before = api.web.files()
    answer = await api.http.post("/api/uploads", content=content, headers={"Content-Type": "image/jpeg"})
    assert problem(answer) == (
        415,
        "unsupported-photo",
        "This file is not a photo; send a JPEG, PNG, WebP or HEIC file.",
    )
    assert api.web.files() == before


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("GIF", b"GIF89a" + bytes(100)),
        ("TIFF", b"II*\x00" + bytes(100)),
        ("BMP", b"BM" + bytes(100)),
        ("AVIF", b"\x00\x00\x00\x20ftypavif" + bytes(100)),
    ],
)
async def test_an_image_that_no_worker_can_read_is_refused_at_once(api: Api, kind: str, content: bytes):
    before = api.web.files()
    answer = await api.http.post("/api/uploads", content=content, headers={"Content-Type": "image/jpeg"})
    assert problem(answer) == (
        415,
        "unsupported-photo",
        f"{kind} files cannot be read; send a JPEG, PNG, WebP or HEIC file.",
    )
    assert api.web.files() == before


async def test_the_bytes_win_over_a_wrong_content_type(api: Api):
    png = b"\x89PNG\r\n\x1a\n" + bytes(100)
    answer = await api.http.post("/api/uploads", content=png, headers={"Content-Type": "text/html"})
    assert answer.status_code == 201
    assert (await row(api, answer.json()["uploadId"]))[1] == "image/png"


TOO_LARGE = (413, "photo-too-large", "A photo may have 25 MiB at most; send a smaller one.")


async def test_26_mib_are_refused_by_their_announcement(api: Api):
    before, bytes_before = api.web.files(), api.web.metric("roomtally_upload_bytes_total")
    answer = await api.http.post("/api/uploads", content=JPEG + bytes(26 * MIB))
    assert problem(answer) == TOO_LARGE
    assert api.web.files() == before
    assert api.web.metric("roomtally_upload_bytes_total") == bytes_before


async def test_26_mib_without_announcement_are_refused_on_the_way(api: Api):
    before = api.web.files()
    answer = await api.http.post("/api/uploads", content=pieces(JPEG + bytes(26 * MIB)))
    assert problem(answer) == TOO_LARGE
    await until(lambda: api.web.files() == before)


async def test_25_mib_exactly_are_taken(api: Api):
    answer = await api.http.post("/api/uploads", content=JPEG + bytes(25 * MIB - len(JPEG)))
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\salon.jpg", "salon.jpg"),
        ("..", "photo"),
        ("", "photo"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "abSet-Cookie: x.jpg"),
        ("客厅 – гостиная – صالون.jpg", "客厅 – гостиная – صالون.jpg"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
    ],
)
async def test_names_are_kept_in_any_script_and_lose_their_tricks(api: Api, sent: str, kept: str):
    headers = {"X-Filename": quote(sent, safe="")}
    answer = await api.http.post("/api/uploads", content=JPEG, headers=headers)
    assert answer.status_code == 201, answer.text
    assert (await row(api, answer.json()["uploadId"]))[0] == kept


async def test_two_photos_of_one_name_stay_two(api: Api):
    batch = await api.create_batch([JPEG, JPEG + b"other"])
    first, second = await api.upload(JPEG, "same.jpg"), await api.upload(JPEG, "same.jpg")
    answer = await api.http.post("/api/batches", json={"projectId": batch["projectId"], "uploads": [first, second]})
    assert [photo["filename"] for photo in answer.json()["photos"]] == ["same.jpg", "same.jpg"]


async def leave_in_the_middle(api: Api, path: str, content_type: str, body: bytes) -> None:
    """Announce twice what is sent, then close the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.web.settings.port)
    cookie = "; ".join(f"{name}={value}" for name, value in api.http.cookies.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {2 * len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    await until(lambda: half_written(api.web), what="the photo is on its way into the store")
    writer.close()
    del reader


def half_written(web: WebProcess) -> bool:
    return any("#" in name for name in web.files())


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(api: Api):
    before = api.web.files()
    await leave_in_the_middle(api, "/api/uploads", "image/jpeg", JPEG + bytes(4 * MIB))
    await until(lambda: api.web.files() == before, what="the half photo is gone")
    left = 'roomtally_http_requests_total{code="499",method="POST",route="/api/uploads"}'
    await until(lambda: api.web.metric(left) == 1)
    assert (
        await api.ask("SELECT u.id FROM uploads u JOIN users p ON p.id = u.user_id WHERE p.email = %s", api.email) == []
    )


async def test_a_form_whose_client_leaves_in_the_middle_leaves_nothing(api: Api):
    before = api.web.files()
    project = await api.create_project()
    body = (
        f'--b\r\nContent-Disposition: form-data; name="projectId"\r\n\r\n{project}\r\n'
        '--b\r\nContent-Disposition: form-data; name="photos"; filename="1.jpg"\r\n\r\n'
    ).encode()
    body += JPEG + b'\r\n--b\r\nContent-Disposition: form-data; name="photos"; filename="2.jpg"\r\n\r\n'
    await leave_in_the_middle(api, "/api/batches", "multipart/form-data; boundary=b", body + JPEG + bytes(4 * MIB))
    await until(lambda: api.web.files() == before, what="the first photo is gone, and the half one")
    assert (
        await api.ask("SELECT u.id FROM uploads u JOIN users p ON p.id = u.user_id WHERE p.email = %s", api.email) == []
    )


async def test_the_same_key_and_photo_make_one_upload(api: Api):
    headers = {"Idempotency-Key": "photo-1", "X-Filename": "a.jpg"}
    first = await api.http.post("/api/uploads", content=JPEG, headers=headers)
    stored = api.web.files()
    second = await api.http.post("/api/uploads", content=JPEG, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert api.web.files() == stored


async def test_the_same_key_with_another_photo_is_refused(api: Api):
    headers = {"Idempotency-Key": "photo-1"}
    await api.http.post("/api/uploads", content=JPEG, headers=headers)
    stored = api.web.files()
    answer = await api.http.post("/api/uploads", content=JPEG + b"x", headers=headers)
    assert problem(answer)[:2] == (409, "idempotency-key-reused")
    assert api.web.files() == stored


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str):
    answer = await api.http.post("/api/uploads", content=JPEG, headers=[(b"Idempotency-Key", key.encode())])
    assert problem(answer)[:2] == (400, "invalid-request")


async def test_nobody_uploads_without_signing_in(nobody: Api):
    answer = await nobody.http.post("/api/uploads", content=JPEG)
    assert problem(answer) == (401, "not-signed-in", "Sign in first, or send an API token as a bearer.")
    assert answer.headers["www-authenticate"].startswith("Bearer")
