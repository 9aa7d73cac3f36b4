"""Signing in and out, cookies, requests from other sites."""

import asyncio
from statistics import median
from time import perf_counter

import pytest

from roomtally import errors
from roomtally.accounts.service import sessions
from roomtally.accounts.service.attempts import ALLOWED, SignInAttempts
from roomtally.accounts.service.line import OF_ONE_ADDRESS
from roomtally.accounts.service.passwords import Passwords
from roomtally.db.pool import Pool, create_pool
from roomtally.db.valkey import open_valkey
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.problems import problem

WRONG = (401, "wrong-credentials", "No account has this email address and password.")
ENDED = (401, "session-ended", "Your session has ended; sign in again.")


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read(nobody: Api):
    email = await nobody.add_user()
    answer = await nobody.http.post("/api/sessions", json={"email": f"  {email.upper()} ", "password": PASSWORD})
    assert answer.status_code == 201
    assert answer.json()["email"] == email
    assert answer.json()["role"] == "user"
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("roomtally_session=")
    assert len(name.partition("=")[2]) >= 43  # 256 bits
    assert {"HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={30 * 86400}"} <= set(attributes)
    assert "Secure" not in attributes  # plain http to a loopback name
    assert (await nobody.http.get("/api/sessions/current")).json() == answer.json()


@pytest.mark.parametrize("host", ["moves.example.org", "192.0.2.1:8000", "localhost.example.org", "["])
async def test_the_cookie_is_secure_wherever_it_could_leave_the_machine(nobody: Api, host: str):
    email = await nobody.add_user()
    body, headers = {"email": email, "password": PASSWORD}, {"Host": host}
    answer = await nobody.http.post("/api/sessions", json=body, headers=headers)
    assert "; Secure" in answer.headers["set-cookie"]


async def test_the_database_knows_no_secret(nobody: Api):
    await nobody.sign_in()
    secret = nobody.http.cookies["roomtally_session"]
    rows = await nobody.ask("SELECT token_hash FROM sessions")
    assert all(secret.encode() not in row[0] for row in rows)


async def test_a_wrong_password_and_an_unknown_address_look_the_same(nobody: Api):
    email = await nobody.add_user()
    for body in ({"email": email, "password": "wrong"}, {"email": "nobody@example.org", "password": PASSWORD}):
        answer = await nobody.http.post("/api/sessions", json=body)
        assert problem(answer) == WRONG
        assert "set-cookie" not in answer.headers


async def test_an_unknown_address_takes_as_long_as_a_known_one():
    passwords = Passwords()
    known = await passwords.hash(PASSWORD)

    async def seconds(password_hash: str | None) -> float:
        started = perf_counter()
        assert not await passwords.verify(password_hash, "something else")
        return perf_counter() - started

    times = [(await seconds(known), await seconds(None)) for _ in range(7)]
    passwords.close()
    assert 0.5 < median(a for a, _ in times) / median(b for _, b in times) < 2


async def test_who_finds_no_place_in_the_line_has_not_tried(pool: Pool):
    """Sixteen hashes of one address are on their way; the next is refused before anything is asked or counted."""
    passwords = Passwords()
    async with open_valkey("redis://127.0.0.1:1") as nowhere:
        attempts = SignInAttempts(nowhere)
        accounts = sessions.Accounts(pool, passwords, attempts, 30)
        waiting = [
            asyncio.create_task(accounts.sign_in(f"{n}@example.org", "guess", "192.0.2.1"))
            for n in range(OF_ONE_ADDRESS)
        ]
        await asyncio.sleep(0)  # each task has come to its first wait
        for _ in range(ALLOWED + 1):
            with pytest.raises(errors.TooMany, match="at once"):
                await accounts.sign_in("a@example.org", PASSWORD, "192.0.2.1")
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {errors.Unauthorized}
        with pytest.raises(errors.Unauthorized):
            await accounts.sign_in("a@example.org", PASSWORD, "192.0.2.1")
    passwords.close()


async def test_signing_out_ends_the_session(api: Api):
    cookie = api.http.cookies["roomtally_session"]
    answer = await api.http.delete("/api/sessions/current")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    headers = {"Cookie": f"roomtally_session={cookie}"}
    assert problem(await api.http.get("/api/sessions/current", headers=headers)) == ENDED


async def test_a_bad_cookie(nobody: Api):
    for cookie in ("forged", "", "x" * 3000, "a=b; roomtally_session=zzz"):
        answer = await nobody.http.get("/api/projects", headers={"Cookie": f"roomtally_session={cookie}"})
        expected = ENDED if cookie else (401, "not-signed-in", "Sign in first, or send an API token as a bearer.")
        assert problem(answer) == expected


async def test_an_expired_session(api: Api):
    await api.expire_sessions()
    assert problem(await api.http.get("/api/projects")) == ENDED


async def test_a_deleted_user_is_out_at_once(api: Api):
    await api.ask("UPDATE users SET deleted_at = now() WHERE email = %s RETURNING 1", api.email)
    assert problem(await api.http.get("/api/projects")) == ENDED
    body = {"email": api.email, "password": PASSWORD}
    assert problem(await api.http.post("/api/sessions", json=body)) == WRONG


async def test_the_purge_forgets_sessions_and_tickets_whose_time_is_over(api: Api):
    await api.http.post("/api/stream-tickets")
    await api.http.post("/api/stream-tickets")
    [(session,)] = await api.ask(
        "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = %s", api.email
    )
    await api.ask(
        """UPDATE stream_tickets SET expires_at = now() WHERE ctid =
           (SELECT min(ctid) FROM stream_tickets WHERE credential_id = %s) RETURNING 1""",
        session,
    )
    async with create_pool(api.web.settings.database_url, 1) as pool:
        await sessions.purge_expired(pool, 10_000)
        assert await api.ask("SELECT count(*) FROM stream_tickets WHERE credential_id = %s", session) == [(1,)]
        assert (await api.http.get("/api/sessions/current")).status_code == 200
        await api.expire_sessions()
        await sessions.purge_expired(pool, 10_000)
    assert await api.ask("SELECT count(*) FROM sessions WHERE id = %s", session) == [(0,)]


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@b.c"}, {"email": "", "password": "x"}, {"email": "a@b.c", "password": ""}]
)
async def test_a_sign_in_that_lacks_something(nobody: Api, body: dict[str, str]):
    answer = await nobody.http.post("/api/sessions", json=body)
    assert problem(answer)[:2] == (400, "invalid-request")
    assert {error["source"] for error in answer.json()["errors"]} == {"body"}


FOREIGN = (403, "foreign-origin", "This request came from another site's page; open Roomtally itself.")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_sites_page_changes_nothing(api: Api, headers: dict[str, str]):
    assert problem(await api.http.post("/api/projects", json={"name": "Mine"}, headers=headers)) == FOREIGN
    assert (await api.http.get("/api/projects", headers=headers)).json()["items"] == []


async def test_our_own_page_and_scripts_may(api: Api):
    own = {"Origin": api.web.url, "Sec-Fetch-Site": "same-origin"}
    for headers in (own, {"Origin": api.web.url}, {}):
        answer = await api.http.post("/api/projects", json={"name": "Mine"}, headers=headers)
        assert answer.status_code == 201


async def test_a_bearer_from_another_page_may(api: Api, nobody: Api):
    token = (await api.http.post("/api/tokens", json={"name": "page"})).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://tool.example", "Sec-Fetch-Site": "cross-site"}
    assert (await nobody.http.post("/api/projects", json={"name": "x"}, headers=headers)).status_code == 201
