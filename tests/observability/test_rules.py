"""The rules by promtool: each alert fires, stays quiet just below, and ends; and nothing that is named does not exist."""

import ast
import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from observability import build, panels, slos
from roomtally.telemetry import metrics, stream_metrics
from tests.fixtures.tools import need
from tests.observability import test_prometheus
from tests.observability.cases import ALWAYS, CAUSES, OUTCOMES, Case

HERE = Path(__file__).parents[2] / "observability"
SLO, CAUSE = RULES = ("rules/slo.yml", "rules/causes.yml")
NAME = re.compile(r"\broomtally_[a-z_]+")
PARTS = ("_bucket", "_count", "_sum")
ENDS = 100  # minutes of trouble; then what is mended shows for as long again
HOUR = 60


def promtool(*arguments: str, folder: Path = HERE) -> None:
    need("promtool")
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_rules(folder: Path, rules: str, tests: list[dict[str, Any]], every: str = "1m") -> None:
    """`every`: how often the rules are evaluated; the ratios over three days take long."""
    whole = {"rule_files": [str(HERE / rules)], "evaluation_interval": every, "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(whole))
    promtool("test", "rules", "tests.yml", folder=folder)


def series(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": text} for name, text in values.items()]


def counted(alert: str, minute: int, *, fires: bool) -> dict[str, Any]:
    """ALERTS holds what fires; the labels and texts of each are looked at elsewhere."""
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0 or vector(0)'
    return {"expr": query, "eval_time": f"{minute}m", "exp_samples": [{"value": int(fires), "labels": "{}"}]}


# --- causes

ENDING = {
    "SweeperSilent",
    "StreamReconnectStorm",
}  # their bad and good series do not join; they have a test of their own


def is_quiet(case: Case) -> dict[str, Any]:
    checks = [counted(case.alert, minute, fires=False) for minute in (10, case.after, ENDS)]
    return {"interval": "1m", "input_series": series(case.good), "promql_expr_test": checks, "name": case.alert}


def fires_and_ends(case: Case) -> dict[str, Any]:
    """100 minutes of trouble; then gauges change, and counters stand still or go on as is good."""
    values = {name: joined(text, case.good.get(name, "")) for name, text in case.bad.items()}
    values |= {name: f"_x{ENDS} {text}" for name, text in case.good.items() if name not in case.bad}
    checks = [counted(case.alert, case.after, fires=True), counted(case.alert, ENDS + 80, fires=False)]
    return {"interval": "1m", "input_series": series(values), "promql_expr_test": checks, "name": case.alert}


def joined(bad: str, good: str) -> str:
    """The first 100 minutes of `bad`, then `good` as a gauge, or the counter at rest where it rose."""
    rising = re.fullmatch(r"0\+([\d.]+)x200", bad)
    if rising:
        last = float(rising[1]) * ENDS
        slope = re.fullmatch(r"0\+([\d.]+)x200", good)
        return f"0+{rising[1]}x{ENDS} {last:g}+{slope[1] if slope else 0}x{ENDS}"
    return f"{bad.replace('x200', f'x{ENDS}')} {good.replace('x200', f'x{ENDS}')}"


def test_each_cause_has_a_case():
    assert sorted(case.alert for case in CAUSES) == sorted(rule.name for rule in build.alerts.CAUSES)


def test_each_cause_is_quiet_just_below(tmp_path: Path):
    run_rules(tmp_path, CAUSE, [is_quiet(case) for case in CAUSES])


def test_each_cause_fires_and_ends_when_it_is_mended(tmp_path: Path):
    run_rules(tmp_path, CAUSE, [fires_and_ends(case) for case in CAUSES if case.alert not in ENDING])


def test_a_sweeper_that_looks_again_and_a_storm_that_is_over_are_told_no_longer(tmp_path: Path):
    looked = {"roomtally_sweeper_looked_timestamp_seconds": "0x20 1260+60x60"}
    stormed = {"roomtally_streams_opened_total": "0+60x60 3600+600x10 9600+60x60", "roomtally_streams_open": "900x200"}
    run_rules(
        tmp_path,
        CAUSE,
        [
            {
                "interval": "1m",
                "input_series": series(values),
                "promql_expr_test": [counted(alert, on, fires=True), counted(alert, off, fires=False)],
            }
            for alert, values, on, off in (("SweeperSilent", looked, 20, 30), ("StreamReconnectStorm", stormed, 66, 90))
        ],
    )


# --- objectives


def burning(slo: slos.Objective, share: float, minutes: int, after: int = 0) -> dict[str, str]:
    """`share` of 1,000 a minute fail, for so long; nothing fails in the `after` minutes that follow."""
    failing, fine = OUTCOMES[slo.name]
    rises: dict[str, list[float]] = {}
    for outcomes, bad, good in ((failing, share, 0.0), (fine, 1 - share, 1.0)):
        for name in outcomes:
            rise = rises.setdefault(name, [0.0, 0.0])
            rise[0] += 1000 * bad
            rise[1] += 1000 * good
    found = dict.fromkeys((name for name in ALWAYS if name not in rises), f"0x{minutes + after}")
    return found | {
        name: f"0+{first:g}x{minutes} {first * minutes + then:g}+{then:g}x{max(after, 1)}"
        for name, (first, then) in rises.items()
    }


def burn_test(
    slo: slos.Objective, share: float, minutes: int, after: int, checks: Iterable[tuple[str, int, bool]]
) -> dict[str, Any]:
    expected = [counted(slo.alert + kind, minute, fires=fires) for kind, minute, fires in checks]
    values = series(burning(slo, share, minutes, after))
    return {"interval": "1m", "input_series": values, "promql_expr_test": expected, "name": slo.name}


def fast(slo: slos.Objective) -> list[dict[str, Any]]:
    """14.4 times the budget for an hour pages; a little less does not; ten minutes after the end it is over."""
    rate = 14.4 * (1 - slo.target)
    return [
        burn_test(slo, min(rate * 1.05, 1), HOUR, 40, [("BudgetFast", HOUR, True), ("BudgetFast", HOUR + 40, False)]),
        burn_test(slo, 5.9 * (1 - slo.target), HOUR, 1, [("BudgetFast", HOUR, False)]),
    ]


def slow(slo: slos.Objective) -> list[dict[str, Any]]:
    """3 times the budget for half a day is a ticket, and no page; as much as the budget never is."""
    budget = 1 - slo.target
    return [
        burn_test(
            slo,
            3.1 * budget,
            12 * HOUR,
            7 * HOUR,
            [("BudgetSlow", 12 * HOUR, True), ("BudgetFast", 12 * HOUR, False), ("BudgetSlow", 19 * HOUR, False)],
        ),
        burn_test(slo, 0.95 * budget, 12 * HOUR, 1, [("BudgetSlow", 12 * HOUR, False)]),
    ]


@pytest.mark.parametrize("slo", slos.OBJECTIVES, ids=lambda slo: slo.name)
def test_each_budget_tells_of_a_fast_burn_and_of_a_slow_one(tmp_path: Path, slo: slos.Objective):
    run_rules(tmp_path, SLO, fast(slo))
    run_rules(tmp_path, SLO, slow(slo), every="10m")


# --- the files


def test_what_is_committed_is_what_the_tables_say():
    stale = [path.name for path, text in build.files().items() if path.read_text("utf-8") != text]
    assert stale == [], "python -m observability.build"
    made = {path for path in build.files() if path.parent.name in {"rules", "dashboards"}}
    assert {*(HERE / "rules").iterdir(), *(HERE / "dashboards").iterdir()} == made


def test_the_configuration_is_good_by_the_programs_own_word():
    promtool("check", "rules", *RULES)
    promtool("check", "config", "prometheus.yml")
    need("amtool")
    done = subprocess.run(
        ["amtool", "check-config", str(HERE / "alertmanager.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("severity", "receiver"), [("page", "pager"), ("ticket", "tickets")])
def test_pages_and_tickets_go_where_they_belong(severity: str, receiver: str):
    need("amtool")
    command = ["amtool", "config", "routes", "test", f"--config.file={HERE / 'alertmanager.yml'}"]
    command += [f"--verify.receivers={receiver}", f"severity={severity}", "slo=api-latency"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_on_a_cause_silences_no_ticket():
    """Alertmanager takes labels that both lack for equal."""
    rules = yaml.safe_load((HERE / "alertmanager.yml").read_text())["inhibit_rules"]
    by_objective = [rule for rule in rules if rule.get("equal") == ["slo"]]
    assert [
        side for rule in by_objective for side in ("source_matchers", "target_matchers") if 'slo != ""' in rule[side]
    ] == [
        "source_matchers",
        "target_matchers",
    ]


def test_each_alert_says_what_it_is_and_where_to_read_on():
    rules = [
        rule
        for name in RULES
        for group in yaml.safe_load((HERE / name).read_text())["groups"]
        for rule in group["rules"]
    ]
    told = [rule for rule in rules if "alert" in rule]
    assert len(told) == len(build.all_alerts()) > 40
    headings = [line for line in (HERE / "runbook.md").read_text("utf-8").splitlines() if line.startswith("### ")]
    for rule in told:
        notes, labels = rule["annotations"], rule["labels"]
        assert labels["severity"] in {"page", "ticket"}, rule["alert"]
        assert notes["summary"].endswith("."), rule["alert"]
        assert notes["description"].endswith("."), rule["alert"]
        assert notes["runbook_url"].partition("#")[2] in {anchor(line) for line in headings}, rule["alert"]


def test_the_runbook_has_an_entry_for_each_alert_and_for_no_other():
    headings = re.findall(r"(?m)^### `([A-Z]\w+)`$", (HERE / "runbook.md").read_text("utf-8"))
    assert sorted(headings) == sorted(rule.name for rule in build.all_alerts())


def test_the_runbook_says_of_each_alert_whether_it_was_tried_on_real_processes():
    source = ast.parse(Path(test_prometheus.__file__).read_text("utf-8"))
    sets = [node for node in ast.walk(source) if isinstance(node, ast.Set)]
    texts = {item.value for found in sets for item in found.elts if isinstance(item, ast.Constant)}
    provoked = texts & {rule.name for rule in build.all_alerts()}
    entries = re.split(r"(?m)^### `", (HERE / "runbook.md").read_text("utf-8").partition("\n## Alerts\n")[2])[1:]
    tried = {entry.partition("`")[0]: entry.rstrip().rpartition("- Tried: ")[2] for entry in entries}
    assert set(tried.values()) == {"on real processes.", "with made-up series only."}
    assert {name for name, how in tried.items() if how == "on real processes."} == provoked
    assert len(provoked) > 20


def anchor(heading: str) -> str:
    """As GitHub and GitLab make it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.removeprefix("### ").lower()).replace(" ", "-")


def declared() -> set[str]:
    """Each name as Prometheus has it, parts of histograms without their ending."""
    found = [
        metric for metric in (vars(metrics) | vars(stream_metrics)).values() if isinstance(metric, MetricWrapperBase)
    ]
    families = [family for metric in found for family in metric.describe()]
    return {family.name + ("_total" if family.type == "counter" else "") for family in families}


def used() -> set[str]:
    texts = [path.read_text("utf-8") for path in build.files()]
    names = {name for text in texts for name in NAME.findall(text)}
    whole = declared()
    return {name if name in whole else re.sub(f"({'|'.join(PARTS)})$", "", name) for name in names}


def test_what_rules_and_dashboards_name_is_declared_and_the_other_way_round():
    assert used() - declared() == set()
    assert declared() - used() == set(), "nobody looks at it"


# --- dashboards, by the rules of grafana/dashboard-linter


@pytest.mark.parametrize("name", build.DASHBOARDS)
def test_a_dashboard_is_as_grafana_wants_it(name: str):
    whole = json.loads((HERE / "dashboards" / f"{name}.json").read_text())
    assert (whole["uid"], whole["editable"], whole["schemaVersion"]) == (f"roomtally-{name}", False, panels.SCHEMA)
    assert "id" not in whole
    assert [variable["name"] for variable in whole["templating"]["list"]] == ["datasource"]
    ids = [panel["id"] for panel in whole["panels"]]
    assert len(set(ids)) == len(ids)
    places: set[tuple[int, int]] = set()
    for panel in whole["panels"]:
        at = panel["gridPos"]
        squares = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not squares & places, panel["title"]
        assert max(x for x, _ in squares) < 24
        places |= squares
        check_panel(panel)


def check_panel(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith("."), panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    assert panel["datasource"] == panels.DATASOURCE
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in panel["targets"]:
        assert target["datasource"] == panels.DATASOURCE
        assert target["legendFormat"], panel["title"]
        assert "$__interval" not in target["expr"], panel["title"]
        assert not re.search(r"rate\([^)]*\[\d", target["expr"]), "a fixed window hides what a zoom shows"
