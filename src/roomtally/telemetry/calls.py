"""Calls to PostgreSQL and Valkey: how long each took, and its span, by the name of the query and never with values."""

import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from roomtally.telemetry import tracing


@contextmanager
def measured(seconds: Histogram, system: str, operation: str) -> Generator[None]:
    """A call to `system` (`postgresql`, `redis`), counted in `seconds` also when it fails.

    A span only inside one that is sent away: the calls of sweeps and renewals would be traces of their own.
    """
    started = time.perf_counter()
    try:
        with _span(system, operation):
            yield
    finally:
        seconds.labels(operation).observe(time.perf_counter() - started, tracing.exemplar())


def _span(system: str, operation: str) -> AbstractContextManager[object]:
    if not tracing.is_wanted():
        return nullcontext()
    attributes = {"db.system.name": system, "db.query.summary": operation}
    return tracing.span(operation, SpanKind.CLIENT, attributes=attributes)
