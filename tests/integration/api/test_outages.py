"""What people see while PostgreSQL, Valkey or the photo store are away: never 500, never a wait, and it heals by itself."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import msgspec
import psycopg
import pytest

from roomtally.db.migrate import migrate
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings
from tests.fixtures.app import JPEG, Api, WebProcess, running_web
from tests.fixtures.waiting import until


@contextmanager
def frozen(pid: int) -> Generator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
async def on_own_valkey(settings: Settings, valkey_server: EmbeddedValkey, tmp_path: Path) -> AsyncIterator[Api]:
    with running_web(settings, tmp_path, redis_url=valkey_server.url) as web:
        async with Api(web) as api:
            await api.sign_in()
            yield api


def told(web: WebProcess, event: str) -> int:
    """How often the log says so."""
    return sum(
        msgspec.json.decode(line)["event"] == event for line in web.log.read_text().splitlines() if line[0] == "{"
    )


async def test_a_frozen_valkey_costs_one_request_its_quarter_second(
    on_own_valkey: Api, valkey_server: EmbeddedValkey
) -> None:
    api, project = on_own_valkey, await on_own_valkey.create_project()
    uploads = [await api.upload(JPEG) for _ in range(4)]

    async def create(upload: str) -> float:
        started = time.monotonic()
        answer = await api.http.post("/api/batches", json={"projectId": project, "uploads": [upload]})
        assert answer.status_code == 201, answer.text
        return time.monotonic() - started

    await create(uploads[0])
    with frozen(valkey_server.pid):
        assert 0.25 <= await create(uploads[1]) < 0.5
        assert await create(uploads[2]) < 0.2
        assert api.web.metric("roomtally_valkey_connected") == 0
    await until(lambda: api.web.metric("roomtally_valkey_connected") == 1, 2)
    await create(uploads[3])
    assert (told(api.web, "valkey_lost"), told(api.web, "valkey_back")) == (1, 1)
    assert api.web.metric('roomtally_hints_total{outcome="sent"}') == 2


# --- PostgreSQL

Outage = Callable[[EmbeddedPostgres], AbstractContextManager[None]]


@contextmanager
def stopped(server: EmbeddedPostgres) -> Generator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen_whole(server: EmbeddedPostgres) -> Generator[None]:
    """The processes of its connections too."""
    pids = [server.pid, *map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def refusing(server: EmbeddedPostgres) -> Generator[None]:
    """Every connection is somebody else's, and ours were closed."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("ALTER ROLE roomtally CONNECTION LIMIT 0")
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'roomtally'")
        try:
            yield
        finally:
            conn.execute("ALTER ROLE roomtally CONNECTION LIMIT -1")


