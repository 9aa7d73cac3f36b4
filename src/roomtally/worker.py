"""The worker's composition root and its loop: one photo at a time. The sweeper is made of the same parts."""

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial

import structlog
from taskiq import TaskiqEvents, TaskiqState
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver

from roomtally import errors
from roomtally.accounts.service import sessions
from roomtally.analysis.engines import create_analyzer
from roomtally.batches import queue, tasks
from roomtally.batches.cache import SnapshotCache
from roomtally.batches.queue import PhotoQueue
from roomtally.batches.service import sweeping
from roomtally.batches.service.context import Context
from roomtally.batches.service.strays import Strays
from roomtally.broker import HintBroker, create_broker
from roomtally.db.pool import DATABASE_AWAY, Pool, answers, create_pool
from roomtally.db.valkey import open_valkey
from roomtally.settings import Settings
from roomtally.storage.photos import PhotoStorage, open_storage
from roomtally.streams.bus import Publisher
from roomtally.telemetry import metrics, process
from roomtally.telemetry.loop import LoopLag
from roomtally.telemetry.private_port import Checks, serve_private

POOL_SIZE = 3  # one for the photo, one for its renewal, one for readiness
CHECK_SECONDS = 2.0
FOUND_AT_ONCE = 4  # photos that a worker asks for while Valkey is away: 2 s of work, as the broker's longest pause
PURGE_EVERY_SECONDS = 60.0
LOOK_EVERY_SECONDS = 15.0  # as often as it is scraped
PURGE_CREDENTIALS = 5000  # sessions, and tickets, a purge
PAUSE_AFTER_DEFECT_SECONDS = 1.0
TERMINATED = 128 + signal.SIGTERM

log = structlog.get_logger()


class Readiness:
    """What the private port says; it asks from its own thread, so a stuck event loop shows."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None

    def working(self, pool: Pool) -> None:
        self._loop, self._pool = asyncio.get_running_loop(), pool

    def stopped(self) -> None:
        self._loop = None

    def reasons(self) -> list[str]:
        if self._loop is None:
            return ["starting or stopping"]
        answer = asyncio.run_coroutine_threadsafe(self._ask_database(), self._loop)
        try:
            return answer.result(CHECK_SECONDS)
        except TimeoutError:
            answer.cancel()
            return ["the event loop or the database does not answer"]

    async def _ask_database(self) -> list[str]:
        assert self._pool is not None
        try:
            await answers(self._pool, CHECK_SECONDS)
        except DATABASE_AWAY:
            return ["the database does not answer"]
        return []


def create_worker(
    settings: Settings, stopping: asyncio.Event | None = None, readiness: Readiness | None = None
) -> HintBroker:
    """A broker with the task and all that it needs; the model is loaded here, connections open at its startup.

    Raises errors.Invalid where the analyzer or the storage is set wrong.
    """
    name = f"{socket.gethostname()}-{os.getpid()}"
    broker = create_broker(settings.redis_url, name)
    broker.is_worker_process = True
    pool = create_pool(settings.database_url, POOL_SIZE)
    context, close = create_context(settings, broker, pool)
    broker.fallback = partial(_find_hints, broker, context)
    desk = _create_desk(settings, context, name, stopping or asyncio.Event())
    tasks.register(broker, desk)
    _open_at_startup(broker, pool, close, readiness)
    return broker


def _create_desk(settings: Settings, context: Context, name: str, stopping: asyncio.Event) -> tasks.Desk:
    return tasks.Desk(
        context=context,
        storage=open_storage(settings.storage_url),
        analyzer=create_analyzer(settings),
        settings=settings,
        worker=name,
        stopping=stopping,
    )


def _open_at_startup(
    broker: HintBroker, pool: Pool, close: Callable[[], Awaitable[None]], readiness: Readiness | None
) -> None:
    async def open_up(_state: TaskiqState) -> None:
        await pool.open()
        if readiness:
            readiness.working(pool)

    async def shut_down(_state: TaskiqState) -> None:
        if readiness:
            readiness.stopped()
        await close()

    broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, open_up)
    broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, shut_down)


async def _find_hints(broker: HintBroker, context: Context) -> list[bytes]:
    return queue.encode(broker, await sweeping.find_waiting(context, FOUND_AT_ONCE), {})


def run_worker(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then the photo in hand is finished. A second signal ends the process at once."""
    process.start(settings, "worker")
    readiness = Readiness()
    with _private_port(settings, readiness):
        stopping = asyncio.Event()
        broker = create_worker(settings, stopping, readiness)
        asyncio.run(_work(broker, stopping))


