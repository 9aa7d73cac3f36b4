"""The broker against a real Valkey that is emptied, killed, absent: hints come through, and no reader ever ends."""

import asyncio
import gc
import time
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import msgspec
import pytest
import redis.asyncio as redis
from opentelemetry import trace
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver

from roomtally import broker as hints
from roomtally.batches.queue import TASK, PhotoQueue
from roomtally.db.valkey import open_valkey
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.telemetry import metrics, tracing
from tests.fixtures.waiting import until


class Reader:
    """What one worker's broker delivers, as photo ids."""

    def __init__(self, url: str, name: str = "reader", fallback: hints.Fallback | None = None) -> None:
        self.broker = hints.create_broker(url, name)
        self.broker.fallback = fallback
        self.seen: list[UUID] = []
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await self.broker.startup()
        async for message in self.broker.listen():
            self.seen.append(UUID(msgspec.json.decode(message.data)["args"][0]))

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.broker.shutdown()


@asynccontextmanager
async def reading(url: str, name: str = "reader", fallback: hints.Fallback | None = None) -> AsyncGenerator[Reader]:
    reader = Reader(url, name, fallback)
    try:
        yield reader
    finally:
        await reader.stop()


@asynccontextmanager
async def sending(url: str) -> AsyncGenerator[PhotoQueue]:
    broker = hints.create_broker(url, "sender")
    try:
        async with open_valkey(url) as valkey:
            yield PhotoQueue(broker, valkey)
    finally:
        await broker.shutdown()


async def test_hints_sent_before_the_first_worker_are_delivered_in_order(valkey: str) -> None:
    photos = [uuid4() for _ in range(200)]
    async with sending(valkey) as queue:
        assert await queue.hint(photos)
        async with reading(valkey) as reader:
            await until(lambda: len(reader.seen) == 200)
    assert reader.seen == photos


async def test_two_hundred_hints_are_one_round_trip(valkey: str) -> None:
    async with sending(valkey) as queue, redis.Redis.from_url(valkey) as client:
        await queue.hint([uuid4()])
        before = (await client.info("stats"))["total_reads_processed"]
        await queue.hint([uuid4() for _ in range(200)])
        after = (await client.info("stats"))["total_reads_processed"]
    assert after - before < 20  # 60 KB arrive in a few reads; a call a hint would be 200


async def test_lag_and_consumers_tell_what_waits_and_who_works(valkey: str) -> None:
    async with sending(valkey) as queue:
        assert await queue.lag() is None
        assert await queue.consumers() is None
        async with reading(valkey, "one") as reader:
            await until(lambda: _group_exists(valkey))
            await queue.hint([uuid4()])
            await until(lambda: len(reader.seen) == 1)
            assert await queue.lag() == 0
            assert await queue.consumers() == 1
        await queue.hint([uuid4(), uuid4()])
        assert await queue.lag() == 2
        assert await queue.consumers() == 0  # a worker that stopped in good order took its name with it


async def test_each_hint_goes_to_one_worker_and_leaves_nothing_pending(valkey: str) -> None:
    photos = {uuid4() for _ in range(50)}
    async with sending(valkey) as queue, reading(valkey, "one") as one, reading(valkey, "two") as two:
        await queue.hint(list(photos))
        await until(lambda: len(one.seen) + len(two.seen) == 50)
        async with redis.Redis.from_url(valkey) as client:
            assert (await client.xpending(hints.QUEUE, hints.GROUP))["pending"] == 0
    assert set(one.seen) | set(two.seen) == photos


async def test_a_flushed_valkey_delivers_the_next_hint(valkey: str) -> None:
    async with sending(valkey) as queue, reading(valkey) as reader, redis.Redis.from_url(valkey) as client:
        await queue.hint([uuid4()])
        await until(lambda: len(reader.seen) == 1)
        await client.flushall()
        await queue.hint([uuid4()])
        await until(lambda: len(reader.seen) == 2)
        assert not reader.task.done()


