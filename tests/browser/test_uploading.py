"""Photos on their way, each by itself: one that fails, all without network."""

import re

from playwright.async_api import FilePayload, Route, expect

from tests.browser.conftest import PICKER, OpenTab


async def test_one_photo_that_fails_is_sent_again_by_itself_and_the_others_are_not(
    open_tab: OpenTab, photos: list[FilePayload]
):
    tab = await open_tab("/")
    page, times = tab.page, 0

    async def break_third(route: Route) -> None:
        nonlocal times
        times += 1
        if times == 3:
            await route.fulfill(status=500, content_type="application/problem+json", body="{}")
        else:
            await route.continue_()

    await page.route("**/api/uploads", break_third)
    await page.locator(PICKER).set_input_files(photos)
    await expect(page.get_by_role("button", name=re.compile("^Send again now"))).to_have_count(1)
    await tab.shot("upload-retrying")
    await expect(page.get_by_text("4 of 4 photos sent")).to_be_visible()
    assert times == 5


async def test_photos_wait_for_the_network_and_go_on(open_tab: OpenTab, photos: list[FilePayload]):
    tab = await open_tab("/")
    page = tab.page
    await expect(page.locator(PICKER)).to_be_attached()
    await page.context.set_offline(True)
    await page.locator(PICKER).set_input_files(photos)
    await expect(page.get_by_text(re.compile("Network cut"))).to_have_count(4)
    await tab.shot("upload-offline")
    await page.context.set_offline(False)
    await expect(page.get_by_text("4 of 4 photos sent")).to_be_visible()


async def test_what_is_no_photo_is_refused_before_it_is_sent(open_tab: OpenTab, photos: list[FilePayload]):
    tab = await open_tab("/")
    letter: FilePayload = {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": b"Dear all, we are moving."}
    await tab.page.locator(PICKER).set_input_files([letter, photos[0]])
    await expect(tab.page.get_by_text("Refused: not a JPEG, PNG, WebP or HEIC photo")).to_be_visible()
    await expect(tab.page.get_by_text("1 of 1 photo sent")).to_be_visible()
    await expect(tab.page.get_by_role("img", name="sent", exact=True)).to_have_count(1)
    assert tab.asked().count("POST /api/uploads") == 1
    await tab.shot("upload-refused")
