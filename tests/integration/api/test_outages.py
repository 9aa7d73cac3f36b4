"""What people see while PostgreSQL, Valkey or the photo store are away: never 500, never a wait, and it heals by itself."""

import os
import signal
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

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
