"""`python -m observability.build`: writes rules/ and dashboards/ from the tables. `--check` only says what differs."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from observability import alerts, panels, running, slos, watching
from observability.slos import Rule

HERE = Path(__file__).parent
RUNBOOK = "https://github.com/roomtally/roomtally/blob/main/observability/runbook.md"
GENERATED = "# Made by `python -m observability.build`; change the tables there.\n"

DASHBOARDS = {
    "overview": ("Roomtally: overview", watching.OVERVIEW),
    "streams": ("Roomtally: streams", watching.STREAMS),
    "pipeline": ("Roomtally: photos and batches", watching.PIPELINE),
    "api": ("Roomtally: API", running.API),
    "stores": ("Roomtally: stores and processes", running.STORES),
    "promise": ("Roomtally: load and promise", running.PROMISE),
}


def files() -> Mapping[Path, str]:
    """All that is made, by where it belongs."""
    in_this_order = [*slos.recordings(), *slos.burns()]  # groups are evaluated in any: an alert would see old ratios
    found = {
        HERE / "rules" / "slo.yml": _rules({"slo": in_this_order}),
        HERE / "rules" / "causes.yml": _rules({"causes": alerts.CAUSES}),
    }
    for name, whole in dashboards().items():
        found[HERE / "dashboards" / f"{name}.json"] = json.dumps(whole, indent=2) + "\n"
    return found


def dashboards() -> dict[str, dict[str, Any]]:
    return {name: panels.dashboard(name, title, table) for name, (title, table) in DASHBOARDS.items()}


def all_alerts() -> list[Rule]:
    return [*slos.burns(), *alerts.CAUSES]


def _rules(groups: Mapping[str, Iterable[Rule]]) -> str:
    lines = [GENERATED + "groups:"]
    for name, rules in groups.items():
        lines += [f"  - name: roomtally-{name}", "    rules:"]
        for rule in rules:
            lines += _rule(rule)
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> list[str]:
    """JSON strings are YAML too."""
    kind = "alert" if "severity" in rule.labels else "record"
    lines = [f"      - {kind}: {rule.name}", f"        expr: {json.dumps(rule.expression)}"]
    if rule.wait not in {"", "0m"}:
        lines.append(f"        for: {rule.wait}")
    lines.append("        labels:")
    lines += [f"          {key}: {value}" for key, value in rule.labels.items()]
    if kind == "alert":
        lines.append("        annotations:")
        lines += [f"          {key}: {json.dumps(value)}" for key, value in _annotations(rule).items()]
    return lines


def _annotations(rule: Rule) -> dict[str, str]:
    return {
        "summary": rule.summary,
        "description": rule.description,
        "runbook_url": f"{RUNBOOK}#{rule.name.lower()}",
    }


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        print(f"{'differs' if check else 'wrote'}: {path.relative_to(HERE)}")  # noqa: T201 - a command
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files()[path], "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