async def _work(broker: HintBroker, stopping: asyncio.Event) -> None:
    _stop_on_signals(stopping)
    await broker.startup()
    lag = LoopLag()
    lag.start()
    log.info("worker_started", consumer=broker.consumer_name)
    while not stopping.is_set():
        receiver = Receiver(
            broker, max_async_tasks=1, max_prefetch=0, ack_type=AcknowledgeType.WHEN_RECEIVED, run_startup=False
        )
        try:
            await receiver.listen(stopping)
        except Exception:  # a defect, not an outage: the broker waits those out
            log.exception("receiver_failed")
            await asyncio.sleep(PAUSE_AFTER_DEFECT_SECONDS)
    lag.stop()
    await broker.shutdown()
    log.info("worker_stopped")


def run_sweeper(settings: Settings) -> None:
    """A pass every few seconds, one process at a time over all that run; waits out any outage."""
    process.start(settings, "sweeper")
    readiness = Readiness()
    with _private_port(settings, readiness):
        asyncio.run(_sweep(settings, readiness))


async def _sweep(settings: Settings, readiness: Readiness) -> None:
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    broker = create_broker(settings.redis_url, "sweeper")
    pool = create_pool(settings.database_url, POOL_SIZE)
    context, close = create_context(settings, broker, pool)
    sweeper = Sweeper(context, open_storage(settings.storage_url), settings.event_hours)
    await pool.open()
    readiness.working(pool)
    log.info("sweeper_started")
    while not stopping.is_set():
        await sweeper.run_pass()
        pause = settings.sweeper_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads the sweepers, guards nothing
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
    readiness.stopped()
    await close()
    await broker.shutdown()
    log.info("sweeper_stopped")


class Sweeper:
    """Its passes never raise: whatever is away now, the next one comes."""

    def __init__(self, context: Context, storage: PhotoStorage, event_hours: float = 24.0) -> None:
        self._context = context
        self._storage = storage
        self._strays = Strays(context, storage)
        self._event_hours = event_hours
        self._pruned_to: datetime | None = None
        self._purge_at = self._look_at = 0.0
        self._lost = self._stuck = False

    async def run_pass(self) -> None:
        try:
            swept = await sweeping.sweep_once(self._context)
            await self._look()
            if swept is not None:
                await self._purge()
        except (*DATABASE_AWAY, errors.Unavailable) as error:
            self._failed(error)
        except Exception:
            metrics.SWEEPER_PASSES.labels("failed").inc()
            log.exception("sweep_broke")
        else:
            metrics.SWEEPER_PASSES.labels("elsewhere" if swept is None else "swept").inc()
            self._went_well()

    async def _look(self) -> None:
        """Whoever holds the lock: a gauge that only one of two sweepers keeps up would be wrong in the other."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
        await sweeping.look_around(self._context)
        count = await sweeping.count_stuck(self._context)
        if count and not self._stuck:
            log.warning("photos_stuck", count=count, releases=sweeping.STUCK_RELEASES)
        elif self._stuck and not count:
            log.info("photos_stuck_no_more")
        self._stuck = bool(count)

    async def _purge(self) -> None:
        if time.monotonic() >= self._purge_at:
            self._pruned_to = await sweeping.prune_events(self._context, self._event_hours, self._pruned_to)
            await sessions.purge_expired(self._context.pool, PURGE_CREDENTIALS)
            await sweeping.purge_once(self._context, self._storage)  # a store that is away keeps nothing else waiting
            await self._strays.purge_page()
            self._purge_at = time.monotonic() + PURGE_EVERY_SECONDS

    def _failed(self, error: Exception) -> None:
        metrics.SWEEPER_PASSES.labels("failed").inc()
        if not self._lost:
            log.warning("sweep_failed", error=type(error).__name__, said=str(error))
        self._lost = True

    def _went_well(self) -> None:
        if self._lost:
            log.info("sweep_failed_no_more")
        self._lost = False


@contextmanager
def _private_port(settings: Settings, readiness: Readiness) -> Generator[None]:
    port = serve_private(
        settings.private_host, settings.private_port, metrics.REGISTRY, Checks(ready=readiness.reasons)
    )
    log.info("private_port_open", port=port.port)
    try:
        yield
    finally:
        port.close()


def create_context(settings: Settings, broker: HintBroker, pool: Pool) -> tuple[Context, Callable[[], Awaitable[None]]]:
    """What the services work with, and how it is closed again."""
    valkey = open_valkey(settings.redis_url)

    async def close() -> None:
        await pool.close()
        await valkey.aclose()

    context = Context(
        pool=pool,
        publisher=Publisher(valkey),
        queue=PhotoQueue(broker, valkey),
        cache=SnapshotCache(valkey),
        lease_seconds=settings.lease_seconds,
        release_first_seconds=settings.release_first_seconds,
        release_longest_seconds=settings.release_longest_seconds,
        max_photos=settings.max_batch_photos,
    )
    return context, close


def _stop_on_signals(stopping: asyncio.Event) -> None:
    def stop() -> None:
        if stopping.is_set():
            log.warning("stopped_at_once")
            os._exit(TERMINATED)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
