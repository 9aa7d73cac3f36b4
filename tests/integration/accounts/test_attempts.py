"""The limit on attempts to sign in, with Valkey and without."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from roomtally import errors
from roomtally.accounts.service.attempts import ALLOWED, ALLOWED_FROM_ADDRESS, WINDOW_SECONDS, SignInAttempts
from roomtally.db.valkey import open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.problems import problem
from tests.fixtures.waiting import until


@pytest.fixture
async def attempts(valkey_server: EmbeddedValkey) -> AsyncIterator[SignInAttempts]:
    async with open_valkey(valkey_server.url) as client:
        yield SignInAttempts(client)


async def try_often(attempts: SignInAttempts, email: str = "a@example.org", address: str = "192.0.2.1") -> None:
    for _ in range(ALLOWED):
        await attempts.count(email, address)


async def test_the_eleventh_attempt_must_wait(attempts: SignInAttempts):
    await try_often(attempts)
    with pytest.raises(errors.TooMany) as refused:
        await attempts.count("a@example.org", "192.0.2.1")
    assert 0 < refused.value.retry_after <= WINDOW_SECONDS
    await attempts.count("b@example.org", "192.0.2.1")
    await attempts.count("a@example.org", "192.0.2.2")


async def test_whoever_knew_the_password_begins_anew(attempts: SignInAttempts):
    await try_often(attempts)
    await attempts.forget("a@example.org", "192.0.2.1")
    await try_often(attempts)


async def test_without_valkey_the_process_counts_alone(attempts: SignInAttempts, valkey_server: EmbeddedValkey):
    valkey_server.kill()
    await try_often(attempts)
    with pytest.raises(errors.TooMany):
        await attempts.count("a@example.org", "192.0.2.1")
    await attempts.forget("a@example.org", "192.0.2.1")
    await try_often(attempts)


async def test_over_http_it_is_429_with_the_seconds_to_wait(nobody: Api):
    email = await nobody.add_user()
    for _ in range(ALLOWED):
        await nobody.http.post("/api/sessions", json={"email": email, "password": "wrong"})
    answer = await nobody.http.post("/api/sessions", json={"email": email, "password": PASSWORD})
    assert problem(answer)[:2] == (429, "too-many-sign-ins")
    seconds = int(answer.headers["retry-after"])
    assert 0 < seconds <= WINDOW_SECONDS
    assert answer.json()["retryAfter"] == seconds
    assert str(seconds) in answer.json()["detail"]


# --- one address, many accounts


async def try_many_accounts(attempts: SignInAttempts, address: str) -> None:
    for n in range(ALLOWED_FROM_ADDRESS):
        await attempts.count(f"{n}@example.org", address)


@pytest.mark.parametrize("valkey", ["there", "gone"])
async def test_one_address_tries_a_hundred_accounts_and_no_more(
    attempts: SignInAttempts, valkey_server: EmbeddedValkey, valkey: str
):
    if valkey == "gone":
        valkey_server.kill()
    await try_many_accounts(attempts, "192.0.2.1")
    with pytest.raises(errors.TooMany) as refused:
        await attempts.count("another@example.org", "192.0.2.1")
    assert 0 < refused.value.retry_after <= WINDOW_SECONDS
    await attempts.count("another@example.org", "192.0.2.2")


@pytest.mark.parametrize("valkey", ["there", "gone"])
async def test_who_knows_the_password_costs_the_address_nothing(
    attempts: SignInAttempts, valkey_server: EmbeddedValkey, valkey: str
):
    if valkey == "gone":
        valkey_server.kill()
    for n in range(ALLOWED_FROM_ADDRESS + 1):
        await attempts.count(f"{n}@example.org", "192.0.2.1")
        await attempts.forget(f"{n}@example.org", "192.0.2.1")


async def test_a_flood_leaves_no_keys_of_accounts_and_none_without_an_end(
    attempts: SignInAttempts, valkey_server: EmbeddedValkey
):
    await try_many_accounts(attempts, "192.0.2.1")
    async with open_valkey(valkey_server.url) as client:
        before = await client.dbsize()
        with pytest.raises(errors.TooMany):
            await attempts.count("another@example.org", "192.0.2.1")
        assert await client.dbsize() == before
        await client.flushall()  # as when the window ends between an attempt and its success
        await attempts.forget("1@example.org", "192.0.2.1")
        assert [await client.ttl(key) > 0 for key in await client.keys()] == [True]


async def test_a_flood_from_one_address_keeps_nobody_else_out(nobody: Api):
    """Sixty attempts at once would fill the line, and none of them is at an account that has been tried before."""
    email = await nobody.add_user()

    async def sign_in(email: str, password: str, address: str) -> httpx.Response:
        body = {"email": email, "password": password}
        return await nobody.http.post("/api/sessions", json=body, headers={"X-Forwarded-For": address})

    waiting_before = limited(nobody)
    flood = asyncio.gather(*(sign_in(f"{n}@flood.example", "guess", "198.51.100.7") for n in range(60)))
    await until(lambda: limited(nobody) > waiting_before or flood.done())
    assert (await sign_in(email, PASSWORD, "198.51.100.8")).status_code == 201
    refused = [answer for answer in await flood if answer.status_code != 401]
    assert {problem(answer)[:2] for answer in refused} == {(429, "too-many-sign-ins")}
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}


def limited(api: Api) -> float:
    return api.web.metric('roomtally_sign_ins_total{outcome="limited"}')
