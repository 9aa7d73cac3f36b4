"""A Valkey that is gone, hangs or comes back costs its callers 250 ms at most, and nothing else."""

import asyncio
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from roomtally import errors
from roomtally.db.valkey import Valkey, one_budget, open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.telemetry import metrics
from tests.fixtures.waiting import until


def failures(operation: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_valkey_errors_total", {"operation": operation}) or 0


def connected() -> float | None:
    return metrics.REGISTRY.get_sample_value("roomtally_valkey_connected")


@contextmanager
def frozen(server: EmbeddedValkey) -> Generator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def back(client: Valkey) -> None:
    await until(lambda: not client.away, 2)


async def test_what_valkey_says_comes_back(valkey: str) -> None:
    async with open_valkey(valkey) as client:
        assert await client.guarded(client.set("key", "value"), "test")
        assert await client.guarded(client.get("key"), "test") == b"value"


async def test_an_outage_is_counted_each_time_and_logged_once(valkey_server: EmbeddedValkey) -> None:
    async with open_valkey(valkey_server.url) as client:
        await client.guarded(client.ping(), "outage")
        before = failures("outage")
        valkey_server.kill()
        with capture_logs() as logs:
            for _ in range(3):
                assert await client.guarded(client.ping(), "outage") is None
            assert connected() == 0
            valkey_server.start()
            await back(client)
            assert await client.guarded(client.ping(), "outage")
    assert failures("outage") == before + 3
    assert connected() == 1
    assert [entry["event"] for entry in logs] == ["valkey_lost", "valkey_back"]


async def test_one_that_hangs_costs_250_ms_once_and_is_back_within_two_seconds(valkey_server: EmbeddedValkey) -> None:
    async with open_valkey(valkey_server.url) as client:
        await client.guarded(client.set("key", "mine"), "hang")
        with frozen(valkey_server):
            started = time.monotonic()
            together = await asyncio.gather(*(client.guarded(client.get("other"), "hang") for _ in range(10)))
            assert time.monotonic() - started < 0.5
            started = time.monotonic()
            after = [await client.guarded(client.get("other"), "another") for _ in range(10)]
            assert time.monotonic() - started < 0.05
            assert together == after == [None] * 10
        await back(client)
        assert await client.guarded(client.get("key"), "hang") == b"mine"  # no late answer to an earlier question


async def test_calls_of_one_request_wait_250_ms_together_and_those_of_its_tasks_on_their_own(valkey: str) -> None:
    async with open_valkey(valkey) as client:

        async def slow() -> str:
            await asyncio.sleep(0.15)
            return "answer"

        with one_budget():
            started = time.monotonic()
            answers = [await client.guarded(slow(), "slow") for _ in range(5)]
            assert answers == ["answer", None, None, None, None]
            assert time.monotonic() - started < 0.35
            assert await asyncio.create_task(client.guarded(slow(), "slow")) == "answer"
        assert not client.away
        assert await client.guarded(slow(), "slow") == "answer"


async def test_a_refusal_is_told_once_and_keeps_no_other_call_away(valkey_server: EmbeddedValkey) -> None:
    """As of one whose memory is full: it takes nothing and still gives."""
    async with open_valkey(valkey_server.url) as client:
        await client.set("key", "mine")
        await client.config_set("maxmemory", 1)  # pyright: ignore[reportUnknownMemberType] -- untyped
        with capture_logs() as logs:
            for _ in range(3):
                assert await client.guarded(client.set("other", "x"), "full") is None
                assert await client.guarded(client.get("key"), "read") == b"mine"
        assert [entry["event"] for entry in logs] == ["valkey_refused"]
        assert connected() == 1


async def test_an_address_that_is_none() -> None:
    with pytest.raises(errors.Invalid, match="invalid-redis-url"):
        open_valkey("localhost:6379")
