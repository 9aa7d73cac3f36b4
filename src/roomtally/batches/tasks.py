"""What a worker does with one photo: claim, fetch, decode, analyze, thumbnail, and one verdict that is written down.

Who is to blame decides what is written:
- the photo (it cannot be decoded, its file is gone): ERROR at once, with a sentence for its owner. A missing file counts as the
  photo's: the stores are strongly consistent, so waiting brings nothing back, and a retry by hand stays possible;
- the infrastructure (storage, database, endpoint): PENDING again after a pause, no attempt spent;
- the analyzer (it raised what nobody expects): the claim is given up on the spot, so that the sweeper counts an attempt as if the
  process had died: tried again at most twice, and ERROR then, by the one statement that knows the rule;
- a hung thread cannot be stopped: the process exits and the claim runs out.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, assert_never
from uuid import UUID

import msgspec
import structlog
from opentelemetry import trace
from structlog.contextvars import bound_contextvars

from roomtally import errors
from roomtally.analysis import decode, thumbnail
from roomtally.analysis.model import Analysis, Analyzer
from roomtally.batches import hanging, queue
from roomtally.batches.model import FoundItem
from roomtally.batches.service import DATABASE_AWAY, work
from roomtally.batches.service.context import Context
from roomtally.broker import HintBroker, count_from_zero
from roomtally.inventory import volumes
from roomtally.settings import Settings
from roomtally.storage.photos import PhotoStorage, thumbnail_key
from roomtally.telemetry import metrics, tracing

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0  # between tries while the database is away

log = structlog.get_logger()
T = TypeVar("T")


class Desk(msgspec.Struct, frozen=True):
    """What a worker works with. `stopping` is set when it shall take nothing new."""

    context: Context
    storage: PhotoStorage
    analyzer: Analyzer
    settings: Settings
    worker: str
    stopping: asyncio.Event


class Done(msgspec.Struct, frozen=True):
    result: work.Result


class Failed(msgspec.Struct, frozen=True):
    sentence: str


class Released(msgspec.Struct, frozen=True):
    pass


class Spent(msgspec.Struct, frozen=True):
    pass


class Lost(msgspec.Struct, frozen=True):
    pass


Verdict = Done | Failed | Released | Spent | Lost
OUTCOMES: dict[type[Verdict], str] = {
    Done: "done",
    Failed: "failed",
    Released: "released",
    Spent: "spent",
    Lost: "lost",
}


def register(broker: HintBroker, desk: Desk) -> None:
    """Give `broker` the one task that workers do."""
    worker = PhotoWorker(desk)

    async def process_photo(photo_id: str) -> None:
        await worker.process(UUID(photo_id))

    count_from_zero(queue.TASK)
    broker.register_task(process_photo, task_name=queue.TASK)


class PhotoWorker:
    """One photo at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._thread: asyncio.Future[Any] | None = None
        self._database_away = False

    async def process(self, photo_id: UUID) -> None:
        with bound_contextvars(photo_id=str(photo_id)):
            claimed = await self._claim(photo_id)
            if claimed is None:
                return
            trace.get_current_span().set_attribute("roomtally.batch_id", str(claimed.batch_id))
            tracing.link_current(claimed.trace)  # its hint may have been lost, and the one that came have no trace
            with (
                bound_contextvars(batch_id=str(claimed.batch_id)),
                hanging.watchdog(self._desk.settings.photo_timeout_seconds),
            ):
                await self._hold(claimed)

    async def _claim(self, photo_id: UUID) -> work.Claimed | None:
        """Waits while the database is away: the hints behind this one would only be lost. None: refused, or asked to stop."""
        desk = self._desk
        return await self._persistently(
            "claim", lambda: work.claim_photo(desk.context, photo_id, worker=desk.worker), give_up=desk.stopping.is_set
        )

    async def _hold(self, claimed: work.Claimed) -> None:
        """The work under the claim, which is renewed meanwhile."""
        lost = asyncio.Event()
        renewal = asyncio.create_task(self._renew(claimed, lost))
        try:
            verdict = await self._judge(claimed, lost)
        finally:
            renewal.cancel()  # before the verdict is written: a claim that is given up must not be renewed after that
            await asyncio.wait([renewal])
        outcome = await self._persist(claimed, verdict)
        log.info("photo_processed", outcome=outcome, attempts=claimed.attempts)

    async def _renew(self, claimed: work.Claimed, lost: asyncio.Event) -> None:
        while not lost.is_set():
            await asyncio.sleep(self._desk.settings.lease_seconds / 3)
            try:
                renewed = await work.renew_claim(self._desk.context, claimed)
                metrics.RENEWALS.labels("renewed" if renewed else "lost").inc()
                if not renewed:
                    lost.set()
                self._database_answered()
            except DATABASE_AWAY as error:  # the claim may still outlive the outage; if not, finishing is refused
                metrics.RENEWALS.labels("failed").inc()
                self._database_failed("renew", error)
            except Exception:
                metrics.RENEWALS.labels("broke").inc()
                log.exception("renewal_broke")

    async def _judge(self, claimed: work.Claimed, lost: asyncio.Event) -> Verdict:
        limit = asyncio.timeout(self._desk.settings.photo_timeout_seconds)
        try:
            async with limit:
                return await self._look(claimed, lost)
        except (errors.Invalid, errors.TooLarge, errors.Unsupported, errors.NotFound) as fault:
            log.info("photo_failed", slug=fault.slug)
            return Failed(fault.detail)
        except (errors.RoomtallyError, *DATABASE_AWAY) as error:
            log.warning("photo_released", error=str(error), cause=repr(error.__cause__))
            return Released()
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                return self._out_of_time()
            log.exception("analyzer_broke")
            return Spent()

    async def _look(self, claimed: work.Claimed, lost: asyncio.Event) -> Verdict:
        desk = self._desk
        with _stage("fetch"):
            data = await desk.storage.get(claimed.storage_key)
        with _stage("decode"):
            picture = await self._in_thread(lambda: decode.decode(data, max_pixels=desk.settings.max_photo_pixels))
        if lost.is_set():
            return Lost()
        with _stage("analyze"):
            analysis = await self._in_thread(lambda: desk.analyzer.analyze(picture.image))
        if lost.is_set():
            return Lost()
        with _stage("thumbnail"):
            small = await self._in_thread(lambda: thumbnail.thumbnail(picture.image))
            key = thumbnail_key(claimed.photo_id)
            await desk.storage.put(key, small)
        return Done(_result(analysis, key, picture))

    def _out_of_time(self) -> Verdict:
        """A call that waits was cancelled: the infrastructure's fault. A thread goes on for ever: only the process can end it."""
        if self._thread is not None and not self._thread.done():
            metrics.CLAIMS.labels("timeout").inc()
            log.error("photo_timeout", timeout_seconds=self._desk.settings.photo_timeout_seconds)
            hanging.end_process()
        log.warning("photo_released", error="the storage did not answer within the photo's timeout")
        return Released()

    async def _persist(self, claimed: work.Claimed, verdict: Verdict) -> str:
        """The outcome that became true: `lost` where the claim was no longer ours, or the database stayed away."""
        deadline = asyncio.get_running_loop().time() + self._desk.settings.photo_timeout_seconds
        with _stage("persist"):
            kept = await self._persistently(
                "persist",
                lambda: self._write(claimed, verdict),
                give_up=lambda: asyncio.get_running_loop().time() > deadline,
            )
        return OUTCOMES[type(verdict)] if kept else "lost"

    async def _write(self, claimed: work.Claimed, verdict: Verdict) -> bool:
        context = self._desk.context
        match verdict:
            case Done(result):
                return await work.finish_photo(context, claimed, result)
            case Failed(sentence):
                return await work.fail_photo(context, claimed, sentence)
            case Released():
                return await work.release_photo(context, claimed)
            case Spent():
                metrics.CLAIMS.labels("spent").inc()
                return await work.give_up_claim(context, claimed)
            case Lost():
                return False
            case _:
                assert_never(verdict)

    async def _persistently(self, part: str, call: Callable[[], Awaitable[T]], give_up: Callable[[], bool]) -> T | None:
        """What `call` gives, tried again while the database is away; None when `give_up` says so."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                result = await call()
            except DATABASE_AWAY as error:
                self._database_failed(part, error)
                if give_up():
                    return None
            else:
                self._database_answered()
                return result
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the workers, guards nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _database_failed(self, part: str, error: Exception) -> None:
        """A line for an outage, not for each try and each photo in it."""
        metrics.DATABASE_FAILURES.labels(part).inc()
        if not self._database_away:
            log.warning("database_away", part=part, error=type(error).__name__, said=str(error))
        self._database_away = True

    def _database_answered(self) -> None:
        if self._database_away:
            log.info("database_away_no_more")
        self._database_away = False

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """`call` beside the event loop, which renews meanwhile; whether it ended is known even after a cancellation."""
        running = asyncio.ensure_future(asyncio.to_thread(call))
        self._thread = running
        return await asyncio.shield(running)


def _result(analysis: Analysis, key: str, picture: decode.Decoded) -> work.Result:
    return work.Result(
        room_type=analysis.room_type,
        room_confidence=analysis.room_confidence,
        items=[
            FoundItem(
                label=found.label,
                count=found.count,
                litres=volumes.of(found.label).typical,
                confidence=found.confidence,
                boxes=tuple(found.boxes),
                proposed=found.proposed,
            )
            for found in analysis.items
        ],
        thumbnail_key=key,
        width=picture.width,
        height=picture.height,
    )


@contextmanager
def _stage(name: str) -> Generator[None]:
    started = time.perf_counter()
    with tracing.span(name):
        try:
            yield
        finally:
            metrics.PHOTO_STAGE.labels(name).observe(time.perf_counter() - started, tracing.exemplar())
