"""The line between a browser and the service when it is bad: cut again and again, away for long, heavy with changes."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import msgspec
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import OpenTab
from tests.browser.test_watching import bar, finish
from tests.fixtures.place import Owner, Place
from tests.fixtures.waiting import until

STREAM = b"GET /api/stream"
CUT_AFTER = 0.7  # s that a stream lives; a proxy's 20 s, made short
STEP_MS = 20_000  # of the page's clock at once: more than the longest pause between two tries
EVENTS = 2500  # of one round; four rounds
GROWTH = 1_000_000  # bytes; what a list of 10,000 events would take is more than 5 MB

MONOTONE = """() => {
    const bar = document.querySelector('[role=progressbar]');
    window.shown = [Number(bar.ariaValueNow)];
    new MutationObserver(() => window.shown.push(Number(bar.ariaValueNow)))
        .observe(bar, {attributes: true, attributeFilter: ['aria-valuenow']});
}"""
OBSERVE = """() => {
    window.touched = new Set(); window.long = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({duration}) => window.long.push(Math.round(duration))))
        .observe({type: 'longtask'});
    new MutationObserver((all) => all.forEach(({target}) => {
        const row = (target.nodeType === 1 ? target : target.parentElement)?.closest('li');
        if (row?.querySelector('[data-photo]')) window.touched.add(row);
    })).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


@dataclass
class Scissors:
    """A proxy that cuts each stream when it is CUT_AFTER old, as some cut every 20 s; all else passes."""

    target: int
    port: int = 0
    cuts: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        pair = (writer, up_writer)
        with suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(up_reader, writer, pair))
                group.create_task(self._pass(reader, up_writer, pair))
        _close(pair)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: Iterable[asyncio.StreamWriter]
    ) -> None:
        while data := await reader.read(65536):
            if data.startswith(STREAM):
                asyncio.get_running_loop().call_later(CUT_AFTER, self._cut, pair)
            writer.write(data)
            await writer.drain()
        _close(pair)

    def _cut(self, pair: Iterable[asyncio.StreamWriter]) -> None:
        self.cuts += 1
        for writer in pair:
            writer.transport.abort()


def _close(pair: Iterable[asyncio.StreamWriter]) -> None:
    for writer in pair:
        writer.close()


@asynccontextmanager
async def scissors(target: int) -> AsyncGenerator[Scissors]:
    made = Scissors(target)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(made.serve, "127.0.0.1", 0))
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def test_a_proxy_that_cuts_again_and_again_costs_no_change_and_no_step_back(
    stage: Place, owner: Owner, open_tab: OpenTab
):
    batch = await stage.world.batch(owner, 4)
    tab = await open_tab("/login")
    async with scissors(stage.webs[0].settings.port) as proxy:
        await tab.page.goto(f"http://127.0.0.1:{proxy.port}/batches/{batch.id}")
        await expect(tab.live()).to_be_visible()
        await tab.page.evaluate(MONOTONE)
        for position in range(3):
            seen = proxy.cuts
            await until(lambda seen=seen: proxy.cuts > seen, timeout=10, what="the next cut")
            await finish(batch, position)
        await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "75")
        await finish(batch, 3)
        await expect(tab.live("ended")).to_be_visible()
        shown: list[int] = await tab.page.evaluate("window.shown")
        assert shown == sorted(shown)
        assert await tab.live("lost").count() == 0


async def test_a_server_that_stays_away_is_told_of_and_the_button_brings_it_back(
    stage: Place, owner: Owner, open_tab: OpenTab
):
    web = stage.start()
    batch = await stage.world.batch(owner, 2)
    tab = await open_tab("/login", web=web)
    await tab.page.clock.install()
    await tab.open(f"/batches/{batch.id}")
    await expect(tab.live()).to_be_visible()
    web.kill()
    await expect(tab.live("reconnecting")).to_be_visible()
    for _ in range(20):  # tries; five are enough where none is taken by the browser itself
        if await tab.live("lost").is_visible():
            break
        await tab.page.clock.run_for(STEP_MS)
    await expect(tab.page.get_by_text("The work goes on at the server.")).to_be_visible()
    await tab.shot("lost")
    await finish(batch, 0)
    stage.start(port=web.settings.port)
    await tab.page.get_by_role("button", name="Reconnect").click()
    await expect(tab.live()).to_be_visible()
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "50")


async def test_200_photos_at_20_changes_a_second_draw_what_changes_and_nothing_else(
    stage: Place, owner: Owner, open_tab: OpenTab, record_property: Any
):
    batch = await stage.world.batch(owner, 200)
    tab = await open_tab(f"/batches/{batch.id}")
    await expect(tab.live()).to_be_visible()
    await expect(tab.page.locator("[data-photo]")).to_have_count(200)
    await tab.page.evaluate(OBSERVE)
    changes = 40
    for position in range(changes // 2):  # each photo is begun and finished
        await asyncio.gather(finish(batch, position), asyncio.sleep(0.1))
    await expect(bar(tab.page)).to_have_attribute("aria-valuenow", "10")
    touched = await tab.page.evaluate("window.touched.size")
    assert changes // 2 <= touched <= changes // 2 + 2
    long: list[int] = await tab.page.evaluate("window.long")
    record_property("long_tasks_ms", long)
    await tab.shot("watching-200")


class Recording:
    """A stream that is all written already: rounds of EVENTS changes of one photo."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot = snapshot
        self.epoch, _, number = snapshot["eventId"].rpartition("-")
        self.number, self.rounds = int(number), 0
        self.go_on = asyncio.Semaphore(1)  # a permit for each round

    async def answer(self, route: Route) -> None:
        await self.go_on.acquire()
        self.rounds += 1
        body = "retry: 200\n\n" + self._event("progress", self._state()) if self.rounds == 1 else "retry: 200\n\n"
        body += "".join(self._change() for _ in range(EVENTS))
        await route.fulfill(status=200, content_type="text/event-stream", body=body)

    def _state(self) -> dict[str, Any]:
        return self.snapshot | {"eventId": f"{self.epoch}-{self.number}"}

    def _change(self) -> str:
        self.number += 1
        photo = self.snapshot["photos"][0] | {"status": "PROCESSING" if self.number % 2 else "PENDING"}
        changed = {"photos": [photo], "changes": [], "totalItems": 0, "totalVolume": 0.0, "progress": self.rounds}
        return self._event("change", self._state() | changed)

    def _event(self, name: str, data: dict[str, Any]) -> str:
        return f"event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n"


async def heap(page: Page) -> int:
    """Bytes in use, by the browser's own figure, with its rubbish collected."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    figures = cast("dict[str, float]", await session.send("Runtime.getHeapUsage"))
    await session.detach()
    return int(figures["usedSize"])


async def test_ten_thousand_events_leave_the_memory_as_it_was(stage: Place, owner: Owner, open_tab: OpenTab):
    batch = await stage.world.batch(owner, 1)
    async with httpx.AsyncClient(base_url=stage.webs[0].url, headers=owner.bearer) as http:
        recording = Recording((await http.get(f"/api/batches/{batch.id}")).json())
    tab = await open_tab("/login")
    await tab.page.route("**/api/stream?*", recording.answer)
    await tab.open(f"/batches/{batch.id}")
    sizes: list[int] = []
    for rounds in range(1, 5):
        await expect(bar(tab.page)).to_have_attribute("aria-valuenow", str(rounds))
        sizes.append(await heap(tab.page))
        recording.go_on.release()
    assert sizes[-1] - sizes[0] < GROWTH, sizes
