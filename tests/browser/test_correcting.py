"""The person's word on what a photo shows: with the pointer, with the keyboard, against somebody who was quicker."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from tests.browser.conftest import OpenTab, Tab
from tests.fixtures.batches import Batch, result
from tests.fixtures.place import Owner, Place

ITEMS = (
    FoundItem(label="couch", count=1, litres=1500),
    FoundItem(label="chair", count=2, litres=200),
    FoundItem(label="lamp", count=1, litres=70, proposed=True),
)
DESK = {"viewport": {"width": 1440, "height": 1000}}
NARROW = 800  # px; below, the open photo is a sheet
TABLET = {"width": 1024, "height": 768}
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}


@pytest.fixture
async def batch(stage: Place, owner: Owner) -> Batch:
    """Finished: one photo with three things, the last one only proposed; 1.97 m³."""
    batch = await stage.world.batch(owner, 1)
    claimed = await batch.claim(0)
    assert await service.finish_photo(batch.world.context, claimed, result(*ITEMS, room="living_room"))
    return batch


def row(page: Page, label: str) -> Any:
    return page.locator(f'[data-item="{label}"]')


def count(page: Page, name: str) -> Any:
    return page.get_by_role("textbox", name=f"Count: {name}")


async def opened(open_tab: OpenTab, batch: Batch, **options: Any) -> Tab:
    tab = await open_tab(f"/batches/{batch.id}", **options)
    await expect(tab.live("ended")).to_be_visible()
    return tab


async def truth(stage: Place, batch: Batch) -> dict[str, int]:
    snapshot = await stage.truth(batch.id)
    return {each["label"]: each["count"] for each in snapshot["inventorySummary"]["byItem"]}


async def test_counts_names_and_sizes_are_corrected_in_their_place(stage: Place, batch: Batch, open_tab: OpenTab):
    tab = await opened(open_tab, batch, **DESK)
    page = tab.page
    await page.get_by_role("button", name="One more: Chair").click()
    await expect(count(page, "Chair")).to_have_value("3")
    await expect(page.get_by_text("Chair: 3. Total 2.2 cubic metres.")).to_be_attached()
    await page.get_by_role("button", name="Change: Three-seat couch").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.get_by_label("Name", exact=True).fill("Harmonium")
    await page.get_by_label("Volume of one, m³").fill("2,5")
    await tab.shot("correcting-open")
    assert await tab.violations() == []
    await page.keyboard.press("Enter")
    await expect(row(page, "Harmonium").get_by_text("2.50 m³")).to_be_visible()
    await page.get_by_role("button", name="Remove: Lamp").click()
    await expect(page.get_by_text("Removed: Lamp.")).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await tab.shot("correcting-removed")
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "lamp")).to_be_visible()
    await page.get_by_role("button", name="Remove: Lamp").click()
    await page.get_by_role("button", name="Add an item").click()
    await page.get_by_label("Name", exact=True).fill("desk")
    await page.get_by_label("Count", exact=True).fill("2")
    await page.keyboard.press("Enter")
    await expect(row(page, "desk").get_by_text("1.50 m³")).to_be_visible()
    await expect(row(page, "desk").get_by_text("Corrected")).to_be_visible()
    await tab.shot("correcting-added")
    assert await tab.violations() == []
    assert await truth(stage, batch) == {"chair": 3, "desk": 2, "Harmonium": 1}
    await page.reload()
    await expect(count(page, "Desk")).to_have_value("2")


async def test_a_turned_tablet_keeps_the_open_editor_and_the_words_in_it(batch: Batch, open_tab: OpenTab):
    tab = await opened(open_tab, batch, viewport=TABLET, has_touch=True)
    await tab.page.get_by_role("button", name="Change: Three-seat couch").click()
    name = tab.page.get_by_label("Name", exact=True)
    await name.fill("Harmonium")
    for width, height in ((768, 1024), (1024, 768), (320, 640)):
        await tab.page.set_viewport_size({"width": width, "height": height})
        await expect(tab.page.get_by_role("dialog")).to_have_count(int(width < NARROW))
        await expect(name).to_have_value("Harmonium")
        await expect(name).to_be_focused()
    await tab.shot("correcting-turned")
    assert await tab.overflow() <= 0
    assert await tab.violations() == []
    await tab.page.keyboard.press("Enter")
    await expect(row(tab.page, "Harmonium")).to_be_visible()


async def test_a_turned_tablet_sends_no_half_typed_count(batch: Batch, open_tab: OpenTab):
    tab = await opened(open_tab, batch, viewport=TABLET, has_touch=True)
    chairs = count(tab.page, "Chair")
    await chairs.click()
    await tab.page.keyboard.type("4")
    for width, height in ((768, 1024), (1024, 768)):
        await tab.page.set_viewport_size({"width": width, "height": height})
        await expect(tab.page.get_by_role("dialog")).to_have_count(int(width < NARROW))
        await expect(chairs).to_be_focused()
    await tab.page.keyboard.type("2")
    await expect(chairs).to_have_value("42")
    assert not any("PATCH" in asked for asked in tab.asked())
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_text("Chair: 42.")).to_be_attached()


async def test_what_is_proposed_is_accepted_with_the_keyboard_alone(stage: Place, batch: Batch, open_tab: OpenTab):
    tab = await opened(open_tab, batch, **DESK)
    accept = tab.page.get_by_role("button", name="Accept: Lamp")
    await accept.focus()
    await tab.page.keyboard.press("Enter")
    await expect(row(tab.page, "lamp").get_by_text("Corrected")).to_be_visible()
    await expect(tab.page.get_by_role("button", name="Change: Lamp")).to_be_focused()
    await tab.page.get_by_role("button", name="Dismiss: Lamp").wait_for(state="detached")
    # Answered: of two on their way, the later answer is told last.
    await expect(tab.page.get_by_text("Lamp: 1.")).to_be_attached()
    await count(tab.page, "Chair").focus()
    await tab.page.keyboard.press("ArrowUp")
    await tab.page.keyboard.type("7")
    await tab.page.keyboard.press("Escape")
    await expect(count(tab.page, "Chair")).to_have_value("3")
    await expect(tab.page.get_by_text("Chair: 3.")).to_be_attached()
    assert await truth(stage, batch) == {"couch": 1, "chair": 3, "lamp": 1}


async def test_somebody_who_was_quicker_wins_and_the_list_is_read_again(
    stage: Place, owner: Owner, batch: Batch, open_tab: OpenTab
):
    tab = await opened(open_tab, batch, **DESK)
    await expect(count(tab.page, "Chair")).to_have_value("2")
    async with httpx.AsyncClient(base_url=stage.webs[0].url, headers=owner.bearer) as http:
        photo = (await http.get(f"/api/batches/{batch.id}")).json()["photos"][0]["id"]
        items = (await http.get(f"/api/photos/{photo}/items")).json()["items"]
        chair = next(each for each in items if each["label"] == "chair")
        headers = {"If-Match": f'"{chair["version"]}"'}
        assert (await http.patch(f"/api/items/{chair['id']}", json={"count": 6}, headers=headers)).status_code == 200
    await tab.page.get_by_role("button", name="One more: Chair").click()
    await expect(tab.page.get_by_text("Somebody has changed this item meanwhile.")).to_be_visible()
    await expect(count(tab.page, "Chair")).to_have_value("6")
    await tab.shot("correcting-conflict")
    await expect(tab.page.get_by_text("2.8").first).to_be_visible()  # 1500 + 6 x 200 + 70: the batch is read again too


async def test_what_cannot_be_sent_is_undone_in_french_on_a_phone(stage: Place, batch: Batch, open_tab: OpenTab):
    tab = await opened(open_tab, batch, locale="fr-FR", **PHONE)
    page = tab.page
    await page.locator("[data-photo]").first.click()
    await expect(count_fr(page)).to_have_value("2")

    async def refuse(route: Route) -> None:
        await route.abort()

    await page.route(re.compile("/api/items/"), refuse)
    await page.get_by_role("button", name=re.compile("^Un de plus.*Chaise")).click()
    await expect(page.get_by_text("Le service ne répond pas.")).to_be_visible()
    await expect(count_fr(page)).to_have_value("2")
    await tab.shot("correcting-phone")
    assert await tab.overflow() <= 0
    assert await tab.violations() == []
    assert await truth(stage, batch) == {"couch": 1, "chair": 2, "lamp": 1}


def count_fr(page: Page) -> Any:
    return page.get_by_role("textbox", name=re.compile("^Nombre.*Chaise"))
