"""Hints on their way to the workers: taskiq on a Valkey stream, hardened.

A hint may be lost, doubled or late, and Valkey may be emptied or gone: PostgreSQL knows what is to be done, and the sweeper hints
again. So a hint is acknowledged by being delivered (NOACK), nothing is ever reclaimed, and no error of Valkey ends the process:
while it is lost, hints come from the `fallback`.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, NamedTuple, cast

import structlog
from opentelemetry import context as otel
from opentelemetry.trace import Span, SpanKind, set_span_in_context
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from taskiq import AckableMessage, TaskiqMessage, TaskiqMiddleware, TaskiqResult
from taskiq.message import BrokerMessage
from taskiq_redis import RedisStreamBroker

from roomtally import errors
from roomtally.telemetry import metrics, tracing

QUEUE = "roomtally:photos"
GROUP = "workers"
MAX_HINTS = 100_000  # approximately; the oldest go, and the sweeper hints again
BUDGET_SECONDS = 0.25  # no call may take longer, a caller has committed and waits
BLOCK_SECONDS = 0.5  # one wait for a hint; a stop waits for its end
IDLE_SECONDS = 5.0  # without a hint, then the fallback is asked: a Valkey that is full hands out nothing and seems well
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
NO_GROUP = ("NOGROUP", "UNBLOCKED")  # the stream was deleted before or while we waited: by FLUSHALL or an empty restart

TRACEPARENT, SENT_AT = "traceparent", "sent_at"  # labels of a hint; sent_at in unix seconds

Fallback = Callable[[], Awaitable[Sequence[bytes]]]

log = structlog.get_logger()


class HintBroker(RedisStreamBroker):
    """One hint at a time to one consumer. `listen` never ends by itself; `publish` and `kick` raise after 250 ms at most.

    `fallback` gives a few hints from elsewhere; it is asked while Valkey is lost, and every 5 s while it has none.
    """

    def __init__(self, url: str, consumer: str) -> None:
        calls: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "socket_connect_timeout": BUDGET_SECONDS}
        super().__init__(
            url,
            queue_name=QUEUE,
            consumer_group_name=GROUP,
            consumer_name=consumer,
            consumer_id="0",  # not `$`: hints that came before the first worker count too
            maxlen=MAX_HINTS,
            max_connection_pool_size=8,
            timeout=BUDGET_SECONDS,
            socket_timeout=BUDGET_SECONDS,
            client_name="roomtally-hints",
            **calls,
        )
        self.client = Redis(connection_pool=self.connection_pool)
        self._reader = Redis.from_url(
            url, socket_timeout=BLOCK_SECONDS + 1, client_name=f"roomtally-{consumer}", **calls
        )
        self.fallback: Fallback | None = None
        self._instead: deque[bytes] = deque()
        self._pause = FIRST_PAUSE_SECONDS
        self._lost = self._fallback_failed = False
        self._read_at = 0.0  # while lost: when Valkey is tried again
        self._idle_until = 0.0  # while not: when the fallback is asked

    async def _declare_consumer_group(self) -> None:
        """Only an attempt: whoever starts before Valkey finds the group missing later and makes it then."""
        with suppress(RedisError, OSError):
            await self._make_group()

    async def shutdown(self) -> None:
        with suppress(RedisError, OSError):
            await self.client.xgroup_delconsumer(QUEUE, GROUP, self.consumer_name)
        await super().shutdown()
        await self._reader.aclose()

    async def kick(self, message: BrokerMessage) -> None:
        await self.publish([message.message])

    async def publish(self, messages: Sequence[bytes]) -> None:
        """Add all `messages` in one round trip. Raises RedisError, OSError or TimeoutError within 250 ms."""
        async with asyncio.timeout(BUDGET_SECONDS), self.client.pipeline(transaction=False) as pipe:
            for message in messages:
                pipe.xadd(QUEUE, {b"data": message}, maxlen=MAX_HINTS, approximate=True)
            await pipe.execute()

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        while True:
            hint = await self._next()
            if hint is not None:
                yield AckableMessage(data=hint, ack=_acknowledged_on_delivery)

    async def _next(self) -> bytes | None:
        if self._instead:
            return self._instead.popleft()
        if self._lost and (hint := await self._hint_instead()) is not None:
            return hint
        try:
            hint = await self._read()
        except ResponseError as error:
            await self._heal(error)
            return None
        except (RedisError, OSError) as error:
            self._wait_out("connection", error)
            return None
        self._back()
        if hint is None and time.monotonic() >= self._idle_until:
            self._instead.extend(await self._ask_fallback())
        if hint is not None or time.monotonic() >= self._idle_until:
            self._idle_until = time.monotonic() + IDLE_SECONDS
        return hint

    async def _hint_instead(self) -> bytes | None:
        """A hint of the fallback; None, at the earliest when Valkey is to be tried again, where it has none."""
        while not self._instead:
            if time.monotonic() >= self._read_at:
                return None
            self._instead.extend(await self._ask_fallback())
            if not self._instead:
                await asyncio.sleep(max(0.0, self._read_at - time.monotonic()))
        return self._instead.popleft()

    async def _ask_fallback(self) -> Sequence[bytes]:
        if self.fallback is None:
            return ()
        try:
            found = await self.fallback()
        except Exception as error:  # what it asks may be away as well
            metrics.BROKER_ERRORS.labels("fallback").inc()
            if not self._fallback_failed:
                log.warning("hint_fallback_failed", error=str(error) or type(error).__name__)
            self._fallback_failed = True
            return ()
        self._fallback_failed = False
        return found

    async def _read(self) -> bytes | None:
        """The next hint, or None after half a second. A stop lets the read end first: a hint on its way would be lost with it."""
        reading = asyncio.ensure_future(self._read_one())
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            with suppress(RedisError, OSError):
                if hint := await reading:
                    await self.publish([hint])
            raise

    async def _read_one(self) -> bytes | None:
        answer: Any = await self._reader.xreadgroup(
            GROUP, self.consumer_name, {QUEUE: ">"}, count=1, block=int(BLOCK_SECONDS * 1000), noack=True
        )
        if not answer:
            return None
        [(_stream, [(_id, fields)])] = answer
        return cast("bytes", fields.get(b"data", b""))

    async def _heal(self, error: ResponseError) -> None:
        if not str(error).startswith(NO_GROUP):
            self._wait_out("answer", error)
            return
        try:
            await self._make_group()
        except (RedisError, OSError) as failure:
            self._wait_out("connection", failure)
            return
        metrics.BROKER_ERRORS.labels("group").inc()
        log.warning("hint_group_made_again", group=GROUP, stream=QUEUE)
        self._back()

    async def _make_group(self) -> None:
        try:
            await self.client.xgroup_create(QUEUE, GROUP, id=self.consumer_id, mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _wait_out(self, reason: str, error: Exception) -> None:
        metrics.BROKER_ERRORS.labels(reason).inc()
        metrics.owned(metrics.BROKER_CONNECTED).set(0)
        if not self._lost:
            log.warning("broker_lost", reason=reason, error=str(error) or type(error).__name__)
        self._lost = True
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        self._read_at = time.monotonic() + pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the workers, guards nothing

    def _back(self) -> None:
        metrics.owned(metrics.BROKER_CONNECTED).set(1)
        if self._lost:
            log.info("broker_back")
        self._lost = False
        self._pause = FIRST_PAUSE_SECONDS


def _acknowledged_on_delivery() -> None:
    """Nothing to do: the stream is read with NOACK."""


@contextmanager
def sending(traceparent: str | None) -> Generator[dict[str, Any]]:
    """A span around sending hints, a child of `traceparent`; gives the labels for them."""
    labels: dict[str, Any] = {SENT_AT: time.time()}
    if traceparent is None:
        yield labels
        return
    attributes = {"messaging.system": "redis", "messaging.destination.name": QUEUE, "messaging.operation.type": "send"}
    context = tracing.context_of(traceparent)
    with tracing.span(f"send {QUEUE}", SpanKind.PRODUCER, context=context, attributes=attributes):
        yield labels | {TRACEPARENT: tracing.current_traceparent()}


class _Running(NamedTuple):
    span: Span
    token: object
    started: float


class TaskTelemetry(TaskiqMiddleware):
    """Duration, outcome and wait of each task, and its span: linked to the span that sent it, since one batch makes many tasks."""

    kind: ClassVar[SpanKind] = SpanKind.CONSUMER

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, _Running] = {}

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        task, labels = message.task_name, message.labels
        if (sent_at := labels.get(SENT_AT)) is not None:
            metrics.TASK_QUEUE_WAIT.labels(task).observe(max(0.0, time.time() - float(sent_at)))
        span = tracing.tracer().start_span(
            f"process {QUEUE}",
            kind=self.kind,
            links=tracing.links_to(labels.get(TRACEPARENT)),
            attributes={
                "messaging.system": "redis",
                "messaging.destination.name": QUEUE,
                "messaging.operation.type": "process",
                "messaging.message.id": message.task_id,
                "roomtally.task": task,
            },
        )
        metrics.TASKS_IN_PROGRESS.labels(task).inc()
        token = otel.attach(set_span_in_context(span))
        self._running[message.task_id] = _Running(span, token, time.perf_counter())
        return message

    def post_execute(self, message: TaskiqMessage, result: "TaskiqResult[Any]") -> None:
        span, token, started = self._running.pop(message.task_id)
        task = message.task_name
        metrics.TASKS_IN_PROGRESS.labels(task).dec()
        metrics.TASK_EXECUTIONS.labels(task, "error" if result.is_err else "success").inc()
        metrics.TASK_DURATION.labels(task).observe(time.perf_counter() - started, tracing.exemplar(span))
        if result.error is not None:
            tracing.fail(span, result.error)
        span.end()
        otel.detach(cast("Any", token))


def count_from_zero(task: str) -> None:
    """For a process that will do `task`: its metrics are there before its first one."""
    metrics.TASKS_IN_PROGRESS.labels(task).set(0)
    metrics.TASK_QUEUE_WAIT.labels(task)
    metrics.TASK_DURATION.labels(task)
    for outcome in ("success", "error"):
        metrics.TASK_EXECUTIONS.labels(task, outcome)


def create_broker(redis_url: str, consumer: str) -> HintBroker:
    """The broker of one process, unconnected; `consumer` names it among all that read. Raises errors.Invalid for a wrong URL."""
    try:
        broker = HintBroker(redis_url, consumer)
    except ValueError as error:
        raise errors.Invalid("invalid-redis-url", f"ROOMTALLY_REDIS_URL cannot be used: {error}.") from error
    broker.add_middlewares(TaskTelemetry())
    return broker
