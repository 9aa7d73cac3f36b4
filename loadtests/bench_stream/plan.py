"""All cells, with the rows that they fill and the goals of those rows."""

from collections.abc import Callable
from typing import Any, NamedTuple

from loadtests.bench_stream import cells, own_cells
from loadtests.bench_stream.cells import Scale
from loadtests.bench_stream.figures import Row, Value

Run = Callable[[Any, Scale], tuple[Value, ...]]


class Cell(NamedTuple):
    """`run` gives one value for each row. It takes a running server where `peers` (theirs too), else the house. `injects`:
    events that are not in the database come, so the service must sweep slowly."""

    rows: tuple[Row, ...]
    run: Run
    peers: bool = False
    injects: bool = False


def plan(scale: Scale) -> list[Cell]:
    return [*_beside_peers(scale), *_own(scale)]


def _beside_peers(scale: Scale) -> list[Cell]:
    few, many = f"{scale.few:,}", f"{scale.many:,}"
    return [
        Cell(
            (_more("fanout-few", f"one batch, {few} viewers: deliveries/s with p99 < 100 ms", "/s", "-", None),),
            _single(cells.fanout_few),
            peers=True,
            injects=True,
        ),
        Cell(
            (_more("fanout-many", f"one batch, {many} viewers: the same", "/s", ">= 150k", 150_000),),
            _single(cells.fanout_many),
            peers=True,
            injects=True,
        ),
        Cell(
            (_less("burst", f"one burst to {many} viewers, p99", "ms", "<= 60 ms", 60),),
            _single(cells.burst),
            peers=True,
            injects=True,
        ),
        Cell(
            (_more("topics", f"{many} batches, a viewer each: events/s with p99 < 100 ms", "/s", ">= 45k", 45_000),),
            _single(cells.many_topics),
            peers=True,
            injects=True,
        ),
        Cell(
            (_less("thousand", "the same at 1,000 events/s injected: bus to client, p99", "ms", "<= 1 ms", 1),),
            _single(cells.at_thousand),
            peers=True,
            injects=True,
        ),
        Cell(
            (_less("storm", f"{many} reconnect, a batch each: first event, p99", "ms", "<= 500 ms", 500),),
            _single(cells.storm),
            peers=True,
        ),
        Cell(
            (_less("storm-one", f"{many} reconnect to one batch: first event, p99", "ms", "-", None),),
            _single(cells.storm_one_topic),
            peers=True,
        ),
        Cell(_idle_rows("idle", f"{scale.idle:,} idle streams of one batch"), _idle_one, peers=True),
    ]


def _own(scale: Scale) -> list[Cell]:
    many = f"{scale.many:,}"
    return [
        Cell(_idle_rows("idle-topics", f"{scale.idle:,} idle streams of {many} batches"), _idle_own_many),
        Cell(
            (
                _less(
                    "stalled", "100 stalled + 100 healthy, 2,000 events/s: the process grows by", "MiB", "< 32 MiB", 32
                ),
                _less("stalled-tail", "the healthy ones, p99", "ms", "< 60 ms", 60),
            ),
            _stalled,
        ),
        Cell(
            (_less("drain", f"drain of {scale.drained:,} streams, no spreading asked", "s", "<= 1 s", 1),),
            _single(own_cells.drain),
        ),
        Cell(
            (_more("two", "two web processes on two cores", "x one", ">= 1.8", 1.8),), _single(own_cells.two_processes)
        ),
        Cell(
            (_less("queries", f"queries per viewer-minute, {many} idle on one batch", "", "< 0.01", 0.01),),
            _single(own_cells.queries_one_topic),
        ),
        Cell(
            (_less("queries-topics", "the same, a batch each", "", "-", None),), _single(own_cells.queries_many_topics)
        ),
        # last: from here on the numbers in the database are not those of the seed any more
        Cell(
            (_less("committed-100", f"{many} batches, 100 events/s committed: to client, p99", "ms", "<= 5 ms", 5),),
            _single(own_cells.committed_hundred),
        ),
        Cell(
            (_less("committed", "the same, 1,000 events/s or as many as can be", "ms", "<= 5 ms", 5),),
            _single(own_cells.committed_thousand),
        ),
    ]


def _idle_rows(key: str, what: str) -> tuple[Row, ...]:
    return (
        _less(f"{key}-memory", f"{what}: memory each", "KiB", "<= 20 KiB", 20),
        _less(f"{key}-cpu", "their CPU, 15 s heartbeat", "%", "<= 3 %", 3),
    )


def _idle_one(target: Any, scale: Scale) -> tuple[Value, ...]:
    found = cells.idle(target, scale.idle, 1, scale.idle_seconds, scale.opens)
    return cells.idle_memory(found), cells.idle_cpu(found)


def _idle_own_many(house: Any, scale: Scale) -> tuple[Value, ...]:
    with house.running() as web:
        found = cells.idle(web, scale.idle, scale.many, scale.idle_seconds, scale.opens)
    return cells.idle_memory(found), cells.idle_cpu(found)


def _stalled(house: Any, scale: Scale) -> tuple[Value, ...]:
    found = own_cells.stalled(house, scale)
    return own_cells.stalled_growth(found), own_cells.stalled_tail(found)


def _single(run: Callable[[Any, Scale], Value]) -> Run:
    return lambda subject, scale: (run(subject, scale),)


def _more(key: str, what: str, unit: str, goal: str, limit: float | None) -> Row:
    return Row(key=key, what=what, unit=unit, goal=goal, limit=limit, higher=True)


def _less(key: str, what: str, unit: str, goal: str, limit: float | None) -> Row:
    return Row(key=key, what=what, unit=unit, goal=goal, limit=limit)
