"""The findings as a person reads them: in groups, each with what to do; or as JSON for a machine."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from roomtally.client import words
from roomtally.doctor.finding import Finding, State

SIGN = {State.OK: "✓", State.WARN: "!", State.FAIL: "✗"}
COLOUR = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
WIDEST = 110


async def tell(console: Console, findings: AsyncIterator[Finding]) -> list[Finding]:
    """Each as soon as it is found, then how many of each kind; all of them."""
    told: list[Finding] = []
    async for finding in findings:
        if not told or told[-1].part != finding.part:
            console.print(Text(finding.part[0].upper() + finding.part[1:], "bold"))
        console.print(_line(finding), width=min(console.width, WIDEST))
        told.append(finding)
    console.print()
    console.print(_summary(told))
    return told


def _line(finding: Finding) -> Padding:
    table = Table.grid(padding=(0, 1, 0, 0))
    colour = COLOUR[finding.state]
    table.add_row(Text(SIGN[finding.state], f"bold {colour}"), Text(words.clean(finding.says)))
    if finding.todo:
        table.add_row("", Text(f"→ {words.clean(finding.todo)}", colour))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _summary(told: Sequence[Finding]) -> Text:
    counts = Counter(finding.state for finding in told)
    parts = [
        _counted(counts[state], one, many)
        for state, one, many in ((State.FAIL, "failure", "failures"), (State.WARN, "warning", "warnings"))
        if counts[state]
    ]
    worst = next((state for state in (State.FAIL, State.WARN) if counts[state]), State.OK)
    return Text(", ".join(parts) or "All is well.", f"bold {COLOUR[worst]}")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def as_json(findings: Sequence[Finding]) -> str:
    """`ok`: nothing failed."""
    whole = {"ok": is_well(findings), "findings": findings}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def is_well(findings: Sequence[Finding]) -> bool:
    return all(finding.state is not State.FAIL for finding in findings)
