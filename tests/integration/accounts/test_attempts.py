"""The limit on attempts to sign in, with Valkey and without."""

from collections.abc import AsyncIterator

import pytest

from roomtally import errors
from roomtally.accounts.service.attempts import ALLOWED, WINDOW_SECONDS, SignInAttempts
from roomtally.db.valkey import open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.problems import problem


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
