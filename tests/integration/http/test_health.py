"""Alive, ready, draining."""

import asyncio
import time
from pathlib import Path

import httpx_sse
import psycopg
import pytest
from psycopg import conninfo, sql

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.settings import Settings
from tests.fixtures.app import JPEG, Api, WebProcess, running_web
from tests.fixtures.waiting import until


async def test_both_ports_tell_that_it_is_ready(nobody: Api):
    for url in (nobody.web.url, nobody.web.private_url):
        assert (await nobody.http.get(f"{url}/health/live")).json()["status"] == "live"
        answer = await nobody.http.get(f"{url}/health/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})


async def test_metrics_are_on_the_private_port_only(nobody: Api):
    assert (await nobody.http.get("/metrics")).status_code == 404
    assert "roomtally_http_requests_total" in (await nobody.http.get(f"{nobody.web.private_url}/metrics")).text


def allow_connections(server: EmbeddedPostgres, web: WebProcess, *, allowed: bool) -> None:
    name = str(conninfo.conninfo_to_dict(web.settings.database_url)["dbname"])
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as conn:
        conn.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.Literal(allowed))
        )
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


async def test_without_its_database_it_lives_but_is_not_ready(
    settings: Settings, tmp_path: Path, postgres_server: EmbeddedPostgres
):
    with running_web(settings, tmp_path) as web:
        async with Api(web) as api:
            allow_connections(postgres_server, web, allowed=False)
            for url in (web.url, web.private_url):
                [reason] = await until(lambda url=url: reasons(api, url), 10)
                assert reason.startswith("database: ")
                assert (await api.http.get(f"{url}/health/live")).status_code == 200
            allow_connections(postgres_server, web, allowed=True)
            await until(lambda: is_ready(api), 20)


async def reasons(api: Api, url: str) -> list[str]:
    answer = await api.http.get(f"{url}/health/ready")
    assert (answer.status_code == 503) == bool(answer.json()["reasons"])
    return answer.json()["reasons"]


async def is_ready(api: Api) -> bool:
    return not await reasons(api, api.web.url)


async def test_web_shows_its_bus_and_no_reader_of_hints(nobody: Api):
    shown = (await nobody.http.get(f"{nobody.web.private_url}/metrics")).text
    assert "\nroomtally_bus_connected 1.0" in shown
    assert "\nroomtally_broker_connected" not in shown


async def test_without_valkey_it_is_ready_all_the_same(settings: Settings, tmp_path: Path):
    with running_web(settings, tmp_path, redis_url="redis://127.0.0.1:1") as web:
        async with Api(web) as api:
            await api.sign_in()
            batch = await api.create_batch([JPEG])
            async with httpx_sse.aconnect_sse(api.http, "GET", f"/api/batches/{batch['batchId']}/stream") as source:
                events = source.aiter_sse()
                await anext(events)
                await api.http.post(f"/api/batches/{batch['batchId']}/pause")
                assert (await asyncio.wait_for(anext(events), 5)).event == "progress"


async def watch_until_the_end(api: Api, opened: asyncio.Event) -> list[str]:
    batch = await api.create_batch([JPEG])
    async with api.http.stream("GET", f"/api/batches/{batch['batchId']}/stream") as answer:
        lines: list[str] = []
        async for line in answer.aiter_lines():
            lines.append(line)
            opened.set()
    return lines


async def test_sigterm_ends_open_streams_and_the_process(settings: Settings, tmp_path: Path):
    with running_web(settings, tmp_path) as web:
        async with Api(web) as api:
            await api.sign_in()
            opened = asyncio.Event()
            watching = asyncio.create_task(watch_until_the_end(api, opened))
            await opened.wait()
            started = time.monotonic()
            code = await asyncio.to_thread(web.stop, 5)
            lines = await asyncio.wait_for(watching, 5)
        assert (code, time.monotonic() - started < 5) == (0, True)
        assert [line for line in lines if line][-1].startswith("retry: ")


async def test_the_private_port_drains(settings: Settings, tmp_path: Path):
    with running_web(settings, tmp_path) as web:
        async with Api(web) as api:
            await api.sign_in()
            opened = asyncio.Event()
            watching = asyncio.create_task(watch_until_the_end(api, opened))
            await opened.wait()
            assert (await api.http.post(f"{web.private_url}/drain")).status_code == 202
            lines = await asyncio.wait_for(watching, 5)
            assert [line for line in lines if line][-1].startswith("retry: ")
            assert await reasons(api, web.url) == ["draining"]
            assert (await api.http.get("/api/projects")).status_code == 200


@pytest.mark.parametrize("broken", [{"storage_url": "ftp://x"}, {"storage_url": "nonsense"}])
def test_it_does_not_start_with_a_store_that_cannot_be(settings: Settings, tmp_path: Path, broken: dict[str, str]):
    with pytest.raises(AssertionError, match="ROOMTALLY_STORAGE_URL"), running_web(settings, tmp_path, **broken):
        pass
