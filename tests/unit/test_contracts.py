"""Every rule of the house can be broken, and then it is said: by import-linter, and here for what it cannot see."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "roomtally"
TOP, FEATURE, ANALYSIS = "Rooms import downwards only", "Inside a feature", "Inside the analysis"
PURE, WEB, WORKER = "The domain is pure", "The web process never", "The worker never"
SERVICES, SQL, HTTP, HOME = (
    "Edges go through services",
    "Only stores speak SQL",
    "Only edges speak HTTP",
    "Every other library",
)
FORBIDDEN = [
    (TOP, "streams.topic", "roomtally.batches.model"),
    (TOP, "projects.service", "roomtally.inventory.model"),
    (FEATURE, "inventory.volumes", "roomtally.inventory.service"),
    (FEATURE, "batches.store.reads", "roomtally.batches.service.context"),
    (ANALYSIS, "analysis.decode", "roomtally.analysis.thumbnail"),
    *((PURE, "batches.model", library) for library in ("asyncio", "httpx", "os", "random", "time")),
    (PURE, "batches.events", "uuid"),
    (PURE, "inventory.volumes", "datetime"),
    (PURE, "inventory.summary", "roomtally.db.pool"),
    (WEB, "app", "roomtally.analysis.decode"),
    (WEB, "batches.service.files", "roomtally.analysis.bundled.sessions"),
    (WORKER, "broker", "litestar"),
    (SERVICES, "batches.tasks", "roomtally.db.pool"),
    (SERVICES, "projects.routes", "roomtally.projects.store"),
    (SQL, "app", "psycopg"),
    (SQL, "inventory.summary", "psycopg"),
    (SQL, "operators.routes", "psycopg_pool"),
    (HTTP, "streams.topic", "litestar"),
    (HTTP, "streams.sse", "litestar"),
    (HTTP, "inventory.service", "litestar"),
    (HOME, "streams.hub", "redis"),
    (HOME, "batches.tasks", "taskiq"),
    (HOME, "batches.routes.uploads", "PIL"),
]
# Not prose: "Update the page" has no SET behind it.
STATEMENT = re.compile(
    r"\s*(select\s.*(\sfrom\s|\d)|insert\s+into\s|update\s.*\sset\s|delete\s+from\s|with\s.*\sas\s*\(|truncate\s|"
    r"(create|alter|drop)\s+(table|index|database|role)|(un)?listen\s|notify\s|lock\s+table|pg_\w+\()",
    re.IGNORECASE | re.DOTALL,
)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What import-linter says by contract where every import of FORBIDDEN is in the code."""
    folder = tmp_path_factory.mktemp("house")
    copy = shutil.copytree(SOURCE, folder / "roomtally", ignore=shutil.ignore_patterns("*.onnx", "__pycache__"))
    for _, room, imported in FORBIDDEN:
        with copy.joinpath(*room.split(".")).with_suffix(".py").open("a") as file:
            file.write(f"\nimport {imported}\n")
    linter = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", ROOT / "pyproject.toml"]
    environ = os.environ | {"COLUMNS": "200", "PYTHONPATH": str(folder)}
    said = subprocess.run(linter, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert said.returncode == 1, said.stdout + said.stderr
    parts = re.split(r"^(.+)\n-+\n", said.stdout.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("contract", "room", "imported"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(
    complaints: dict[str, str], contract: str, room: str, imported: str
) -> None:
    said = next((text for name, text in complaints.items() if name.startswith(contract)), "")
    assert f"roomtally.{room} -> {imported} (" in said


def test_every_contract_is_shown_to_break(complaints: dict[str, str]) -> None:
    config = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    assert set(re.findall(r'^name = "(.+)"', config, re.MULTILINE)) == set(complaints)


def test_sql_is_written_in_stores_and_db_alone() -> None:
    assert [place for place in _statements() if not _may_speak_sql(place)] == []


def test_sql_would_be_found() -> None:
    found = {place.partition(":")[0] for place in _statements()}
    assert {"inventory/store.py", "batches/store/claims.py", "db/migrate.py"} <= found


def test_no_store_opens_or_ends_a_transaction() -> None:
    stores = [path for path in _modules() if "/store" in path]
    assert len(stores) > 10
    assert [
        path for path in stores if re.search(r"transaction\(|commit\(|rollback\(", (SOURCE / path).read_text())
    ] == []


def test_the_domain_takes_no_more_than_types_from_uuid_and_datetime() -> None:
    """An import contract sees modules, not names: `uuid4` and `datetime.now` are a coin and a clock."""
    taken = {(path, name) for path in _modules() if path.endswith("/model.py") for name in _names_and_calls(path)}
    assert {name for _, name in taken} == {"uuid.UUID", "datetime.datetime"}, taken


def _names_and_calls(path: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((SOURCE / path).read_text())):
        match node:
            case ast.ImportFrom(module="uuid" | "datetime" as module, names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in {"uuid", "datetime"})
            case ast.Attribute(attr="now" | "utcnow" | "today" as attr):
                yield attr
            case _:
                pass


def _may_speak_sql(place: str) -> bool:
    return "/store" in place or place.startswith(("db/", "embedded/postgres.py:"))


def _statements() -> Iterator[str]:
    for path in _modules():
        for node in ast.walk(ast.parse((SOURCE / path).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
                yield f"{path}:{node.lineno}: {node.value.strip()[:60]}"


def _modules() -> list[str]:
    return sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
