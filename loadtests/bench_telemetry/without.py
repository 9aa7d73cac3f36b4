"""The service without its telemetry: `python -m loadtests.bench_telemetry.without serve`, or `photos`, or `hub`.

There is no such setting, and none is wanted. Before the service is imported, what it imports is replaced: metrics that count
nothing, spans that are none, calls that are not timed, a log that says nothing. What is left is what it would be if nobody had
written any of it, but for the calls into nothing.
"""

import logging
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, Self

import prometheus_client
from opentelemetry import trace

NOTHING = nullcontext(trace.INVALID_SPAN)


class Metric:
    """Stands for a counter, a gauge or a histogram."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def labels(self, *_: object, **__: object) -> Self:
        return self

    def inc(self, *_: object) -> None: ...

    dec = set = observe = set_function = inc

    def collect(self) -> list[Any]:
        return []

    describe = collect


def take_away() -> None:
    """Once, before anything of the service is imported that uses these."""
    from roomtally.telemetry import tallied  # a histogram itself, so before there is none

    _put(tallied, Tallied=Metric)
    _put(prometheus_client, Counter=Metric, Gauge=Metric, Histogram=Metric)
    from roomtally.telemetry import calls, logs, loop, tracing

    _put(logs, LEVELS=dict.fromkeys(logs.LEVELS, logging.CRITICAL))
    _put(calls, measured=_nothing_around)
    _put(loop.LoopLag, start=_nothing, stop=_nothing)
    _put(tracing, configure=_nothing, span=_nothing_around, tracer=trace.NoOpTracer, is_wanted=_no, is_sent=_no)
    _put(
        tracing,
        exemplar=_nothing,
        current_traceparent=_nothing,
        context_of=_nothing,
        links_to=_none,
        link_current=_nothing,
    )
    from roomtally.db import naming

    _put(naming, asker=_unnamed)
    from roomtally.streams.polling import Polling

    _put(Polling, spare=_nothing, end_sweep=_nothing)


def _put(place: Any, **values: Any) -> None:
    for name, value in values.items():
        assert hasattr(place, name), f"{place} has no {name} any more"
        setattr(place, name, value)


def _nothing(*_: object, **__: object) -> None: ...


def _no(*_: object) -> bool:
    return False


def _none(*_: object) -> list[Any]:
    return []


def _unnamed(_frame: object) -> str:
    return ""


def _nothing_around(*_: object, **__: object) -> AbstractContextManager[trace.Span]:
    return NOTHING


def main() -> None:
    take_away()
    if sys.argv[1] in {"photos", "hub"}:
        import_module(f"loadtests.bench_telemetry.{sys.argv[1]}").main()
        return
    from roomtally.__main__ import main as roomtally

    roomtally()


if __name__ == "__main__":
    main()
