"""The settings of the `up` that runs on a folder, as its processes have them."""

from contextlib import suppress
from pathlib import Path

from roomtally import errors
from roomtally.embedded.data_folder import LOCK
from roomtally.settings import PREFIX

TELLING = f"{PREFIX}DATABASE_URL"  # which each of our processes has, and none of the servers


def find_environ(folder: Path) -> dict[str, str]:
    """Raises errors.Unavailable where none runs, or it is somebody else's."""
    with suppress(OSError, ValueError):
        up = int((folder / LOCK).read_text())
        for child in Path(f"/proc/{up}/task/{up}/children").read_text().split():
            found = _environ(int(child))
            if TELLING in found:
                return found
    raise errors.Unavailable(
        "up-not-running",
        f"No `roomtally up` of yours runs on {folder}. Start it, name its folder with --data FOLDER, or set the variables that "
        "its processes have (ROOMTALLY_DATABASE_URL and so on).",
    )


def _environ(pid: int) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    return {name: value for name, _, value in pairs if name.startswith(PREFIX)}
