"""A batch watched: through changes, cuts, other tabs, the end of a session."""

import re
from typing import Any

import httpx
from playwright.async_api import Page, expect

from roomtally.batches import service
from roomtally.batches.model import FoundItem
from tests.browser.conftest import OpenTab
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.batches import Batch, result
from tests.fixtures.place import Owner, Place
from tests.fixtures.waiting import until

SOFA = FoundItem(label="couch", count=1, litres=1500)
OPEN = "roomtally_streams_open"


def bar(page: Page) -> Any:
    return page.get_by_role("progressbar").first


async def give_password(stage: Place, owner: Owner, email: str) -> None:
    """From now on the owner signs in with this address and PASSWORD."""
    async with Api(stage.webs[0]) as api, stage.world.pool.connection() as conn:
        other = await api.add_user()
        await conn.execute(
            "UPDATE users SET email = %s, password_hash = (SELECT password_hash FROM users WHERE email = %s) WHERE id = %s",
            [email, other, owner.user],
        )


async def finish(batch: Batch, position: int) -> None:
    claimed = await batch.claim(position)
    assert await service.finish_photo(batch.world.context, claimed, result(SOFA, room="living_room"))


async def test_each_change_is_shown_and_nothing_is_asked_once_the_stream_is_open(
    stage: Place, owner: Owner, open_tab: OpenTab
):
    batch = await stage.world.batch(owner, 3)
    tab = await open_tab(f"/batches/{batch.id}")
    await expect(tab.live()).to_be_visible()
    await expect(tab.page.get_by_text("room.jpg")).to_have_count(3)
    asked = tab.asked()
    assert len([each for each in asked if "/api/stream" in each]) == 1
    await batch.claim(0)
    await expect(tab.page.get_by_text("Being analysed").first).to_be_visible()
    await finish(batch, 1)
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "33")
    await batch.fail(2)
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "66")
    await tab.shot("watching")
    news = [each for each in tab.asked()[len(asked) :] if not re.search(r"/api/photos/[^/]+/items", each)]
    assert news == [], "the page asks while nobody acts"


async def test_two_tabs_share_one_connection_and_the_second_goes_on_when_the_first_closes(
    stage: Place, owner: Owner, open_tab: OpenTab
):
    one, two = await stage.world.batch(owner, 2), await stage.world.batch(owner, 2)
    web = stage.webs[0]
    await until(lambda: web.metric(OPEN) == 0, what="the tabs of the tests before are gone")
    first = await open_tab(f"/batches/{one.id}")
    await expect(first.live()).to_be_visible()
    second = await open_tab(f"/batches/{two.id}")
    await expect(second.live()).to_be_visible()
    third = await open_tab(f"/batches/{one.id}")
    await expect(third.live()).to_be_visible()
    await until(lambda: web.metric(OPEN) == 1, what="one stream for three tabs")
    await finish(one, 0)
    for tab in (first, third):
        await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "50")
    await first.page.close()
    await finish(two, 0)
    await finish(one, 1)
    await expect(bar(second.page)).to_have_attribute("aria-valuenow", "50")
    await expect(third.live("ended")).to_be_visible()
    await until(lambda: web.metric(OPEN) == 1, what="one stream for two tabs")
    await finish(two, 1)
    await expect(second.live("ended")).to_be_visible()
    await until(lambda: web.metric(OPEN) == 0, what="no stream when all is finished")


async def test_a_killed_server_is_waited_for_and_nothing_is_missed(stage: Place, owner: Owner, open_tab: OpenTab):
    web = stage.start()
    batch = await stage.world.batch(owner, 3)
    tab = await open_tab(f"/batches/{batch.id}", web=web)
    await finish(batch, 0)
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "33")
    web.kill()
    await expect(tab.live("reconnecting")).to_be_visible()
    await tab.shot("reconnecting")
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "33")
    await finish(batch, 1)
    stage.start(port=web.settings.port)
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "66", timeout=20_000)
    await expect(tab.live()).to_be_visible()
    await batch.fail(2)
    await expect(tab.live("ended")).to_be_visible()
    await expect(tab.page.get_by_text("Partial").first).to_be_visible()


async def test_signing_out_in_one_tab_ends_all_and_signing_in_goes_on(stage: Place, owner: Owner, open_tab: OpenTab):
    batch = await stage.world.batch(owner, 2)
    tab = await open_tab(f"/batches/{batch.id}")
    await expect(tab.live()).to_be_visible()
    other = await open_tab("/")
    await other.page.get_by_role("button", name=re.compile("^Account")).click()
    await other.page.get_by_role("menuitem", name="Sign out").click()
    await expect(other.page).to_have_url(re.compile(r"/login"))
    await expect(tab.page.get_by_text("Your session has ended")).to_be_visible()
    await tab.shot("session-ended")
    await finish(batch, 0)
    await give_password(stage, owner, "camille@example.org")
    await tab.page.get_by_role("link", name="Sign in").click()
    await tab.page.get_by_label("Email address").fill("camille@example.org")
    await tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page).to_have_url(re.compile(f"/batches/{batch.id}$"))
    await expect(tab.live()).to_be_visible()
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "50")
    await finish(batch, 1)
    await expect(tab.live("ended")).to_be_visible()


async def test_a_deleted_batch_is_told(stage: Place, owner: Owner, open_tab: OpenTab):
    batch = await stage.world.batch(owner, 1)
    tab = await open_tab(f"/batches/{batch.id}")
    await expect(tab.live()).to_be_visible()
    async with httpx.AsyncClient(base_url=stage.webs[0].url, headers=owner.bearer) as http:
        assert (await http.delete(f"/api/batches/{batch.id}")).status_code == 204
    await expect(tab.page.get_by_text("This batch does not exist, or is not yours")).to_be_visible()
    await tab.shot("deleted")


async def test_a_failed_photo_is_tried_again_and_its_run_followed(stage: Place, owner: Owner, open_tab: OpenTab):
    batch = await stage.world.batch(owner, 2)
    await finish(batch, 0)
    await batch.fail(1)
    tab = await open_tab(f"/batches/{batch.id}")
    await expect(tab.live("ended")).to_be_visible()
    await tab.page.get_by_role("button", name="Retry: room.jpg").click()
    await expect(tab.live()).to_be_visible()
    await finish(batch, 1)
    await expect(tab.live("ended")).to_be_visible()
    await expect(tab.page.get_by_text("Finished").first).to_be_visible()
    await tab.shot("finished")
