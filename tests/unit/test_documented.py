"""What the code says and what the documentation says are the same: problems, routes, settings, metrics, log events, tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from roomtally import app, errors, settings
from roomtally.http import problems
from roomtally.telemetry import metrics, stream_metrics

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "roomtally"
API, OPERATIONS, RELIABILITY = (ROOT / "docs" / f"{name}.md" for name in ("api", "operations", "reliability"))
RUNBOOK = ROOT / "observability" / "runbook.md"

KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
LOUD = frozenset({"warning", "error", "exception", "critical"})
# A metric whose name or help speaks of these counts something going wrong.
FAILURE = re.compile(r"\b(fail\w*|refus\w*|lost|errors?|connected|repairs|behind|unknown|limited)\b")


def calls() -> Iterator[ast.Call]:
    for file in sorted(SOURCE.rglob("*.py")):
        yield from (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))


def text_of(arguments: list[ast.expr], place: int) -> str | None:
    argument = arguments[place] if len(arguments) > place else None
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def called(call: ast.Call) -> tuple[str, str]:
    """`errors.NotFound(...)` is ("errors", "NotFound"); ("", "") for anything that has no such form."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id, function.attr
    return "", ""


def slugs_of_code() -> dict[str, int]:
    """Each slug and the status that it has over HTTP."""
    found = {slug: status for status, (slug, _) in problems.SLUG_OF_STATUS.items()}
    for call in calls():
        room, name = called(call)
        if room == "errors" and name in KINDS:
            slug = text_of(call.args, 0)
            assert slug, f"a slug that is no literal cannot be documented: {ast.unparse(call)}"
            found[slug] = problems.status_of(KINDS[name](slug, ""))
        elif (room, name) == ("problems", "encode"):
            slug, status = text_of(call.args, 2), ast.literal_eval(call.args[1])
            assert slug
            found[slug] = status
    return found


def rows(document: Path, heading: str) -> list[list[str]]:
    """The cells of all table rows below `heading` (and the headings under it) that begin with a name in backticks."""
    level = heading.partition(" ")[0]
    found: list[list[str]] = []
    inside = False
    for line in document.read_text("utf-8").splitlines():
        if line.startswith("#"):
            inside = line == heading or (inside and line.startswith(level + "#"))
        elif inside and line.startswith("| `"):
            found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    assert found, f"no table below {heading!r} in {document.name}"
    return found


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def named_in_runbook() -> set[str]:
    headings = [line for line in RUNBOOK.read_text("utf-8").splitlines() if line.startswith("### ")]
    return {name for name in set[str]().union(*map(names, headings)) if not is_alert(name)}


def is_alert(name: str) -> bool:
    """Those are held equal to the rules by tests/observability/test_rules.py."""
    return name[0].isupper()


# --- problems and routes


def test_each_problem_type_is_in_the_api_document_and_no_other():
    documented = [name for row in rows(API, "## Problem types") for name in names(row[0])]
    assert sorted(documented) == sorted(slugs_of_code())


def test_each_problem_type_has_the_status_that_is_documented():
    code = slugs_of_code()
    answers = [row for row in rows(API, "## Problem types") if row[1].isdigit()]
    assert len(answers) > 30
    assert {row[0].strip("`"): int(row[1]) for row in answers} == {
        name: code[name] for row in answers for name in names(row[0])
    }


def routes_of_code() -> set[str]:
    return {
        f"{method} {without_names(prefix + path)}"
        for prefix, handler in handlers()
        for path in handler.paths
        for method in handler.http_methods
        if method not in {"OPTIONS", "HEAD"}
    }


def handlers() -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Each handler, and the path that its controller puts before its own."""
    for owner in app.ROUTES:
        prefix = vars(owner).get("path", "") if isinstance(owner, type) else ""
        for handler in vars(owner).values() if isinstance(owner, type) else [owner]:
            if isinstance(handler, HTTPRouteHandler):
                yield prefix, handler


def without_names(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path).rstrip("/") or "/"


def test_each_route_is_in_the_api_document_and_no_other():
    documented = {name for row in rows(API, "## Routes") for name in names(row[0])}
    method_and_path = [entry.partition(" ") for entry in documented]
    assert {f"{method} {without_names(path)}" for method, _, path in method_and_path} == routes_of_code()


# --- settings


def test_each_setting_is_in_the_operations_document_with_its_default():
    fields = {field.encode_name: field for field in msgspec.structs.fields(settings.Settings)}
    documented = {row[0].strip("`"): row[1] for row in rows(OPERATIONS, "## Settings")}
    assert set(documented) == {*fields, *settings.OF_COMMANDS}
    for name, field in fields.items():
        assert documented[name] == written(field.default), name


def written(default: object) -> str:
    match default:
        case msgspec.NODEFAULT:
            return "required"
        case None:
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"


# --- metrics and logs


def metrics_of_code() -> dict[str, MetricWrapperBase]:
    """By the name that /metrics shows."""
    found = [
        metric for metric in (vars(metrics) | vars(stream_metrics)).values() if isinstance(metric, MetricWrapperBase)
    ]
    return {shown(metric): metric for metric in found}


def shown(metric: MetricWrapperBase) -> str:
    family = family_of(metric)
    return family.name + ("_total" if family.type == "counter" else "")


def family_of(metric: MetricWrapperBase) -> Metric:
    [family] = metric.describe()
    return family


def test_each_metric_is_in_the_operations_document_with_its_type_and_labels():
    documented = {row[0].strip("`"): (row[1], sorted(names(row[2]))) for row in rows(OPERATIONS, "## Metrics")}
    code = metrics_of_code()
    assert documented == {name: (family_of(metric).type, sorted(labels_of(metric))) for name, metric in code.items()}


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    return metric._labelnames  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType, reportUnknownMemberType] -- it has no public name


def loud_events() -> set[str]:
    found = [(call, called(call)) for call in calls()]
    return {
        text_of(call.args, 0) or ast.unparse(call) for call, (owner, name) in found if owner == "log" and name in LOUD
    }


def test_each_warning_and_error_of_the_log_has_an_entry_in_the_runbook():
    assert loud_events() - named_in_runbook() == set()


def test_each_metric_of_a_failure_has_an_entry_in_the_runbook():
    said = {
        name: f"{name.replace('_', ' ')} {family_of(metric).documentation}"
        for name, metric in metrics_of_code().items()
    }
    of_failures = {name for name, text in said.items() if FAILURE.search(text)}
    assert len(of_failures) > 10
    assert of_failures - named_in_runbook() == set()


def test_the_runbook_speaks_of_nothing_that_the_code_does_not_say():
    assert named_in_runbook() - loud_events() - set(metrics_of_code()) == set()


# --- proofs


@pytest.mark.parametrize("document", [*sorted((ROOT / "docs").glob("*.md")), RUNBOOK], ids=lambda path: path.name)
def test_tests_that_are_named_exist(document: Path):
    text = document.read_text("utf-8")
    for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        assert (ROOT / file).is_file(), file
        assert not test or re.search(rf"^ *(async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), test


def test_reliability_names_proofs():
    assert len(set(re.findall(r"`(tests/[^`]+)`", RELIABILITY.read_text("utf-8")))) > 20
