"""The plain pages: who may see them, what they show first, and that nothing in a name becomes code."""

from html.parser import HTMLParser
from importlib import resources
from typing import Any

import httpx
import pytest

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from roomtally.batches.routes import pages
from tests.fixtures.app import JPEG, Api
from tests.fixtures.batches import result
from tests.fixtures.place import Place

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;.jpg"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;amp;.jpg"
HEADER_NAME = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22%27%26amp%3B.jpg"
UNKNOWN = "/batches/0b6b2a5e-0000-4000-8000-000000000000"


async def batch_of(api: Api, filename: str, project: str = "Rue des Lilas") -> dict[str, Any]:
    upload = await api.upload(JPEG, filename)
    body = {"projectId": await api.create_project(project), "uploads": [upload]}
    return (await api.http.post("/api/batches", json=body)).json()


class Inline(HTMLParser):
    """Collects what a strict policy refuses: scripts and styles that are not files, handlers in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]


def is_strict(page: httpx.Response) -> bool:
    policy = page.headers["content-security-policy"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    parser = Inline()
    parser.feed(page.text)
    assert parser.found == []
    return True


@pytest.mark.parametrize("path", ["/", UNKNOWN, "/batches/nonsense"])
async def test_a_signed_out_visitor_is_sent_to_sign_in_and_back(nobody: Api, path: str):
    answer = await nobody.http.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path.replace('/', '%2F')}")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (UNKNOWN, UNKNOWN),
        ("/", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/batches//evil.example", "/"),
        ("/batches/../api/sessions", "/"),
        ("/batches/\\evil", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
async def test_signing_in_leads_to_pages_of_ours_only(nobody: Api, wanted: str, given: str):
    page = await nobody.http.get("/login", params={"next": wanted})
    assert page.status_code == 200
    assert is_strict(page)
    assert f'data-next="{given}"' in page.text


async def test_the_page_of_a_batch_shows_its_state_before_any_script_runs(api: Api):
    batch = await batch_of(api, "salon.jpg")
    page = await api.http.get(f"/batches/{batch['batchId']}")
    assert page.status_code == 200
    assert is_strict(page)
    assert page.headers["cache-control"] == "no-store"
    for shown in (
        '<h1 id="title">Rue des Lilas</h1>',
        "salon.jpg",
        "Waiting",
        "Queued",
        "0/1 photos",
        'aria-valuenow="0"',
        f'data-event="{batch["eventId"]}"',
    ):
        assert shown in page.text
    assert "data-finished" not in page.text


async def test_the_page_of_a_batch_says_which_items_were_found(unlimited: Place):
    owner = await unlimited.owner()
    batch = await unlimited.world.batch(owner, 2)
    bed = FoundItem(label="bed", count=1, litres=1500)
    chairs, proposed = (
        FoundItem(label="chair", count=2, litres=200),
        FoundItem(label="nightstand", count=1, litres=100, proposed=True),
    )
    for position, items in ((0, (bed, proposed)), (1, (chairs,))):
        claimed = await batch.claim(position)
        assert await service.finish_photo(batch.world.context, claimed, result(*items, room="bedroom"))
    async with httpx.AsyncClient(base_url=unlimited.start().url, headers=owner.cookie) as http:
        page = await http.get(f"/batches/{batch.id}")
    assert page.status_code == 200
    assert is_strict(page)
    for shown in (
        '<p class="photo__things">double bed, nightstand (proposed)</p>',
        '<p class="photo__things">2 × chair</p>',
        '<li><span>double bed</span><span class="num">1.50 m³</span></li>',
        '<li><span>2 × chair</span><span class="num">0.40 m³</span></li>',
        "nightstand (proposed)</span>",
        "4 items",
        "Up to date",
        "At least",
    ):
        assert shown in page.text, shown


async def test_a_browser_gets_a_page_where_there_is_nothing_and_a_script_a_problem(nobody: Api):
    page = await nobody.http.get("/nonsense", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 404
    assert is_strict(page)
    assert "There is nothing here" in page.text
    for accept in ("*/*", "application/json"):
        answer = await nobody.http.get("/nonsense", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_name_with_markup_is_text(api: Api):
    batch = await batch_of(api, HEADER_NAME, HOSTILE)
    assert batch["photos"][0]["filename"] == HOSTILE
    for path in (f"/batches/{batch['batchId']}", "/"):
        page = await api.http.get(path)
        assert is_strict(page)
        assert ESCAPED in page.text
        assert "<img src=x" not in page.text


async def test_the_list_shows_what_is_mine(api: Api, stranger: Api):
    mine, theirs = await batch_of(api, "a.jpg"), await batch_of(stranger, "b.jpg")
    page = await api.http.get("/")
    assert page.status_code == 200
    assert mine["batchId"] in page.text
    assert theirs["batchId"] not in page.text
    assert "Rue des Lilas" in page.text


async def test_who_has_nothing_yet_is_told_how_to_begin(api: Api):
    page = await api.http.get("/")
    assert is_strict(page)
    assert "Your first move" in page.text


async def test_someone_elses_batch_and_none_at_all_look_the_same(api: Api, stranger: Api):
    theirs = f"/batches/{(await batch_of(stranger, 'b.jpg'))['batchId']}"
    texts: set[str] = set()
    for path in (theirs, UNKNOWN, "/batches/nonsense"):
        page = await api.http.get(path)
        assert page.status_code == 404
        assert is_strict(page)
        texts.add(page.text)
    assert len(texts) == 1
    assert "does not exist, or is not yours" in texts.pop()


async def test_each_file_of_the_pages_is_served_and_nothing_else(nobody: Api):
    folder = resources.files(pages.PACKAGE) / pages.FOLDER
    assert {file.name for file in folder.iterdir() if not file.name.endswith(".html")} == set(pages.ASSETS)
    for name, media_type in pages.ASSETS.items():
        answer = await nobody.http.get(f"/plain/{name}")
        assert (answer.status_code, answer.content) == (200, (folder / name).read_bytes())
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("base.html", "..%2Fpages.py", "nothing.js"):
        assert (await nobody.http.get(f"/plain/{name}")).status_code == 404


def test_script_and_server_use_the_same_words():
    script = (resources.files(pages.PACKAGE) / pages.FOLDER / "batch.js").read_text()
    for status, word in (pages.BATCH_WORDS | pages.PHOTO_WORDS).items():
        assert f'{status}: "{word}"' in script
