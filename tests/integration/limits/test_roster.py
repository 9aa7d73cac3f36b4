"""`/admin/streams` at one of two processes: all streams are seen and closed, and who does not answer is said."""

import os
import signal
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import WebProcess
from tests.fixtures.batches import Batch
from tests.fixtures.place import Owner, Place, place, stream_of, watch
from tests.fixtures.problems import problem
from tests.fixtures.viewers import SocketViewer
from tests.fixtures.waiting import until

BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
async def service(
    postgres_server: EmbeddedPostgres, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """Two web processes; the Valkey is theirs alone."""
    folder = tmp_path_factory.mktemp("roster")
    valkey = EmbeddedValkey(folder / "valkey")
    valkey.start()
    async with place(postgres_server, database_template, valkey, folder) as made:
        made.start()
        made.start()
        yield made
    valkey.stop()


class Scene:
    """An operator, who asks the first process, and a viewer with a batch."""

    def __init__(self, service: Place, http: httpx.AsyncClient, viewer: Owner, batch: Batch) -> None:
        self.first, self.second = service.webs
        self.valkey, self.http, self.viewer, self.batch = service.valkey, http, viewer, batch
        self.streams: list[SocketViewer] = []

    async def open(self, *webs: WebProcess) -> list[SocketViewer]:
        """A stream each."""
        opened = [await watch(web, stream_of(self.batch), self.viewer) for web in webs]
        self.streams += opened
        for stream in opened:
            await stream.first()
        return opened

    async def look(self, params: dict[str, str] | None = None, *, web: WebProcess | None = None) -> dict[str, Any]:
        answer = await self.http.get((web or self.first).url + "/admin/streams", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def page(self, **params: str) -> str:
        return (await self.http.get("/admin/streams", headers=BROWSER, params=params)).text

    async def close(self, entry: dict[str, Any]) -> httpx.Response:
        return await self.http.delete(f"/admin/streams/{entry['id']}")

    async def is_gone(self, entry: dict[str, Any]) -> bool:
        """A moment after its end: until its connection is closed, it may be closed again."""
        answer = await self.close(entry)
        return answer.status_code != 204 and problem(answer)[:2] == (404, "stream-not-found")

    async def is_over(self) -> bool:
        return not (await self.look())["total"]


@pytest.fixture
async def scene(service: Place) -> AsyncIterator[Scene]:
    operator, viewer = await service.owner(), await service.owner()
    async with service.world.pool.connection() as conn:
        await conn.execute("UPDATE users SET role = 'operator' WHERE id = %s", [operator.user])
    batch = await service.world.batch(viewer, 1)
    async with httpx.AsyncClient(base_url=service.webs[0].url, headers=operator.bearer) as http:
        scene = Scene(service, http, viewer, batch)
        yield scene
        for stream in scene.streams:
            stream.leave()
        await until(scene.is_over)


def name(web: WebProcess) -> str:
    [serving] = web.children()
    return f"{os.uname().nodename}/{serving}"


@contextmanager
def frozen(web: WebProcess) -> Generator[None]:
    [serving] = web.children()
    os.kill(serving, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(serving, signal.SIGCONT)


async def test_every_process_shows_the_streams_of_all(scene: Scene) -> None:
    await scene.open(scene.first, scene.second, scene.second)
    first, second = name(scene.first), name(scene.second)
    for web in (scene.first, scene.second):
        found = await scene.look(web=web)
        assert (found["asked"], found["total"], found["next"]) == (2, 3, None)
        assert {one["process"]: one["total"] for one in found["processes"]} == {first: 1, second: 2}
        assert [entry["process"] for entry in found["streams"]] == [first, second, second]
        assert {entry["userId"] for entry in found["streams"]} == {str(scene.viewer.user)}
    text = await scene.page()
    assert "2 of 2 processes answered. Together they have <b>3</b> streams" in text
    assert text.count("data-close=") == 3


async def test_any_stream_is_closed_from_anywhere(scene: Scene) -> None:
    here, there, stays = await scene.open(scene.first, scene.second, scene.second)
    first, second, _ = (await scene.look())["streams"]
    for entry, stream in ((second, there), (first, here)):
        assert (await scene.close(entry)).status_code == 204
        await stream.end()
        assert stream.of("error")[0].data["code"] == "closed-by-operator"
        await until(lambda entry=entry: scene.is_gone(entry))
    assert not stays.ended


async def test_pages_lead_through_the_streams_of_all_processes_in_order(scene: Scene) -> None:
    await scene.open(*[scene.first, scene.second] * 3)
    whole = [entry["id"] for entry in (await scene.look())["streams"]]
    seen: list[str] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        found = await scene.look({"limit": "4", **cursor})
        seen += [entry["id"] for entry in found["streams"]]
        cursor = {"cursor": found["next"]} if found["next"] else None
    assert seen == whole
    assert len(set(seen)) == 6
    text = await scene.page(limit="4")
    assert "4 streams, the oldest first; there are more" in text
    assert f'href="?limit=4&amp;cursor={(await scene.look({"limit": "4"}))["next"]}">Next 4</a>' in text
    answer = await scene.http.get("/admin/streams", params={"cursor": "of-another-kind"})
    assert problem(answer)[:2] == (400, "invalid-cursor")


async def test_only_those_of_one_user_or_batch(scene: Scene) -> None:
    await scene.open(scene.first, scene.second)
    nobody = "00000000-0000-4000-8000-000000000000"
    user, batch = str(scene.viewer.user), str(scene.batch.id)
    for wanted, shown in (({"user": user}, 2), ({"batch": batch}, 2), ({"user": nobody}, 0), ({"batch": nobody}, 0)):
        found = await scene.look(wanted)
        assert (len(found["streams"]), found["total"]) == (shown, 2)
    assert f"Only batch <code>{batch}</code>" in await scene.page(batch=batch)
    assert "Nobody watches just now." in await scene.page(batch=nobody)


async def test_a_process_that_hangs_is_missing_and_said_so(scene: Scene) -> None:
    _, there = await scene.open(scene.first, scene.second)
    [first, second] = (await scene.look())["streams"]
    with frozen(scene.second):
        started = time.monotonic()
        found = await scene.look()
        assert time.monotonic() - started < 2
        assert (found["asked"], [one["process"] for one in found["processes"]]) == (2, [name(scene.first)])
        assert [entry["id"] for entry in found["streams"]] == [first["id"]]
        assert "1 of 2 processes answered." in await scene.page()
        assert problem(await scene.close(second))[:2] == (503, "processes-silent")
    await there.end()  # it was told nevertheless


async def test_without_valkey_each_process_speaks_for_itself(scene: Scene) -> None:
    here, there = await scene.open(scene.first, scene.second)
    [first, second] = (await scene.look())["streams"]
    scene.valkey.kill()
    try:
        found = await scene.look()
        assert (found["asked"], [entry["id"] for entry in found["streams"]]) == (2, [first["id"]])
        assert "1 of 2 processes answered." in await scene.page()
        elsewhere = await scene.look(web=scene.second)
        assert [entry["id"] for entry in elsewhere["streams"]] == [second["id"]]
        assert problem(await scene.close(second))[:2] == (503, "processes-silent")
        assert (await scene.close(first)).status_code == 204
        await here.end()
    finally:
        scene.valkey.start()

    async def whole() -> bool:
        return len((await scene.look())["processes"]) == 2

    await until(whole)
    assert (await scene.close(second)).status_code == 204
    await there.end()
