"""One record of each request: span, log line, metrics. A stream is measured to its first byte and then left alone."""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, cast

import structlog
from opentelemetry import context, trace
from prometheus_client import Counter, Histogram

from roomtally.telemetry import metrics, tracing

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "roomtally.record"
LEFT = 499  # the client left before an answer began
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})  # others are anybody's invention
QUIET_ROUTES = frozenset({"/health/live", "/health/ready"})

log = structlog.get_logger(__name__)


class Record:
    """Closed once: when the answer has ended, or, for a stream, when it has begun."""

    def __init__(self, scope: Scope, tracer: trace.Tracer) -> None:
        self._scope = scope
        self.started = time.perf_counter()
        self._open = True
        self.status = LEFT
        parent = tracing.context_of(header_of(scope, b"traceparent"))
        self._span = tracer.start_span(scope["method"], context=parent, kind=trace.SpanKind.SERVER)
        self._token = context.attach(trace.set_span_in_context(self._span))
        metrics.HTTP_IN_FLIGHT.inc()

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        metrics.HTTP_IN_FLIGHT.dec()
        route = route_of(self._scope)
        seconds = time.perf_counter() - self.started
        self._count(route, seconds)
        self._tell(route, seconds)
        self._end_span(route)
        context.detach(self._token)
        self._span = trace.INVALID_SPAN  # a stream lives on for hours: it need not keep its span

    def _count(self, route: str, seconds: float) -> None:
        requests, durations = _samples(self._scope["method"], route, self.status)
        requests.inc()
        durations.observe(seconds, tracing.exemplar(self._span))

    def _tell(self, route: str, seconds: float) -> None:
        write = log.debug if route in QUIET_ROUTES else log.info
        write(
            "request",
            method=self._scope["method"],
            route=route,
            path=self._scope["path"],
            status=self.status,
            ms=round(seconds * 1000, 2),
        )

    def _end_span(self, route: str) -> None:
        self._span.update_name(f"{self._scope['method']} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": self.status})
        if self.status >= 500:
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class Recorder:
    """ASGI middleware around everything that answers."""

    def __init__(self, app: App) -> None:
        self._app = app
        metrics.owned(metrics.HTTP_IN_FLIGHT)
        self._tracer = tracing.tracer()  # kept: asking for it each time costs 10 us

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = scope[KEY] = Record(scope, self._tracer)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            record.close()


def stream_begins(scope: Any, status: int = 200) -> float:
    """Close the record of a request whose answer stays open: its life is no latency. Returns when the request came, by
    `time.perf_counter`."""
    record = cast("Record | None", scope.get(KEY))
    if record is None:
        return time.perf_counter()
    record.status = status
    record.close()
    return record.started


@lru_cache(1024)
def _samples(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    method = method if method in METHODS else "other"
    return metrics.HTTP_REQUESTS.labels(method, route, str(status)), metrics.HTTP_SECONDS.labels(method, route)


def route_of(scope: Scope) -> str:
    """The template of the route, never the path: ids would make endless series."""
    return scope.get("path_template") or "unmatched"


def header_of(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
