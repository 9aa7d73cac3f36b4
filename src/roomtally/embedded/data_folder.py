"""Where `roomtally up` keeps everything: one folder, one user of it at a time."""

import fcntl
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from roomtally import errors

LOCK = "lock"
POSTGRES, VALKEY, PHOTOS = "postgres", "valkey", "photos"
DEMO_PASSWORD = "demo-password"  # noqa: S105 - the name of a file


def default_folder(environ: Mapping[str, str]) -> Path:
    """Root's own folder cannot hold it: PostgreSQL runs as another user then and must be able to walk there."""
    if os.geteuid() == 0:
        return Path("/var/lib/roomtally")
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "roomtally"


class DataFolder:
    """Made on first use, locked until `release`. Raises `errors.Unavailable` where it cannot be written or is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock = self._take()
        self.is_new = not (self.path / POSTGRES).exists()

    def release(self) -> None:
        self._lock.close()

    def demo_password(self, wanted: str | None) -> str:
        """`wanted`, else the one kept here, else a new one. Kept in a file that its owner alone can read."""
        file = self.path / DEMO_PASSWORD
        if wanted is None and file.exists():
            return file.read_text().strip()
        password = wanted or secrets.token_urlsafe(9)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as output:
            output.write(password + "\n")
        return password

    def _take(self) -> IO[str]:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o755)
            lock = (self.path / LOCK).open("a+")
        except OSError as error:
            raise errors.Unavailable(
                "data-folder-not-writable",
                f"The data folder {self.path} cannot be written ({error.strerror}). Choose another with --data FOLDER.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise errors.Unavailable(
                "data-folder-in-use",
                f"The data folder {self.path} is in use by another `roomtally up` (process {owner or 'unknown'}). "
                "Stop that one, or choose another folder with --data FOLDER.",
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock
