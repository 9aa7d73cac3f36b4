"""A Valkey that is gone, hangs or comes back costs its callers 250 ms at most, and nothing else."""

import asyncio
import os
import signal
import time

from structlog.testing import capture_logs

from roomtally.db.valkey import guarded, open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.telemetry import metrics


def failures(operation: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_valkey_errors_total", {"operation": operation}) or 0


async def test_what_valkey_says_comes_back(valkey: str) -> None:
    async with open_valkey(valkey) as client:
        assert await guarded(client.set("key", "value"), "test")
        assert await guarded(client.get("key"), "test") == b"value"


async def test_an_outage_is_counted_each_time_and_logged_once(valkey_server: EmbeddedValkey) -> None:
    async with open_valkey(valkey_server.url) as client:
        await guarded(client.ping(), "outage")
        before = failures("outage")
        valkey_server.kill()
        with capture_logs() as logs:
            for _ in range(3):
                assert await guarded(client.ping(), "outage") is None
            valkey_server.start()
            assert await guarded(client.ping(), "outage")
    assert failures("outage") == before + 3
    assert [entry["event"] for entry in logs] == ["valkey_lost", "valkey_back"]


async def test_one_that_hangs_is_left_after_250_ms(valkey_server: EmbeddedValkey) -> None:
    async with open_valkey(valkey_server.url) as client:
        await guarded(client.set("key", "mine"), "hang")
        os.kill(valkey_server.pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            answers = await asyncio.gather(*(guarded(client.get("other"), "hang") for _ in range(10)))
            assert time.monotonic() - started < 0.5
            assert answers == [None] * 10
        finally:
            os.kill(valkey_server.pid, signal.SIGCONT)
        assert await guarded(client.get("key"), "hang") == b"mine"  # no late answer to an earlier question
