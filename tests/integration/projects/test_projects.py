"""/api/projects."""

import asyncio

import pytest

from tests.fixtures.app import Api
from tests.fixtures.problems import problem

NOT_FOUND = (404, "project-not-found", "You have no such project; list yours at /api/projects.")


async def test_a_project_is_made_and_read(api: Api):
    answer = await api.http.post("/api/projects", json={"name": "  Moving   to Lyon  "})
    assert answer.status_code == 201
    project = answer.json()
    assert project["name"] == "Moving to Lyon"
    assert set(project) == {"id", "name", "createdAt"}
    assert answer.headers["location"] == f"/api/projects/{project['id']}"
    assert (await api.http.get(answer.headers["location"])).json() == project


async def test_somebody_elses_project_is_not_there(api: Api, stranger: Api):
    project = await api.create_project()
    assert problem(await stranger.http.get(f"/api/projects/{project}")) == NOT_FOUND
    assert (await stranger.http.get("/api/projects")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({}, "invalid-request"),
        ({"name": ""}, "invalid-request"),
        ({"name": "x" * 201}, "invalid-request"),
        ({"name": " \t "}, "empty-name"),
        ({"name": "\u202e\u200d\u2066"}, "empty-name"),
        ({"name": "\u0958" * 101}, "invalid-request"),  # one character more than 200 once it is normalized
    ],
)
async def test_names_that_are_none(api: Api, body: dict[str, str], slug: str):
    assert problem(await api.http.post("/api/projects", json=body))[:2] == (400, slug)


@pytest.mark.parametrize("path", ["/api/projects", "/api/tokens"])
async def test_a_name_loses_what_turns_or_hides_its_text(api: Api, path: str):
    answer = await api.http.post(path, json={"name": " Lyon\u202e \u0000\r\n2026\u2066 👨\u200d👩\u200d👧 "})
    assert (answer.status_code, answer.json()["name"]) == (201, "Lyon 2026 👨\u200d👩\u200d👧")
    assert (await api.http.get(path)).json()["items"][0]["name"] == "Lyon 2026 👨\u200d👩\u200d👧"


async def test_the_list_goes_page_by_page(api: Api):
    made = [await api.create_project(f"Move {n}") for n in range(5)]
    seen: list[str] = []
    path = "/api/projects?limit=2"
    while path:
        page = (await api.http.get(path)).json()
        seen += [item["id"] for item in page["items"]]
        path = f"/api/projects?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == made[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "many"])
async def test_pages_that_are_too_small_or_too_large(api: Api, limit: str):
    assert problem(await api.http.get(f"/api/projects?limit={limit}"))[:2] == (400, "invalid-request")


async def test_twins_with_one_key_make_one_project(api: Api):
    headers = {"Idempotency-Key": "move-1"}
    twins = await asyncio.gather(
        *(api.http.post("/api/projects", json={"name": "Lyon"}, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in twins} == {201}
    assert len({answer.json()["id"] for answer in twins}) == 1
    assert len((await api.http.get("/api/projects")).json()["items"]) == 1


async def test_a_key_for_something_else_is_refused(api: Api, stranger: Api):
    headers = {"Idempotency-Key": "move-1"}
    await api.http.post("/api/projects", json={"name": "Lyon"}, headers=headers)
    answer = await api.http.post("/api/projects", json={"name": "Nice"}, headers=headers)
    assert problem(answer) == (
        409,
        "idempotency-key-reused",
        "This Idempotency-Key came with another request before; use a new key.",
    )
    assert (await stranger.http.post("/api/projects", json={"name": "Nice"}, headers=headers)).status_code == 201