async def test_a_valkey_restarted_empty_delivers_the_next_hint(valkey_server: EmbeddedValkey) -> None:
    async with sending(valkey_server.url) as queue, reading(valkey_server.url) as reader:
        await queue.hint([uuid4()])
        await until(lambda: len(reader.seen) == 1)
        valkey_server.kill()
        await until(lambda: metrics.REGISTRY.get_sample_value("roomtally_broker_connected") == 0)
        assert not await queue.hint([uuid4()])
        valkey_server.start()
        for way in ("broker", "valkey"):
            await until(lambda way=way: metrics.REGISTRY.get_sample_value(f"roomtally_{way}_connected") == 1)
        assert await queue.hint([uuid4()])
        await until(lambda: len(reader.seen) == 2)


async def test_a_worker_started_before_valkey_reads_once_it_is_there(valkey_server: EmbeddedValkey) -> None:
    valkey_server.kill()
    async with sending(valkey_server.url) as queue, reading(valkey_server.url) as reader:
        await until(lambda: metrics.REGISTRY.get_sample_value("roomtally_broker_connected") == 0)
        valkey_server.start()
        assert await queue.hint([uuid4()])
        await until(lambda: len(reader.seen) == 1)


class Elsewhere:
    """Hints from another place than Valkey, which may fail."""

    def __init__(self) -> None:
        self.waiting: list[UUID] = []
        self.asked = 0
        self.broken = False

    async def __call__(self) -> list[bytes]:
        self.asked += 1
        if self.broken:
            raise ConnectionError("away too")
        found, self.waiting = self.waiting, []
        return [msgspec.json.encode({"args": [str(photo)]}) for photo in found]


async def test_without_valkey_hints_come_from_elsewhere_and_only_then(valkey_server: EmbeddedValkey) -> None:
    elsewhere = Elsewhere()
    async with sending(valkey_server.url) as queue, reading(valkey_server.url, fallback=elsewhere) as reader:
        photos = [uuid4() for _ in range(5)]
        await queue.hint(photos[:1])
        await until(lambda: reader.seen == photos[:1])
        assert elsewhere.asked == 0
        valkey_server.kill()
        elsewhere.waiting = photos[1:4]
        await until(lambda: reader.seen == photos[:4])
        valkey_server.start()
        await until(lambda: metrics.REGISTRY.get_sample_value("roomtally_broker_connected") == 1)
        asked = elsewhere.asked
        await until(lambda: queue.hint(photos[4:]))  # the first finds that its connection is dead
        await until(lambda: reader.seen == photos)
        assert elsewhere.asked == asked


async def test_a_place_that_fails_too_is_asked_again(valkey_server: EmbeddedValkey) -> None:
    elsewhere, photo = Elsewhere(), uuid4()
    elsewhere.broken = True
    valkey_server.kill()
    async with reading(valkey_server.url, fallback=elsewhere) as reader:
        await until(lambda: elsewhere.asked >= 2)
        elsewhere.broken, elsewhere.waiting = False, [photo]
        await until(lambda: reader.seen == [photo])


async def test_a_place_with_nothing_is_asked_no_more_often_than_valkey_is_tried(valkey_server: EmbeddedValkey) -> None:
    elsewhere = Elsewhere()
    valkey_server.kill()
    async with reading(valkey_server.url, fallback=elsewhere):
        await until(lambda: elsewhere.asked >= 1)
        started = time.monotonic()
        await until(lambda: elsewhere.asked >= 4)
        assert time.monotonic() - started > 0.05 + 0.1 + 0.2  # pauses of 0.1, 0.2, 0.4 s, half of each at least


async def test_a_stopped_worker_loses_no_hint_that_was_on_its_way(valkey: str) -> None:
    """The stop comes while a read waits: what that read still gets goes back to the queue."""
    photos = [uuid4() for _ in range(20)]
    async with sending(valkey) as queue:
        seen: list[UUID] = []
        for photo in photos:
            async with reading(valkey) as reader:
                await until(lambda: _group_exists(valkey))
                sent = asyncio.create_task(queue.hint([photo]))
                await asyncio.sleep(0)  # both are under way now; who comes first is open
            await sent
            seen += reader.seen
        async with reading(valkey) as last:
            await until(lambda: len(seen) + len(last.seen) == 20)
    assert sorted(seen + last.seen) == sorted(photos)


