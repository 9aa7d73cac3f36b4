"""Each page for everybody: on a phone and on a desk, light and dark, in both languages, for those who do not see it."""

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import expect

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from tests.browser.conftest import OpenTab
from tests.fixtures.app import JPEG
from tests.fixtures.batches import Batch, result
from tests.fixtures.place import Owner, Place

PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1440, "height": 900}}
READY = {"running": "live", "finished": "ended"}
HOSTILE = "<img src=x onerror=\"document.title='taken'\">" + "é" * 240 + ".jpg"
ITEMS = (FoundItem(label="bed", count=1, litres=1600), FoundItem(label="chair", count=2, litres=200))


@pytest.fixture
async def running(stage: Place, owner: Owner) -> Batch:
    """One photo in each state."""
    batch = await stage.world.batch(owner, 4)
    claimed = await batch.claim(0)
    assert await service.finish_photo(batch.world.context, claimed, result(*ITEMS))
    await batch.fail(1)
    await batch.claim(2)
    return batch


@pytest.fixture
async def finished(stage: Place, owner: Owner) -> Batch:
    batch = await stage.world.batch(owner, 2)
    claimed = await batch.claim(0)
    assert await service.finish_photo(batch.world.context, claimed, result(*ITEMS))
    await batch.fail(1)
    return batch


@pytest.fixture
def pages(running: Batch, finished: Batch, owner: Owner) -> dict[str, str]:
    return {
        "home": "/",
        "running": f"/batches/{running.id}",
        "finished": f"/batches/{finished.id}",
        "project": f"/projects/{owner.project}",
        "nowhere": "/batches/0b6b2a5e-0000-4000-8000-000000000000",
        "unknown": "/nonsense",
        "login": "/login",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_no_page_is_wider_than_its_window_and_axe_finds_nothing(
    pages: dict[str, str], open_tab: OpenTab, size: str, scheme: str
):
    device = PHONE if size == "phone" else DESK
    tab = await open_tab("/", color_scheme=scheme, reduced_motion="reduce", **device)
    for name, path in pages.items():
        await tab.open(path)
        await expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
        if name in READY:
            await expect(tab.live(READY[name])).to_be_visible()
        await tab.shot(f"{name}-{size}-{scheme}")
        assert await tab.overflow() <= 0, name
        assert await tab.violations() == [], name


@pytest.mark.parametrize(
    ("locale", "word", "language"),
    [("fr-FR", "Temps réel actif", "fr"), ("en-GB", "Live", "en"), ("de-DE", "Live", "en")],
)
async def test_the_page_speaks_the_language_of_the_browser(
    running: Batch, open_tab: OpenTab, locale: str, word: str, language: str
):
    tab = await open_tab(f"/batches/{running.id}", locale=locale)
    await expect(tab.live()).to_have_text(word)
    await expect(tab.page.locator("html")).to_have_attribute("lang", language)
    await tab.shot(f"language-{locale}")


async def test_the_language_can_be_switched_and_stays(running: Batch, open_tab: OpenTab):
    tab = await open_tab(f"/batches/{running.id}")
    await tab.page.get_by_text("FR", exact=True).click()
    await expect(tab.live()).to_have_text("Temps réel actif")
    await tab.page.reload()
    await expect(tab.live()).to_have_text("Temps réel actif")


async def test_a_name_of_300_characters_with_markup_is_text(stage: Place, owner: Owner, open_tab: OpenTab):
    async with httpx.AsyncClient(base_url=stage.webs[0].url, headers=owner.bearer) as http:
        answer = await http.post("/api/uploads", content=JPEG, headers={"X-Filename": quote(HOSTILE)})
        body = {"projectId": str(owner.project), "uploads": [answer.json()["uploadId"]]}
        batch = (await http.post("/api/batches", json=body)).json()
    assert batch["photos"][0]["filename"].startswith("<img src=x")
    tab = await open_tab(f"/batches/{batch['batchId']}", **PHONE)
    await expect(tab.live()).to_be_visible()
    await expect(tab.page.get_by_text("<img src=x").first).to_be_visible()
    assert "taken" not in await tab.page.title()
    assert await tab.page.locator("img[src=x]").count() == 0
    assert await tab.overflow() <= 0


async def test_who_is_not_signed_in_signs_in_and_comes_back(running: Batch, open_tab: OpenTab):
    tab = await open_tab(f"/batches/{running.id}", fresh=True, signed_in=False)
    await expect(tab.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert f"next=%2Fbatches%2F{running.id}" in tab.page.url
    await tab.page.get_by_label("Email address").fill("nobody@example.org")
    await tab.page.get_by_label("Password", exact=True).fill("wrong password")
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page.get_by_text("Wrong address or password.")).to_be_visible()
    await tab.shot("login-wrong")


@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_operators_are_led_to_their_page_and_nobody_else(
    stage: Place, owner: Owner, running: Batch, open_tab: OpenTab, size: str
):
    device = PHONE if size == "phone" else DESK
    tab = await open_tab("/", **device)
    account = tab.page.get_by_role("button", name=re.compile("^Account .+"))
    await account.click()
    await expect(tab.page.get_by_role("menuitem")).to_have_text(["Sign out"])
    await expect(tab.page.get_by_text("Open streams")).to_have_count(0)
    async with stage.world.pool.connection() as conn:
        await conn.execute("UPDATE users SET role = 'operator' WHERE id = %s", [owner.user])
    await tab.page.reload()
    await account.click()
    await expect(tab.page.get_by_role("menuitem")).to_have_text(["Open streams", "Sign out"])
    await tab.shot(f"operator-{size}")
    assert await tab.violations() == []
    if size == "desk":
        await tab.page.get_by_role("link", name="Open streams").click()
    else:
        await tab.page.get_by_role("menuitem", name="Open streams").click()
    await expect(tab.page.get_by_role("heading", name="Open streams")).to_be_visible()
