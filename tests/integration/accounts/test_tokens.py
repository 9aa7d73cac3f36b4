"""API tokens: valid everywhere but where tokens are made."""

import asyncio

import httpx

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem

INVALID = (401, "invalid-token", "This API token is not valid (any more); make a new one.")


IN_USE = (
    409,
    "token-in-use",
    "This Idempotency-Key made a token that is in use, and its secret is shown once; use a new key for another.",
)


async def make(api: Api, name: str = "script") -> tuple[str, dict[str, str]]:
    answer = await api.http.post("/api/tokens", json={"name": name})
    assert answer.status_code == 201
    assert answer.json()["token"].startswith("rt_")
    return answer.json()["id"], {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_a_token_does_what_its_owner_may(api: Api, nobody: Api):
    _, bearer = await make(api)
    project = (await nobody.http.post("/api/projects", json={"name": "Lyon"}, headers=bearer)).json()["id"]
    upload = (await nobody.http.post("/api/uploads", content=JPEG, headers=bearer)).json()["uploadId"]
    body = {"projectId": project, "uploads": [upload]}
    batch = (await nobody.http.post("/api/batches", json=body, headers=bearer)).json()
    assert (await api.http.get(f"/api/batches/{batch['batchId']}")).json() == batch


async def test_a_token_makes_no_tokens(api: Api, nobody: Api):
    _, bearer = await make(api)
    answer = await nobody.http.post("/api/tokens", json={"name": "child"}, headers=bearer)
    assert problem(answer) == (403, "token-makes-no-tokens", "A token cannot make tokens; sign in with a browser.")


async def test_a_token_is_not_signed_out(api: Api, nobody: Api):
    """Nor is the session beside it: the token counts, and the cookie stays."""
    _, bearer = await make(api)
    for who in (nobody, api):
        answer = await who.http.delete("/api/sessions/current", headers=bearer)
        assert problem(answer)[:2] == (403, "token-has-no-session")
        assert "set-cookie" not in answer.headers
    assert (await api.http.get("/api/sessions/current")).status_code == 200


async def test_the_list_tells_no_secret(api: Api, stranger: Api):
    first, bearer = await make(api, "first")
    second, _ = await make(api, "second")
    await api.http.get("/api/projects", headers=bearer)
    items = (await api.http.get("/api/tokens")).json()["items"]
    assert [(item["id"], item["name"]) for item in items] == [(second, "second"), (first, "first")]
    assert items[0]["lastUsedAt"] is None
    assert items[1]["lastUsedAt"] is not None
    assert all(set(item) == {"id", "name", "createdAt", "lastUsedAt"} for item in items)
    assert (await stranger.http.get("/api/tokens")).json()["items"] == []


async def test_the_use_is_noted_once_a_minute(api: Api):
    token_id, bearer = await make(api)
    await api.http.get("/api/projects", headers=bearer)
    before = await api.ask("SELECT last_used_at FROM api_tokens WHERE id = %s", token_id)
    await api.http.get("/api/projects", headers=bearer)
    assert await api.ask("SELECT last_used_at FROM api_tokens WHERE id = %s", token_id) == before


async def test_a_withdrawn_token_is_out_at_once(api: Api, nobody: Api, stranger: Api):
    token_id, bearer = await make(api)
    gone = (404, "token-not-found", "You have no such token.")
    assert problem(await stranger.http.delete(f"/api/tokens/{token_id}")) == gone
    assert (await api.http.delete(f"/api/tokens/{token_id}")).status_code == 204
    assert problem(await nobody.http.get("/api/projects", headers=bearer)) == INVALID
    assert problem(await api.http.delete(f"/api/tokens/{token_id}")) == gone


async def test_bearers_that_are_none(api: Api, nobody: Api):
    malformed = (401, "invalid-token", "Send the token as 'Authorization: Bearer rt_...'.")
    for header, expected in {
        "Bearer rt_forged": INVALID,
        "Bearer something": malformed,
        "Bearer": malformed,
        "Basic cnRfOng=": malformed,
    }.items():
        assert problem(await nobody.http.get("/api/projects", headers={"Authorization": header})) == expected
    # a bearer that is no good is not saved by a good cookie
    assert problem(await api.http.get("/api/projects", headers={"Authorization": "Bearer rt_forged"})) == INVALID


# --- the same request sent again


async def make_with_key(api: Api, key: str = "laptop-1", name: str = "laptop") -> httpx.Response:
    return await api.http.post("/api/tokens", json={"name": name}, headers={"Idempotency-Key": key})


def bearer_of(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_a_repeat_is_the_same_token_with_a_secret_that_arrives(api: Api, nobody: Api):
    first, again = await make_with_key(api), await make_with_key(api)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert [item["id"] for item in (await api.http.get("/api/tokens")).json()["items"]] == [first.json()["id"]]
    assert (await nobody.http.get("/api/projects", headers=bearer_of(again))).status_code == 200
    assert problem(await nobody.http.get("/api/projects", headers=bearer_of(first))) == INVALID


async def test_a_repeat_takes_no_secret_from_a_token_that_is_used(api: Api, nobody: Api):
    first = await make_with_key(api)
    await nobody.http.get("/api/projects", headers=bearer_of(first))
    again = await make_with_key(api)
    assert problem(again) == IN_USE
    assert again.json()["tokenId"] == first.json()["id"]
    assert (await nobody.http.get("/api/projects", headers=bearer_of(first))).status_code == 200


async def test_a_repeat_brings_no_withdrawn_token_back(api: Api):
    first = await make_with_key(api)
    await api.http.delete(f"/api/tokens/{first.json()['id']}")
    assert problem(await make_with_key(api)) == (404, "token-not-found", "You have no such token.")
    assert (await api.http.get("/api/tokens")).json()["items"] == []


async def test_twins_with_one_key_make_one_token(api: Api, nobody: Api):
    twins = await asyncio.gather(*(make_with_key(api) for _ in range(5)))
    assert {answer.status_code for answer in twins} == {201}
    assert len({answer.json()["id"] for answer in twins}) == 1
    tried = [await nobody.http.get("/api/projects", headers=bearer_of(answer)) for answer in twins]
    assert sorted(answer.status_code for answer in tried) == [200, 401, 401, 401, 401]


async def test_a_key_of_another_request_makes_no_token(api: Api, stranger: Api):
    await make_with_key(api)
    assert problem(await make_with_key(api, name="desktop"))[:2] == (409, "idempotency-key-reused")
    await api.http.post("/api/projects", json={"name": "laptop"}, headers={"Idempotency-Key": "move-1"})
    assert problem(await make_with_key(api, key="move-1"))[:2] == (409, "idempotency-key-reused")
    assert (await make_with_key(stranger)).status_code == 201


async def test_without_a_key_each_request_makes_a_token(api: Api):
    assert (await make(api))[0] != (await make(api))[0]
