"""Figures, their goals, and the table that goes into docs/performance.md."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one cell. `remark` is what a reader must know about this run, `detail` the raw counts."""

    value: float | None
    remark: str = ""
    detail: Any = None


class Row(msgspec.Struct, kw_only=True):
    """`runs`: by server. `higher`: more is better."""

    key: str
    what: str
    unit: str
    goal: str
    limit: float | None
    higher: bool = False
    runs: dict[str, list[Value]] = {}

    def median(self, server: str) -> float | None:
        """A run without a value is the worst of all; None where that is the median."""
        worst = -math.inf if self.higher else math.inf
        values = [worst if run.value is None else run.value for run in self.runs.get(server, ())] or [worst]
        middle = statistics.median(values)
        return middle if math.isfinite(middle) else None

    def met(self) -> bool | None:
        value = self.median("roomtally")
        if value is None or self.limit is None:
            return None
        return value >= self.limit if self.higher else value <= self.limit


def markdown(rows: Sequence[Row], about: Mapping[str, str], servers: Sequence[str]) -> str:
    lines = [f"- {name}: {text}" for name, text in about.items()]
    lines += [
        "",
        f"| what | goal | {' | '.join(servers)} | to nchan | |",
        f"| --- | --- |{' --- |' * (len(servers) + 2)}",
    ]
    remarks: list[str] = []
    for row in rows:
        marks = _remarks(row, remarks)
        cells = [_cell(row, server) for server in servers]
        verdict = {True: "met", False: "**not met**", None: ""}[row.met()]
        lines.append(f"| {row.what}{marks} | {row.goal} | {' | '.join(cells)} | {_ratio(row)} | {verdict} |")
    return "\n".join([*lines, "", *(f"{number}. {text}" for number, text in enumerate(remarks, 1))])


def _remarks(row: Row, remarks: list[str]) -> str:
    numbers: list[str] = []
    for server, runs in row.runs.items():
        for text in dict.fromkeys(run.remark for run in runs if run.remark):
            sentence = f"{server}: {text}"
            if sentence not in remarks:
                remarks.append(sentence)
            numbers.append(str(remarks.index(sentence) + 1))
    return f" ({', '.join(dict.fromkeys(numbers))})" if numbers else ""


def _cell(row: Row, server: str) -> str:
    if server not in row.runs:
        return "-"
    value = row.median(server)
    if value is None:
        return "none"
    spread = [run.value for run in row.runs[server] if run.value is not None]
    around = f" ({_short(min(spread))}-{_short(max(spread))})" if len(spread) > 1 else ""
    return f"{_short(value)} {row.unit}{around}"


def _ratio(row: Row) -> str:
    ours, theirs = row.median("roomtally"), row.median("nchan")
    return f"{ours / theirs:.2f}" if ours and theirs else "-"


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
