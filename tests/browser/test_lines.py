"""The line between a browser and the service when it is bad: cut again and again, away for long, heavy with changes."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.test_watching import bar, finish
from tests.fixtures.place import Owner, Place
from tests.fixtures.waiting import until

STREAM = b"GET /api/stream"
CUT_AFTER = 0.7  # s that a stream lives; a proxy's 20 s, made short
STEP_MS = 20_000  # of the page's clock at once: more than the longest pause between two tries

MONOTONE = """() => {
    const bar = document.querySelector('[role=progressbar]');
    window.shown = [Number(bar.ariaValueNow)];
    new MutationObserver(() => window.shown.push(Number(bar.ariaValueNow)))
        .observe(bar, {attributes: true, attributeFilter: ['aria-valuenow']});
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