@contextmanager
def read_only(server: EmbeddedPostgres) -> Generator[None]:
    """As a replica that has not been promoted yet."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        conn.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
            conn.execute("SELECT pg_reload_conf()")


@contextmanager
def locked(server: EmbeddedPostgres) -> Generator[None]:
    """As while somebody migrates by hand: no statement gets its table."""
    with psycopg.connect(server.url) as conn:
        conn.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory, server_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(server_folder / "pg-outages", fsync="off")
    server.start()
    migrate(server.url)
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("CREATE ROLE roomtally LOGIN")
        conn.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO roomtally")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def web_of_its_own(
    own_postgres: EmbeddedPostgres, shared_valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    folder = tmp_path_factory.mktemp("outages")
    settings = Settings(
        database_url=own_postgres.url.replace("postgres@", "roomtally@"),
        redis_url=shared_valkey.url,
        storage_url=(folder / "storage").as_uri(),
    )
    with running_web(settings, folder) as web:
        yield web


@dataclass
class Asking:
    """A user with a batch, an upload that waits, and an open stream of the batch."""

    api: Api
    batch: str
    project: str
    upload: str
    lines: AsyncIterator[str]

    async def reads(self) -> list[httpx.Response]:
        http, path = self.api.http, f"/api/batches/{self.batch}"
        wrong = {"email": self.api.email, "password": "wrong"}
        asked = (http.get(path), http.get(f"{path}/stream"), http.post("/api/sessions", json=wrong))
        return [await timely(each) for each in asked]

    async def writes(self) -> list[httpx.Response]:
        http, photo = self.api.http, {"Content-Type": "image/jpeg", "X-Filename": "room.jpg"}
        batch = {"projectId": self.project, "uploads": [self.upload]}
        asked = (http.post("/api/uploads", content=JPEG, headers=photo), http.post("/api/batches", json=batch))
        return [await timely(each) for each in asked]

    async def is_well(self) -> bool:
        """And what happens is seen on the stream that stayed open."""
        if (await self.api.http.get("/health/ready")).status_code != 200:
            return False
        for call, shown in (("pause", "true"), ("resume", "false")):
            await until(partial(self._takes, call), 5)  # each connection finds out by itself that it may write again
            async with asyncio.timeout(5):
                while f'"paused":{shown}' not in await anext(self.lines):
                    pass
        return True

    async def _takes(self, call: str) -> bool:
        answer = await self.api.http.post(f"/api/batches/{self.batch}/{call}")
        assert answer.status_code in {200, 503}, answer.text
        return answer.status_code == 200


async def timely(asked: Awaitable[httpx.Response]) -> httpx.Response:
    started = time.monotonic()
    answer = await asked
    assert time.monotonic() - started < 3, answer.text
    return answer


@pytest.fixture
async def asking(web_of_its_own: WebProcess) -> AsyncIterator[Asking]:
    async with Api(web_of_its_own) as api:
        await api.sign_in()
        batch = await api.create_batch([JPEG])
        upload = await api.upload(JPEG)
        async with api.http.stream("GET", f"/api/batches/{batch['batchId']}/stream") as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            yield Asking(api, batch["batchId"], batch["projectId"], upload, lines)


def refused(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert answer.status_code == 503, (answer.url, answer.text)
        assert answer.headers["retry-after"]


@pytest.mark.parametrize("outage", [stopped, frozen_whole, refusing])
async def test_without_postgresql_everything_is_refused_in_time_and_heals(
    asking: Asking, own_postgres: EmbeddedPostgres, outage: Outage
) -> None:
    with outage(own_postgres):
        for _ in range(2):
            refused([*await asking.reads(), *await asking.writes()])
        assert asking.api.web.metric("roomtally_database_connected") == 0
    await until(asking.is_well, 6)
    assert asking.api.web.metric("roomtally_database_connected") == 1
    assert not told(asking.api.web, "request_failed")


async def test_a_statement_that_waits_for_a_lock_ends_in_time(asking: Asking, own_postgres: EmbeddedPostgres) -> None:
    with locked(own_postgres):
        refused([await timely(asking.api.http.get(f"/api/batches/{asking.batch}"))])
    await until(asking.is_well, 6)


async def test_a_read_only_database_is_read_and_refuses_writes(asking: Asking, own_postgres: EmbeddedPostgres) -> None:
    with read_only(own_postgres):
        await until(lambda: is_refused(asking), 5)
        assert (await asking.api.http.get(f"/api/batches/{asking.batch}")).status_code == 200
        refused(await asking.writes())
    await until(asking.is_well, 6)
    assert not told(asking.api.web, "request_failed")


async def is_refused(asking: Asking) -> bool:
    """Each connection reads the new configuration by itself."""
    return {answer.status_code for answer in await asking.writes()} == {503}


# --- the photo store


async def test_a_storage_folder_that_vanished_takes_no_upload(on_own_valkey: Api) -> None:
    api, web = on_own_valkey, on_own_valkey.web
    await api.upload(JPEG)
    kept = web.storage.with_name("elsewhere")
    web.storage.rename(kept)
    photo = {"Content-Type": "image/jpeg", "X-Filename": "room.jpg"}
    refused([await api.http.post("/api/uploads", content=JPEG, headers=photo)])
    assert not web.storage.exists()
    for url in (web.url, web.private_url):
        assert (await api.http.get(f"{url}/health/ready")).json()["reasons"] == ["storage: Unavailable"]
    kept.rename(web.storage)
    await api.upload(JPEG)
    assert (await api.http.get("/health/ready")).status_code == 200
    assert (told(web, "storage_away"), told(web, "storage_back"), told(web, "request_failed")) == (1, 1, 0)