@pytest.mark.parametrize("stuck", [True, False], ids=["stopped", "dead"])
async def test_a_hint_costs_its_caller_250_ms_at_most(valkey_server: EmbeddedValkey, stuck: bool) -> None:
    import os
    import signal

    async with sending(valkey_server.url) as queue:
        assert await queue.hint([uuid4()])
        lost = metrics.REGISTRY.get_sample_value("roomtally_hints_total", {"outcome": "lost"}) or 0
        pid = valkey_server.pid
        os.kill(pid, signal.SIGSTOP) if stuck else valkey_server.kill()
        try:
            started = time.perf_counter()
            assert not await queue.hint([uuid4(), uuid4()])
            assert time.perf_counter() - started < 0.4
        finally:
            if stuck:
                os.kill(pid, signal.SIGCONT)
        assert metrics.REGISTRY.get_sample_value("roomtally_hints_total", {"outcome": "lost"}) == lost + 2


async def test_a_hint_of_another_version_does_not_end_the_reader(valkey: str) -> None:
    async with sending(valkey) as queue, redis.Redis.from_url(valkey) as client:
        await client.xadd(hints.QUEUE, {"what": "is this"})
        broker = hints.create_broker(valkey, "odd")
        await broker.startup()
        stream = broker.listen()
        assert (await anext(stream)).data == b""  # taskiq says "Cannot parse message" and goes on
        photo = uuid4()
        await queue.hint([photo])
        assert str(photo).encode() in (await anext(stream)).data
        await stream.aclose()
        await broker.shutdown()


async def _group_exists(url: str) -> bool:
    async with redis.Redis.from_url(url) as client:
        with suppress(redis.ResponseError):
            return bool(await client.xinfo_groups(hints.QUEUE))
    return False


async def test_a_task_is_measured_and_has_a_trace_of_its_own(valkey: str) -> None:
    """Its span links to the one that hinted, which tests/observability/test_traces.py sees where spans are sent away."""
    tracing.configure("test", "0", None)
    traces: list[int] = []

    async def process_photo(photo_id: str) -> None:
        traces.append(trace.get_current_span().get_span_context().trace_id)

    broker = hints.create_broker(valkey, "measured")
    broker.register_task(process_photo, task_name=TASK)
    await broker.startup()
    waited = metrics.REGISTRY.get_sample_value("roomtally_task_queue_wait_seconds_count", {"task": TASK}) or 0
    stop = asyncio.Event()
    listening = asyncio.create_task(
        Receiver(broker, max_async_tasks=1, ack_type=AcknowledgeType.WHEN_RECEIVED, run_startup=False).listen(stop)
    )
    async with open_valkey(valkey) as client:
        await PhotoQueue(broker, client).hint([uuid4()], f"00-{7:032x}-{9:016x}-01")
    await until(lambda: traces)
    stop.set()
    await listening
    await broker.shutdown()
    assert traces not in ([0], [7])
    assert metrics.REGISTRY.get_sample_value("roomtally_task_queue_wait_seconds_count", {"task": TASK}) == waited + 1
    assert metrics.REGISTRY.get_sample_value("roomtally_tasks_in_progress", {"task": TASK}) == 0


async def test_a_queue_whose_valkey_is_away_leaves_no_call_unawaited(valkey_server: EmbeddedValkey) -> None:
    async with sending(valkey_server.url) as queue:
        valkey_server.kill()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for _ in range(2):
                assert await queue.lag() is None
                assert await queue.consumers() is None
                assert not await queue.hint([uuid4()])
            gc.collect()
    assert [str(warning.message) for warning in said if warning.category is RuntimeWarning] == []
