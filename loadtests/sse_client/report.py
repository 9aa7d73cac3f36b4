"""The figures of a run, for people and for programs."""

from array import array
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from loadtests.sse_client.tally import Tally


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds; exact, from all samples."""

    n: int
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    max: float = 0.0

    @classmethod
    def of(cls, samples: "array[float]") -> "Spread":
        if not samples:
            return cls(0)
        found = np.percentile(np.frombuffer(samples, dtype=np.float32), [50, 90, 99, 99.9, 100])
        return cls(len(samples), *(round(float(value), 3) for value in found))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    opened: int
    refused: dict[str, int]
    pending: int
    opens_per_s: float
    open_ms: Spread
    first_event_ms: Spread
    closed_by_server: int
    ended_whole: int
    farewells: int
    events: dict[str, int]
    comments: int
    bytes: int
    measured: int
    measured_per_s: float
    latency_ms: Spread
    skipped: int
    repeats: int
    backwards: int
    resets: int
    malformed: int
    problems: dict[str, int]
    window_seconds: float
    client_cpu: float
    client_lag_ms: Spread


def report(opening: Tally, window: Tally) -> Report:
    """`opening` is what was seen when all were open, `window` what was measured afterwards."""
    seconds = window.wall_seconds
    return Report(
        opened=opening.opened,
        refused=dict(opening.refused),
        pending=opening.pending,
        opens_per_s=round(opening.opened / opening.open_seconds, 1) if opening.open_seconds else 0.0,
        open_ms=Spread.of(opening.open),
        first_event_ms=Spread.of(opening.first),
        closed_by_server=window.closed,
        ended_whole=window.ended,
        farewells=window.farewells,
        events={name.decode("latin-1"): count for name, count in window.events.items()},
        comments=window.comments,
        bytes=window.bytes,
        measured=len(window.latency),
        measured_per_s=round(len(window.latency) / seconds, 1) if seconds else 0.0,
        latency_ms=Spread.of(window.latency),
        skipped=window.skipped,
        repeats=window.repeats,
        backwards=window.backwards,
        resets=window.resets,
        malformed=opening.malformed + window.malformed,
        problems=dict(opening.problems + window.problems),
        window_seconds=round(seconds, 3),
        client_cpu=round(window.cpu_seconds / seconds, 3) if seconds else 0.0,
        client_lag_ms=Spread.of(window.loop_lag),
    )


def show(result: Report, console: Console) -> None:
    spans = Table("ms", "n", "p50", "p90", "p99", "p99.9", "max", title="Times")
    counts = Table("what", "", title="Counts")
    for name, value in msgspec.structs.asdict(result).items():
        if isinstance(value, Spread):
            spans.add_row(name, f"{value.n:,}", *(f"{ms:,.2f}" for ms in msgspec.structs.astuple(value)[1:]))
        else:
            counts.add_row(name, _text(value))
    console.print(spans, counts)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items()) or "-"  # pyright: ignore[reportUnknownVariableType]
    return f"{value:,}"
