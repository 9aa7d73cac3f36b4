"""One rate, measured; and the highest rate before the tail is too late."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import msgspec

from loadtests.bench_stream.inject import Injector
from loadtests.bench_stream.usage import Usage
from loadtests.sse_client.fleet import Options
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import Report, report
from loadtests.sse_client.tally import Tally

LATE_MS = 100.0
ARRIVED = 0.98  # of what was offered; less means that frames were left out for slow readers, or are still on their way
CLIENT_BUSY = 0.7  # of its core; above that a result says as much about the client as about the server
WARM_UP_SECONDS = 0.5
SPLITS = (
    2  # of the span between the highest rate that passed and the next that did not: 2 x apart, it ends within a fifth
)
TRIES = 2  # a rate fails when it failed so often: one hiccup of the machine is none of the server's


class Target(Protocol):
    """A running server: ours or a peer."""

    @property
    def name(self) -> str: ...
    @property
    def has_first_event(self) -> bool: ...
    @property
    def pids(self) -> list[int]: ...
    def options(self, streams: int, topics: int, **more: Any) -> Options: ...
    def injector(self, topics: int) -> Injector: ...


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """`share` of the offered deliveries that came; CPU as shares of a core."""

    rate: float
    delivered_per_s: float
    share: float
    p50_ms: float
    p99_ms: float
    server_cpu: float
    client_cpu: float
    publisher_behind: int
    report: Report

    @property
    def passed(self) -> bool:
        return self.p99_ms < LATE_MS and self.share >= ARRIVED and not self.report.resets

    @property
    def client_busy(self) -> bool:
        return self.client_cpu > CLIENT_BUSY


Measured = Callable[[float], Rung]


def measure(
    target: Target, clients: Clients, injector: Injector, *, audience: int, rate: float, seconds: float
) -> Rung:
    """`audience`: viewers of each topic."""
    injector.run(rate, WARM_UP_SECONDS)
    clients.begin()
    before = Usage.of(target.pids)
    sent = injector.run(rate, seconds)
    after = Usage.of(target.pids)
    seen = report(clients.now(), clients.end())
    return Rung(
        rate=rate,
        delivered_per_s=round(seen.measured / sent.seconds, 1),
        share=round(seen.measured / (sent.events * audience), 4),
        p50_ms=seen.latency_ms.p50,
        p99_ms=seen.latency_ms.p99 if seen.measured else float("inf"),
        server_cpu=round(after.cpu_since(before), 3),
        client_cpu=seen.client_cpu,
        publisher_behind=sent.behind,
        report=seen,
    )


def at_rate(target: Target, streams: int, topics: int, *, rate: float, seconds: float, opens: float) -> Rung:
    """One rate on freshly opened streams."""
    with _measuring(target, streams, topics, seconds=seconds, opens=opens) as measured:
        return measured(rate)


def climb(
    target: Target, streams: int, topics: int, *, rates: Sequence[float], seconds: float, opens: float
) -> list[Rung]:
    """Every rate that was measured, in the order in which it was."""
    with ExitStack() as stack:

        def opened() -> Measured:
            stack.close()
            return stack.enter_context(_measuring(target, streams, topics, seconds=seconds, opens=opens))

        return search(rates, afresh_after_losses(opened))


def afresh_after_losses(opened: Callable[[], Measured]) -> Measured:
    """Where frames were lost the next rate is measured on what is `opened` anew: a publisher that was hung up on reaches nobody,
    and a history with a hole that no log can fill does not go on, at whatever rate."""
    measured: Measured | None = None

    def measure_next(rate: float) -> Rung:
        nonlocal measured
        if measured is None:
            measured = opened()
        rung = measured(rate)
        if rung.share < 1.0:
            measured = None
        return rung

    return measure_next


def search(rates: Sequence[float], measured: Measured) -> list[Rung]:
    """Rising `rates` up to the second failure in a row, because some servers fail at a slow rate (a burst for each event) and
    not at a faster one (several events in one write); then the span above the best is halved."""
    rungs: list[Rung] = []
    failed: list[float] = []
    for rate in rates:
        if _passes(rate, measured, rungs):
            failed.clear()
        else:
            failed.append(rate)
        if len(failed) == 2:
            break
    top = best(rungs)
    if top is None or not failed:
        return rungs
    low, high = top.rate, failed[0]
    for _ in range(SPLITS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _passes(middle, measured, rungs) else (low, middle)
    return rungs


def _passes(rate: float, measured: Measured, rungs: list[Rung]) -> bool:
    for _ in range(TRIES):
        rungs.append(measured(rate))
        if rungs[-1].passed:
            return True
    return False


def best(rungs: Sequence[Rung]) -> Rung | None:
    return max((rung for rung in rungs if rung.passed), key=lambda rung: rung.rate, default=None)


@contextmanager
def _measuring(target: Target, streams: int, topics: int, *, seconds: float, opens: float) -> Generator[Measured]:
    """Measures rate after rate on the same streams."""
    with Clients(target.options(streams, topics, opens_per_second=opens)) as clients:
        _all_open(target, clients, streams)
        injector = target.injector(topics)
        try:
            yield lambda rate: _tried(target, clients, injector, audience=streams // topics, rate=rate, seconds=seconds)
        finally:
            injector.close()


def _tried(target: Target, clients: Clients, injector: Injector, *, audience: int, rate: float, seconds: float) -> Rung:
    """A server that hangs up on its publisher has not reached the rate."""
    try:
        return measure(target, clients, injector, audience=audience, rate=rate, seconds=seconds)
    except OSError as error:
        sys.stderr.write(f"{target.name} at {rate:,.0f} events/s: {error}\n")
        nothing = report(Tally(), Tally())
        return Rung(
            rate=rate,
            delivered_per_s=0.0,
            share=0.0,
            p50_ms=0.0,
            p99_ms=float("inf"),
            server_cpu=0.0,
            client_cpu=0.0,
            publisher_behind=0,
            report=nothing,
        )


def _all_open(target: Target, clients: Clients, streams: int) -> None:
    opening = clients.open()
    if opening.opened != streams:
        raise RuntimeError(
            f"{target.name}: {opening.opened} of {streams} streams open, refused {dict(opening.refused)}"
        )
