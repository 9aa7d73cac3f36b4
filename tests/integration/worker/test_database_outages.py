"""A database that goes away while a photo is in a worker's hands: the worker holds what it has, and waits."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import LiteralString

import psycopg
import psycopg_pool
import pytest
from PIL import Image
from psycopg import conninfo, sql
from psycopg import errors as pg_errors
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from roomtally.analysis.model import Analysis
from roomtally.batches.model import PhotoStatus
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage
from roomtally.telemetry import metrics
from roomtally.worker import Sweeper
from tests.fixtures.bench import SOFA, Bench, Engine, photo_of, types
from tests.fixtures.waiting import until
from tests.fixtures.workers import jpeg


@asynccontextmanager
async def all_databases(settings: Settings) -> AsyncGenerator[tuple[psycopg.AsyncConnection, str]]:
    """A connection beside that of the test, and the name of the test's database."""
    name = str(conninfo.conninfo_to_dict(settings.database_url)["dbname"])
    admin = conninfo.make_conninfo(settings.database_url, dbname="postgres")
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as conn:
        yield conn, name


async def change_database(conn: psycopg.AsyncConnection, name: str, change: LiteralString) -> None:
    await conn.execute(sql.SQL("ALTER DATABASE {} " + change).format(sql.Identifier(name)))


async def cut_all(conn: psycopg.AsyncConnection, name: str) -> None:
    await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@asynccontextmanager
async def database_away(settings: Settings) -> AsyncGenerator[None]:
    """All connections cut and none let in, as in a failover."""
    async with all_databases(settings) as (conn, name):
        await change_database(conn, name, "ALLOW_CONNECTIONS false")
        await cut_all(conn, name)
        try:
            yield
        finally:
            await change_database(conn, name, "ALLOW_CONNECTIONS true")


@asynccontextmanager
async def database_read_only(settings: Settings) -> AsyncGenerator[None]:
    """As a replica is that was not promoted yet; its connections end with it."""
    async with all_databases(settings) as (conn, name):
        await change_database(conn, name, "SET default_transaction_read_only = on")
        await cut_all(conn, name)
        try:
            yield
        finally:
            async with database_away(settings):
                await change_database(conn, name, "RESET default_transaction_read_only")


def database_failures(part: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_database_failures_total", {"part": part}) or 0


@pytest.mark.parametrize("outage", [database_away, database_read_only])
async def test_an_outage_of_the_database_is_one_line_in_worker_and_sweeper(
    bench: Bench, outage: Callable[[Settings], AbstractAsyncContextManager[None]]
) -> None:
    batch = await bench.batch(jpeg())
    sweeper = Sweeper(bench.world.context, open_storage(bench.settings.storage_url))
    with capture_logs(processors=[merge_contextvars]) as said:
        before = database_failures("claim")
        async with outage(bench.settings):
            work = asyncio.create_task(bench.worker().process(batch.photos[0]))
            await sweeper.run_pass()
            await sweeper.run_pass()
            await until(lambda: database_failures("claim") >= before + 3, timeout=15)  # each try waits for a connection
        await work
        await until(lambda: went_well(sweeper))
    assert (await photo_of(batch)).status is PhotoStatus.DONE
    lines = {
        name: [line for line in said if line["event"].startswith(name)] for name in ("database_away", "sweep_failed")
    }
    assert [line["event"] for line in lines["database_away"]] == ["database_away", "database_away_no_more"]
    assert [line["event"] for line in lines["sweep_failed"]] == ["sweep_failed", "sweep_failed_no_more"]
    assert lines["database_away"][0]["photo_id"] == str(batch.photos[0])
    for line in (lines["database_away"][0], lines["sweep_failed"][0]):
        assert line["log_level"] == "warning"
        assert issubclass(
            getattr(psycopg_pool, line["error"], None) or getattr(pg_errors, line["error"]), psycopg.Error
        )
    assert [line for line in said if line.get("exc_info") or line["event"].endswith("_broke")] == []


async def went_well(sweeper: Sweeper) -> bool:
    passes = {"outcome": "swept"}
    before = metrics.REGISTRY.get_sample_value("roomtally_sweeper_passes_total", passes)
    await sweeper.run_pass()
    return metrics.REGISTRY.get_sample_value("roomtally_sweeper_passes_total", passes) != before


async def test_a_result_waits_for_the_database_to_come_back(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(_image: Image.Image) -> Analysis:
        loop.call_soon_threadsafe(looked.set)
        time.sleep(0.2)
        return SOFA

    work = asyncio.create_task(bench.worker(Engine(look)).process(batch.photos[0]))
    await looked.wait()
    async with database_away(bench.settings):
        done, _pending = await asyncio.wait([work], timeout=1.5)
        assert not done
    await work
    assert (await photo_of(batch)).status is PhotoStatus.DONE
    assert (await types(batch)).count("photo_done") == 1


async def test_a_claim_waits_for_the_database_to_come_back(bench: Bench) -> None:
    batch = await bench.batch(jpeg())
    async with database_away(bench.settings):
        work = asyncio.create_task(bench.worker().process(batch.photos[0]))
        done, _pending = await asyncio.wait([work], timeout=0.8)
        assert not done
    await work
    assert (await photo_of(batch)).status is PhotoStatus.DONE
