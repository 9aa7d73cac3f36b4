"""What the client makes of answers; the calls themselves are tried on the real service in tests/e2e."""

import asyncio
from pathlib import Path

import httpx
import pytest

from roomtally import errors
from roomtally.client import api
from roomtally.client.access import Account
from tests.fixtures.scripted import Answer, Exchange, scripted

TOKEN = Account(token="rt_test")
REFUSED_FIELDS = b"""{"type": "https://roomtally.dev/problems/invalid-request",
    "detail": "The request cannot be understood; see `errors` for what to change.", "errors": [
    {"message": "It must have 200 characters at most.", "field": "name", "source": "body"}, {"message": "It is missing."}]}"""
PROBLEM = b'{"type": "https://roomtally.dev/problems/quota-used-up", "title": "x", "detail": "Delete a batch first."}'


def answering(status: int, body: bytes, **headers: str) -> Answer:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body, **headers)

    return answer


GREETED = answering(200, b"{}")


def made(count: int, folder: Path) -> list[Path]:
    photos = [folder / f"salle à manger {number}.jpg" for number in range(count)]
    for number, photo in enumerate(photos):
        photo.write_bytes(bytes([number]) * 1000)
    return photos


async def echo_upload(exchange: Exchange) -> None:
    """The id is the photo's first byte, so that the order of the answer can be told."""
    await asyncio.sleep(0.02 if exchange.body[0] % 2 else 0.001)
    await exchange.answer(201, b'{"uploadId": "%d"}' % exchange.body[0])


async def test_a_problem_becomes_one_sentence() -> None:
    async with scripted(GREETED, answering(413, PROBLEM)) as service, api.connect(service.url, TOKEN) as client:
        with pytest.raises(api.Refused) as caught:
            await client.create_project("x")
    assert (caught.value.slug, caught.value.detail, caught.value.status) == (
        "quota-used-up",
        "Delete a batch first.",
        413,
    )


async def test_what_is_wrong_with_each_field_stands_in_the_sentence() -> None:
    async with scripted(GREETED, answering(400, REFUSED_FIELDS)) as service, api.connect(service.url, TOKEN) as client:
        with pytest.raises(api.Refused) as caught:
            await client.create_project("x")
    assert caught.value.detail == (
        "The request cannot be understood: name: It must have 200 characters at most. It is missing."
    )


async def test_a_token_that_is_not_accepted_is_told_before_anything_is_sent() -> None:
    async with scripted(answering(401, b'{"type": "x/invalid-token", "detail": "Send the token as ..."}')) as service:
        with pytest.raises(api.Refused, match="invalid-token") as caught:
            async with api.connect(service.url, TOKEN):
                raise AssertionError("it is not to be used")
    assert caught.value.detail.startswith("The token (--token or ROOMTALLY_TOKEN) is not accepted")
    assert len(service.seen) == 1


async def test_a_greeting_that_is_put_off_does_not_end_the_command() -> None:
    later, made_it = answering(503, b"{}"), answering(201, b'{"id": "p"}')
    async with scripted(later, made_it) as service, api.connect(service.url, TOKEN) as client:
        assert (await client.create_project("x"))["id"] == "p"


async def test_an_answer_that_is_no_problem_document_is_named_by_its_status() -> None:
    async with scripted(GREETED, answering(418, b"<h1>teapot")) as service, api.connect(service.url, TOKEN) as client:
        with pytest.raises(api.Refused, match="418"):
            await client.get("/api/projects")


async def test_a_call_that_is_put_off_is_repeated_with_the_same_key() -> None:
    later = answering(503, b"{}", Retry_After="0")
    async with (
        scripted(GREETED, later, answering(201, b'{"id": "p"}')) as service,
        api.connect(service.url, TOKEN) as client,
    ):
        assert (await client.create_project("x"))["id"] == "p"
    keys = [exchange.headers["idempotency-key"] for exchange in service.seen[1:]]
    assert (len(keys), len(set(keys))) == (2, 1)


async def test_uploads_run_side_by_side_but_few_and_keep_their_order(tmp_path: Path) -> None:
    sent: list[int] = []
    async with scripted(GREETED, echo_upload) as service, api.connect(service.url, TOKEN) as client:
        ids = await client.upload_all(made(12, tmp_path), sent.append)
    assert ids == [str(number) for number in range(12)]
    assert 2 <= service.busiest <= api.PARALLEL_UPLOADS
    assert sum(sent) == 12_000
    assert {exchange.headers["x-filename"] for exchange in service.seen[1:]} >= {"salle%20%C3%A0%20manger%200.jpg"}


async def test_a_photo_that_is_sent_again_is_not_counted_twice(tmp_path: Path) -> None:
    sent: list[int] = []
    later = answering(503, b"{}", Retry_After="0")
    async with scripted(GREETED, later, echo_upload) as service, api.connect(service.url, TOKEN) as client:
        await client.upload_all(made(1, tmp_path), sent.append)
    assert sum(sent) == 1000


async def test_a_refused_photo_is_named(tmp_path: Path) -> None:
    async with scripted(GREETED, answering(413, PROBLEM)) as service, api.connect(service.url, TOKEN) as client:
        with pytest.raises(api.Refused) as caught:
            await client.upload_all(made(3, tmp_path), lambda _size: None)
    assert caught.value.detail.startswith("salle à manger ")
    assert caught.value.detail.endswith("Delete a batch first. No photo was counted.")


@pytest.mark.parametrize("account", [TOKEN, Account(email="a@b.c", password="x")])
async def test_nothing_listening_is_told_in_words_at_once(account: Account) -> None:
    async with scripted(answering(200, b"")) as service:
        pass
    with pytest.raises(errors.Unavailable, match="make up"):
        async with api.connect(service.url, account):
            raise AssertionError("it is not to be used")


@pytest.mark.parametrize(("file", "told"), [(Path("/data/demo-password"), True), (None, False)])
async def test_a_password_that_was_found_in_a_file_is_refused_with_the_file(file: Path | None, told: bool) -> None:
    account = Account(email="a@b.c", password="x", password_file=file)
    async with scripted(answering(401, b'{"type": "wrong-password", "detail": "No."}')) as service:
        with pytest.raises(api.Refused) as refusal:
            async with api.connect(service.url, account):
                pass
    assert ("/data/demo-password; did `up` get another --data?" in refusal.value.detail) is told


@pytest.mark.parametrize("url", ["not an address", "ftp://127.0.0.1"])
async def test_an_address_that_is_none_is_told_in_words(url: str) -> None:
    with pytest.raises(errors.RoomtallyError):
        async with api.connect(url, Account(email="a@b.c", password="x")):
            pass


@pytest.mark.parametrize("text", ["abc", "../sessions", "", "1/../2"])
def test_what_is_no_batch_id_never_becomes_a_path(text: str) -> None:
    with pytest.raises(errors.Invalid):
        api.batch_path(text)


def test_retry_after_as_a_date_is_no_number() -> None:
    response = httpx.Response(
        503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, request=httpx.Request("GET", "http://x")
    )
    assert api.refused(response).retry_after is None


def test_nobody_waits_for_ever_because_an_answer_asks_for_it() -> None:
    response = httpx.Response(503, headers={"Retry-After": "9" * 400}, request=httpx.Request("GET", "http://x"))
    assert api.refused(response).retry_after == api.LONGEST_WAIT_SECONDS
