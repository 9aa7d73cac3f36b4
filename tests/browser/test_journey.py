"""The main job as a person does it: sign in, name a move, choose photos, watch, read the inventory. Workers look at the photos."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.browser.conftest import PICKER, Tab
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.house import House


@pytest.fixture
async def tab(running_house: House, chromium: Browser, screenshots: Path) -> AsyncIterator[Tab]:
    """Signed in, as a person who has nothing yet."""
    assert running_house.web
    async with Api(running_house.web) as api:
        email = await api.add_user()
    context = await chromium.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    tab = Tab(await context.new_page(), running_house.web, screenshots)
    await tab.open("/login")
    await tab.page.get_by_label("Email address").fill(email)
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page.get_by_role("heading", name="Your moves")).to_be_visible()
    yield tab
    assert tab.complaints == []
    await context.close()


async def test_photos_become_an_inventory_under_the_eyes_of_a_person(tab: Tab, photos: list[FilePayload]):
    page = tab.page
    await page.get_by_role("button", name="New move").first.click()
    await page.get_by_label("Name of the move").fill("Rue des Lilas")
    await page.get_by_role("button", name="Create").click()
    await page.locator(PICKER).set_input_files(photos)
    await expect(page.get_by_text("4 of 4 photos sent")).to_be_visible()
    await tab.shot("journey-upload")
    await page.get_by_role("button", name="Analyse").click()
    await expect(page).to_have_url(re.compile(r"/batches/"))
    await tab.shot("journey-begun")
    await expect(tab.live("ended")).to_be_visible(timeout=40_000)
    await expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "100")
    await expect(page.get_by_text("m³").first).to_be_visible()
    await tab.shot("journey-finished")
    assert await tab.violations() == []
    await page.get_by_role("link", name="See the whole move").click()
    await expect(page).to_have_url(re.compile(r"/projects/"))
    await expect(page.get_by_text("Rue des Lilas").first).to_be_visible()
    await tab.shot("journey-move")
    assert len([each for each in tab.asked() if "/stream" in each]) == 1
