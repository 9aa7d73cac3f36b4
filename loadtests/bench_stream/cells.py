"""What is measured on every server. Each function is one run of one cell."""

import time

import msgspec

from loadtests.bench_stream.figures import Value
from loadtests.bench_stream.ladder import Rung, Target, at_rate, best, climb
from loadtests.bench_stream.usage import Usage
from loadtests.sse_client.processes import Clients
from loadtests.sse_client.report import Report, report

FANOUT = (25_000, 50_000, 100_000, 150_000, 200_000, 300_000, 400_000)  # deliveries/s
MANY = (5_000, 10_000, 20_000, 30_000, 45_000, 60_000, 80_000)  # events/s


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything. `opens` is the pace at which streams are opened before something is measured."""

    repeats: int = 3
    few: int = 1000
    many: int = 5000
    seconds: float = 3.0  # of one rate of a climb: 15 bursts to 5,000 viewers at the lowest
    burst_seconds: float = 10.0  # and as many bursts
    steady_seconds: float = 6.0  # 6,000 events
    idle: int = 10_000
    idle_seconds: float = 16.0  # each stream is pinged once
    query_seconds: float = 20.0  # ten sweeps
    stalled_seconds: float = 10.0
    committed_seconds: float = 10.0
    drained: int = 1000
    opens: float = 1000.0


QUICK = Scale(
    repeats=1,
    few=200,
    many=1000,
    seconds=2.0,
    burst_seconds=4.0,
    steady_seconds=2.0,
    idle=2000,
    idle_seconds=16.0,
    query_seconds=10.0,
    stalled_seconds=5.0,
    committed_seconds=5.0,
    drained=300,
)


def fanout_few(target: Target, scale: Scale) -> Value:
    return _fanout(target, scale, scale.few)


def fanout_many(target: Target, scale: Scale) -> Value:
    return _fanout(target, scale, scale.many)


def _fanout(target: Target, scale: Scale, viewers: int) -> Value:
    rungs = climb(
        target, viewers, 1, rates=[rate / viewers for rate in FANOUT], seconds=scale.seconds, opens=scale.opens
    )
    return _highest(rungs)


def many_topics(target: Target, scale: Scale) -> Value:
    return _highest(climb(target, scale.many, scale.many, rates=MANY, seconds=scale.seconds, opens=scale.opens))


def _highest(rungs: list[Rung]) -> Value:
    top = best(rungs)
    busy = "the client took more than 70 % of its core at the best rate" if top and top.client_busy else ""
    end = "the highest rate that was tried passed" if top is not None and top.rate == max(r.rate for r in rungs) else ""
    return Value(
        value=top.delivered_per_s if top else None, remark=" and ".join(filter(None, (busy, end))), detail=rungs
    )


def burst(target: Target, scale: Scale) -> Value:
    """One event a second to all viewers of one topic: each is a burst of its own."""
    return _tail(at_rate(target, scale.many, 1, rate=1.0, seconds=scale.burst_seconds, opens=scale.opens))


def at_thousand(target: Target, scale: Scale) -> Value:
    return _tail(at_rate(target, scale.many, scale.many, rate=1000.0, seconds=scale.steady_seconds, opens=scale.opens))


def _tail(rung: Rung) -> Value:
    missing = "" if rung.share == 1.0 else f"only {rung.share:.1%} of the frames came"
    return Value(value=rung.p99_ms, remark="; ".join(filter(None, (missing, lateness(rung.report)))), detail=rung)


def lateness(seen: Report) -> str:
    """A sentence where the client's own lateness is a good part of what it measured."""
    lag = seen.client_lag_ms.p99
    return f"the client itself was up to {lag:.1f} ms late (p99)" if lag > seen.latency_ms.p99 / 4 else ""


def storm(target: Target, scale: Scale) -> Value:
    """All open, all are cut, all come back as fast as 1,024 handshakes at a time allow. Each follows its own topic."""
    return _storm(target, scale.many, scale.many)


def storm_one_topic(target: Target, scale: Scale) -> Value:
    return _storm(target, scale.many, 1)


def _storm(target: Target, streams: int, topics: int) -> Value:
    options = target.options(streams, topics, opens_per_second=0.0, in_flight=1024)
    with Clients(options) as clients:
        clients.open()
    with Clients(options) as clients:
        opening = clients.open()
    seen = report(opening, opening)
    span = seen.first_event_ms if target.has_first_event else seen.open_ms
    missing = streams - seen.opened + seen.pending
    remarks = [f"{missing} of {streams} refused or pending"] if missing else []
    if not target.has_first_event:
        remarks.append("the head only: nothing is sent on connect")
    return Value(value=span.p99, remark="; ".join(remarks), detail=seen)


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    streams: int
    rss_kib_each: float
    tcp_kib_each: float
    cpu: float
    pings: int


def idle(target: Target, streams: int, topics: int, seconds: float, opens: float) -> Idle:
    """Memory and CPU of streams on which nothing happens but the heartbeat."""
    before = Usage.of(target.pids)
    with Clients(target.options(streams, topics, opens_per_second=opens)) as clients:
        opened = clients.open().opened
        time.sleep(2)
        clients.begin()
        start = Usage.of(target.pids)
        time.sleep(seconds)
        end = Usage.of(target.pids)
        seen = clients.end(0.5)
    return Idle(
        streams=opened,
        rss_kib_each=round((end.rss - before.rss) / opened / 1024, 2),
        tcp_kib_each=round((end.tcp_bytes - before.tcp_bytes) / opened / 1024, 2),
        cpu=round(end.cpu_since(start), 4),
        pings=seen.events.get(b"ping", 0) + seen.comments,
    )


def idle_memory(found: Idle) -> Value:
    return Value(value=found.rss_kib_each + max(0.0, found.tcp_kib_each), detail=found)


def idle_cpu(found: Idle) -> Value:
    return Value(value=found.cpu * 100, detail=found)
