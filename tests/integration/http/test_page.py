"""The page: where it is served, what may be kept of it, and that nothing in it asks more than the policy allows."""

import gzip
import re
from html.parser import HTMLParser
from importlib import resources

import httpx
import pytest

from roomtally.http import page
from tests.fixtures.app import Api

ADDRESSES = (
    "/",
    "/login",
    "/batches/0b6b2a5e-0000-4000-8000-000000000000",
    "/projects/0b6b2a5e-0000-4000-8000-000000000000",
)
MADE = resources.files(page.PACKAGE) / page.FOLDER
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class Inline(HTMLParser):
    """Collects what a strict policy refuses: scripts and styles that are not files, handlers in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in given):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]


def assert_strict(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    parser = Inline()
    parser.feed(answer.text)
    assert parser.found == []


@pytest.mark.parametrize("address", ADDRESSES)
async def test_each_address_of_the_page_is_the_same_document_for_everybody(nobody: Api, api: Api, address: str):
    for who in (nobody, api):
        answer = await who.http.get(address)
        assert answer.status_code == 200
        assert answer.content == (MADE / "index.html").read_bytes()
        assert answer.headers["cache-control"] == "no-cache"
        assert_strict(answer)


async def test_the_document_is_sent_again_only_where_it_has_changed(nobody: Api):
    etag = (await nobody.http.get("/")).headers["etag"]
    again = await nobody.http.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await nobody.http.get("/", headers={"If-None-Match": '"another"'})).status_code == 200


async def test_whatever_the_document_names_is_there_and_kept_for_ever(nobody: Api):
    named = re.findall(r'(?:src|href)="(/[^"]+)"', (await nobody.http.get("/")).text)
    assert {name.rpartition(".")[2] for name in named} == {"js", "css", "svg"}
    for name in named:
        answer = await nobody.http.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_each_file_is_served_as_what_it_is(nobody: Api):
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    for file in (MADE / "assets").iterdir():
        answer = await nobody.http.get(f"/assets/{file.name}")
        assert (answer.status_code, answer.content) == (200, file.read_bytes())
        assert answer.headers["content-type"].partition(";")[0] == types[file.name.rpartition(".")[2]]


async def test_who_takes_gzip_gets_it_and_the_script_is_below_its_limit(nobody: Api):
    scripts = 0
    for file in (MADE / "assets").iterdir():
        if not file.name.endswith(".js"):
            continue
        async with nobody.http.stream("GET", f"/assets/{file.name}", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            body = b"".join([part async for part in answer.aiter_raw()])
        assert gzip.decompress(body) == file.read_bytes()
        plain = await nobody.http.get(f"/assets/{file.name}", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        scripts += len(body)
    assert 0 < scripts < 120 * 1024


@pytest.mark.parametrize("name", ["index.html", "nothing-12345678.js", "..%2Findex.html", ".made-from", "%2e%2e"])
async def test_nothing_else_is_served(nobody: Api, name: str):
    answer = await nobody.http.get(f"/assets/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("address", ["/nonsense", "/batches/nonsense", "/projects/1/2"])
async def test_where_there_is_nothing_a_browser_gets_the_page_and_a_script_a_problem(nobody: Api, address: str):
    answer = await nobody.http.get(address, headers=BROWSER)
    assert answer.status_code == 404
    assert_strict(answer)
    for accept in ("*/*", "application/json"):
        answer = await nobody.http.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
