"""What is measured on the service alone."""

import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from loadtests.bench_stream import committed
from loadtests.bench_stream.cells import Scale, lateness
from loadtests.bench_stream.figures import Value
from loadtests.bench_stream.house import SLOW_SWEEP, House, Web
from loadtests.bench_stream.ladder import Rung, at_rate, measure
from loadtests.bench_stream.usage import MIB, Usage
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import report

STALLED = 100
STALLED_RATE = 2000.0


def committed_thousand(house: House, scale: Scale) -> Value:
    """As shipped: swept every 2 s, every event committed in PostgreSQL before it is published."""
    return _committed(house, scale, 1000.0)


def committed_hundred(house: House, scale: Scale) -> Value:
    return _committed(house, scale, 100.0)


def _committed(house: House, scale: Scale, rate: float) -> Value:
    with house.running() as web, _open(web, scale.many, scale.many, scale.opens) as clients:
        committed.commit(house, scale.many, rate, 1.0)
        clients.begin()
        done = committed.commit(house, scale.many, rate, scale.committed_seconds)
        seen = report(clients.now(), clients.end())
    remarks = [f"{done.rate:,.0f} events/s committed", lateness(seen)]
    if seen.measured != done.events or seen.skipped:
        remarks.append(f"{seen.measured:,} of {done.events:,} measured, {seen.skipped} skipped")
    return Value(value=seen.latency_ms.p99, remark="; ".join(filter(None, remarks)), detail=seen)


def queries_one_topic(house: House, scale: Scale) -> Value:
    return _queries(house, scale, 1)


def queries_many_topics(house: House, scale: Scale) -> Value:
    return _queries(house, scale, scale.many)


def _queries(house: House, scale: Scale, topics: int) -> Value:
    with house.running() as web, _open(web, scale.many, topics, scale.opens):
        time.sleep(1)
        before = house.queries()
        time.sleep(scale.query_seconds)
        count = house.queries() - before
    return Value(value=count / scale.many / (scale.query_seconds / 60), detail={"queries": count})


class Stalled(msgspec.Struct, frozen=True, kw_only=True):
    rss_growth_mib: float
    tcp_mib: float
    healthy: Rung


def stalled(house: House, scale: Scale) -> Stalled:
    """100 streams that never read beside 100 that do, on one topic."""
    with house.injected() as web:
        options = web.options(2 * STALLED, 1, stalled=STALLED, opens_per_second=scale.opens)
        with Clients(options) as clients:
            clients.open()
            injector, start = web.injector(1), Usage.of(web.pids)
            with _sampled(web) as samples:
                rung = measure(
                    web, clients, injector, audience=STALLED, rate=STALLED_RATE, seconds=scale.stalled_seconds
                )
            injector.close()
    return Stalled(
        rss_growth_mib=round((max(sample.rss for sample in samples) - start.rss) / MIB, 1),
        tcp_mib=round((max(sample.tcp_bytes for sample in samples) - start.tcp_bytes) / MIB, 1),
        healthy=rung,
    )


def stalled_growth(found: Stalled) -> Value:
    return Value(value=found.rss_growth_mib, remark=f"{found.tcp_mib:,.0f} MiB of socket buffers", detail=found)


def stalled_tail(found: Stalled) -> Value:
    remark = "" if found.healthy.share > 0.98 else f"healthy readers got {found.healthy.share:.0%} of the frames"
    return Value(value=found.healthy.p99_ms, remark=remark, detail=found)


def drain(house: House, scale: Scale) -> Value:
    """SIGTERM with streams open, no spreading asked and nobody let in meanwhile: seconds until the process is gone."""
    with house.running(drain_accept_seconds=0.0) as web, _open(web, scale.drained, 1, scale.opens) as clients:
        clients.begin()
        began = time.monotonic()
        os.kill(web.process.pid, signal.SIGTERM)
        code = web.process.wait(30)
        seconds = time.monotonic() - began
        seen = report(clients.now(), clients.end(1.0))
    wrong = [] if code == 0 else [f"exit code {code}"]
    if not seen.ended_whole == seen.farewells == scale.drained:
        wrong.append(f"of {scale.drained} streams {seen.ended_whole} ended whole, {seen.farewells} with retry:")
    return Value(value=seconds, remark=", ".join(wrong), detail=seen)


def two_processes(house: House, scale: Scale) -> Value:
    """The same work for one process and for two, on a core each; how much less the busier of the two has to do.

    On a machine with two cores the client shares one with the second process, so that throughput would say little.
    """
    rate = 20_000 / scale.many
    with house.injected() as web:
        alone = at_rate(web, scale.many, 1, rate=rate, seconds=scale.seconds, opens=scale.opens)
    cores = sorted(house.all_cpus)[:2]
    with (
        house.running(cores[:1], sweep_seconds=SLOW_SWEEP) as first,
        house.running(cores[1:], sweep_seconds=SLOW_SWEEP) as second,
        _open(first, scale.many // 2, 1, scale.opens) as a,
        _open(second, scale.many // 2, 1, scale.opens) as b,
    ):
        injector = first.injector(1)
        injector.run(rate, 0.5)
        a.begin()
        b.begin()
        starts = [Usage.of(web.pids) for web in (first, second)]
        injector.run(rate, scale.seconds)
        busy = [Usage.of(web.pids).cpu_since(start) for web, start in zip((first, second), starts, strict=True)]
        seen = [report(clients.now(), clients.end()) for clients in (a, b)]
        injector.close()
    detail = {"alone": alone, "cpu": busy, "reports": seen}
    return Value(value=alone.server_cpu / max(busy), remark="by CPU for the same work", detail=detail)


@contextmanager
def _open(web: Web, streams: int, topics: int, opens: float) -> Generator[Clients]:
    with Clients(web.options(streams, topics, opens_per_second=opens)) as clients:
        opening = clients.open()
        if opening.opened != streams:
            raise RuntimeError(f"{opening.opened} of {streams} streams open, refused {dict(opening.refused)}")
        yield clients


@contextmanager
def _sampled(web: Web) -> Generator[list[Usage]]:
    """What the process holds, four times a second."""
    samples, over = [Usage.of(web.pids)], threading.Event()

    def sample() -> None:
        while not over.wait(0.25):
            samples.append(Usage.of(web.pids))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()
