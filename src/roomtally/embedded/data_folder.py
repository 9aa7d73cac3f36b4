"""Where `roomtally up` keeps everything: one folder, one user of it at a time."""

import fcntl
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from roomtally import errors

LOCK = "lock"
POSTGRES, VALKEY, PHOTOS = "postgres", "valkey", "photos"
DEMO_PASSWORD = "demo-password"  # noqa: S105 - the name of a file
ADDRESS = "address"  # where the running `up` answers
OURS = frozenset({LOCK, POSTGRES, VALKEY, PHOTOS, DEMO_PASSWORD, ADDRESS})  # a folder with more in it is somebody's own


def find_address(folder: Path) -> str | None:
    """Where the `up` that runs on `folder` answers; None where none runs."""
    try:
        return (folder.expanduser() / ADDRESS).read_text().strip() or None
    except OSError:
        return None


def default_folder(environ: Mapping[str, str]) -> Path:
    """Root's own folder cannot hold it: PostgreSQL runs as another user then and must be able to walk there."""
    if os.geteuid() == 0:
        return Path("/var/lib/roomtally")
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "roomtally"


class DataFolder:
    """Made on first use, closed to other people, locked until `release`.

    Raises `errors.Invalid` where it cannot be written, `errors.Unavailable` where it is taken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._is_made_here = not self.path.exists()
        self._lock = self._take()
        self._close_to_others()

    def release(self) -> None:
        """A folder that was made for nothing, because the start failed, is removed."""
        with suppress(OSError):  # somebody may have removed it meanwhile
            (self.path / ADDRESS).unlink()
        with suppress(OSError):
            if self._is_made_here and {entry.name for entry in self.path.iterdir()} <= {LOCK}:
                (self.path / LOCK).unlink()
                self.path.rmdir()
        self._lock.close()

    def announce(self, address: str) -> None:
        """For commands on this machine: where the service answers, until `release`."""
        (self.path / ADDRESS).write_text(address + "\n")

    def _close_to_others(self) -> None:
        """Photos of homes lie here. Root's PostgreSQL runs as another user, so what leads to it can be walked through, not read."""
        on_the_way = 0o711 if os.geteuid() == 0 else 0o700
        here = self.path.stat()
        is_ours = {entry.name for entry in self.path.iterdir()} <= OURS and not here.st_mode & stat.S_ISVTX
        if is_ours and here.st_uid == os.geteuid():
            self.path.chmod(on_the_way)
        for name, mode in ((POSTGRES, on_the_way), (VALKEY, 0o700), (PHOTOS, 0o700), (LOCK, 0o600)):
            if (self.path / name).exists():
                (self.path / name).chmod(mode)

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
            raise errors.Invalid(
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
