"""The page in a real Chromium, on real processes. Whatever the browser complains of fails the test."""

import json
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, FilePayload, Page, Request, async_playwright

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import WebProcess
from tests.fixtures.place import Owner, Place, place
from tests.fixtures.tools import need

AXE = Path(__file__).parents[2] / "src" / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--no-sandbox",  # tests run as root
    *("--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# What a browser says of answers that the page expects and explains.
EXPECTED = re.compile(
    r"Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_INTERNET_DISCONNECTED"
)
PICKER = '[data-picker="files"]'
PATIENCE_MS = 10_000
ENDED = """Promise.allSettled(document.getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().iterations !== Infinity)
    .map((animation) => animation.finished))"""


class Tab:
    """One page of a browser, and what it has asked the network for."""

    def __init__(self, page: Page, web: WebProcess, screenshots: Path) -> None:
        self.page, self.web, self._screenshots = page, web, screenshots
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: self._complain(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._ask)

    def _ask(self, request: Request) -> None:
        self.requests.append(request)

    def _complain(self, text: str) -> None:
        if not EXPECTED.search(text):
            self.complaints.append(text)

    async def open(self, path: str) -> "Tab":
        await self.page.goto(self.web.url + path)
        return self

    def live(self, phase: str = "live") -> Any:
        """The live indicator while the line is in this phase."""
        return self.page.locator(f'[data-live="{phase}"]')

    async def shot(self, name: str) -> None:
        await self.page.screenshot(path=self._screenshots / f"{name}.png", full_page=True)

    async def violations(self) -> list[str]:
        """What axe-core finds, in a few words each. Motion is over by then: half faded text has half its contrast."""
        await self.page.evaluate(ENDED)
        await self.page.evaluate(AXE.read_text("utf-8"))
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['html'][:200]} {json.dumps(node['any'][:1])[:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def asked(self) -> list[str]:
        """Requests by script, without those for pictures."""
        return [
            f"{request.method} {request.url.removeprefix(self.web.url)}"
            for request in self.requests
            if request.resource_type in {"fetch", "xhr", "eventsource", "ping"}
        ]


OpenTab = Callable[..., Awaitable[Tab]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    need("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept by pytest for the last three runs; `-rP` shows nothing of them, look into the folder."""
    return tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="session")
async def stage(
    postgres_server: EmbeddedPostgres,
    database_template: str,
    shared_valkey: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Place]:
    """A web process without workers: what happens to a photo is what the test makes happen."""
    folder = tmp_path_factory.mktemp("browser")
    async with place(postgres_server, database_template, shared_valkey, folder) as made:
        made.start()
        yield made


@pytest.fixture
async def owner(stage: Place) -> Owner:
    return await stage.owner()


@pytest.fixture
def photos(demo_photos: list[bytes]) -> list[FilePayload]:
    """Four, as a file dialog hands them over."""
    names = [f"room {n}.jpg" for n in range(1, 5)]
    return [
        {"name": name, "mimeType": "image/jpeg", "buffer": body}
        for name, body in zip(names, demo_photos[:4], strict=True)
    ]


@pytest.fixture
async def contexts() -> AsyncIterator[list[BrowserContext]]:
    made: list[BrowserContext] = []
    yield made
    for context in made:
        await context.close()


@pytest.fixture
async def open_tab(
    chromium: Browser, stage: Place, owner: Owner, contexts: list[BrowserContext], screenshots: Path
) -> AsyncIterator[OpenTab]:
    """`await open_tab(path)`: in the browser that the owner is signed in with. `fresh`: in another one, with these options."""
    tabs: list[Tab] = []

    async def open_(
        path: str, *, web: WebProcess | None = None, fresh: bool = False, signed_in: bool = True, **options: Any
    ) -> Tab:
        web = web or stage.webs[0]
        if fresh or not contexts or options:
            chosen: dict[str, Any] = {"locale": "en-GB", **options}
            context = await chromium.new_context(**chosen)
            if signed_in:
                await context.add_cookies([{"name": "roomtally_session", "value": owner.session, "url": web.url}])
            contexts.append(context)
        tab = Tab(await contexts[-1].new_page(), web, screenshots)
        tabs.append(tab)
        return await tab.open(path)

    yield open_
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
