"""`roomtally up`: the whole product on one machine, as child processes that are watched, started again and stopped in order."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple

import structlog

from roomtally import errors
from roomtally import settings as configuration
from roomtally.embedded import first_start
from roomtally.embedded.children import start_child
from roomtally.embedded.data_folder import PHOTOS, POSTGRES, VALKEY, DataFolder
from roomtally.embedded.postgres import EmbeddedPostgres, require_reachable
from roomtally.embedded.restarting import Restarts, Server, WatchedServer
from roomtally.embedded.valkey import EmbeddedValkey, free_port

CRASHES_BEFORE_READY = 3  # then `up` gives up: nothing has ever worked, and more of the same log helps nobody
LOOK_SECONDS = 0.05
RELAY_SECONDS = 1.0  # for the last lines of a child that has ended
COLOURS = (36, 33, 35, 32, 34)  # of the terminal: one a process

log = structlog.get_logger()


class Options(NamedTuple):
    """`port` and `private_port` None: as set in the environment, else the defaults. Private ports follow: web, workers, sweeper."""

    data: Path
    port: int | None = None
    private_port: int | None = None
    workers: int = 1
    sample: bool = True


class Door(NamedTuple):
    """Where a process says whether it is ready."""

    host: str
    port: int


class Child:
    """One of our processes: its command, and the running process with what it says on our stderr, prefixed."""

    def __init__(self, name: str, command: str, env: Mapping[str, str], doors: Sequence[Door], patience: float) -> None:
        self.name = name
        self._doors = doors
        self._command = [sys.executable, "-m", "roomtally", command]
        self._env = env
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: threading.Thread | None = None
        self._restarts = Restarts()

    @property
    def crashes(self) -> int:
        """In a row, quickly."""
        return self._restarts.crashes

    def start(self) -> None:
        self._restarts.started()
        self._process = start_child(self._command, env=self._env, output=subprocess.PIPE)
        assert self._process.stdout is not None
        self._relay = threading.Thread(target=_relay, args=(self.name, self._process.stdout), daemon=True)
        self._relay.start()

    def look(self) -> None:
        """Start it again when it has ended and its pause is over."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            pause = self._restarts.ended()
            log.warning("child_ended", child=self.name, exit_code=code, starts_again_in_seconds=pause)
        if self._process is None and self._restarts.due:
            self.start()

    def is_ready(self) -> bool:
        return self._process is not None and all(_answers(*door) for door in self._doors)

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait_stopped(self) -> None:
        """Until it has ended, or its patience: then it is killed."""
        if self._process is not None:
            try:
                self._process.wait(self._patience)
            except subprocess.TimeoutExpired:
                log.warning("killed", child=self.name, patience_seconds=self._patience)
                self.kill()
                self._process.wait()
        if self._relay is not None:
            self._relay.join(RELAY_SECONDS)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)


def up(options: Options, environ: Mapping[str, str]) -> None:
    """Run until SIGINT or SIGTERM, then stop everything in order.

    Raises `errors.Invalid` or `errors.Unavailable` that says in plain words why it cannot start.
    """
    folder = DataFolder(options.data)
    os.umask(0o077)  # ours and our children's: photos of homes, a database, its log
    stop = threading.Event()
    servers: list[Server] = []
    children: list[Child] = []
    _stop_on_signals(stop, children)
    try:
        settings = _settings(options, folder, environ, servers)
        account = first_start.prepare(settings, folder, sample=options.sample)
        if stop.is_set():
            return
        children.extend(_children(settings, options.workers, environ))
        for child in children:
            child.start()
        watched = [*map(WatchedServer, servers), *children]
        if _wait_until_ready(children, watched, stop):
            _announce(settings, account, folder)
        _look_after(watched, stop)
    finally:
        _stop(children, servers)
        folder.release()


def _look_after(watched: Sequence[Child | WatchedServer], stop: threading.Event) -> None:
    while not stop.wait(LOOK_SECONDS):
        for each in watched:
            each.look()


def _settings(
    options: Options, folder: DataFolder, environ: Mapping[str, str], servers: list[Server]
) -> configuration.Settings:
    """The settings for all children; starts the embedded servers that they need and adds them to `servers`."""
    values = dict(environ)
    for name, value in (("PORT", options.port), ("PRIVATE_PORT", options.private_port)):
        if value is not None:
            values[configuration.PREFIX + name] = str(value)
    values.setdefault("ROOMTALLY_STORAGE_URL", (folder.path / PHOTOS).as_uri())
    values.setdefault("ROOMTALLY_DRAIN_ACCEPT_SECONDS", "0")  # no load balancer stands before it
    values.setdefault("ROOMTALLY_DATABASE_URL", "")
    values.setdefault("ROOMTALLY_REDIS_URL", "")
    check_ports(values)
    if not values["ROOMTALLY_DATABASE_URL"]:
        require_reachable(folder.path)
    if not values["ROOMTALLY_REDIS_URL"]:
        valkey = EmbeddedValkey(folder.path / VALKEY)
        servers.append(valkey)
        valkey.start()
        values["ROOMTALLY_REDIS_URL"] = valkey.url
    if not values["ROOMTALLY_DATABASE_URL"]:
        postgres = EmbeddedPostgres(folder.path / POSTGRES)
        servers.append(postgres)
        postgres.start()
        values["ROOMTALLY_DATABASE_URL"] = postgres.url
    return configuration.load(values)


def check_ports(values: Mapping[str, str]) -> None:
    """Before anything is started: whether the ports that people chose are free."""
    placeholders = {"ROOMTALLY_DATABASE_URL": "-", "ROOMTALLY_REDIS_URL": "-"}
    wanted = configuration.load({**values, **placeholders})
    _require_free(wanted.host, wanted.port, "--port", "ROOMTALLY_PORT")
    if values.get("ROOMTALLY_PRIVATE_PORT"):  # else any will do
        _require_free(wanted.private_host, wanted.private_port, "--private-port", "ROOMTALLY_PRIVATE_PORT")


def _require_free(host: str, port: int, option: str, variable: str) -> None:
    if problem := _why_not_free(host, port):
        raise errors.Unavailable(
            "port-not-free",
            f"Port {port} on {host} cannot be used ({problem}). Choose another with {option} NUMBER or {variable}=NUMBER, "
            "or stop what listens there.",
        )


def _why_not_free(host: str, port: int) -> str | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror
    return None


def _children(settings: configuration.Settings, workers: int, environ: Mapping[str, str]) -> list[Child]:
    base = {name: value for name, value in environ.items() if not name.startswith(configuration.PREFIX)}
    base |= configuration.to_environ(settings) | {"PYTHONUNBUFFERED": "1"}
    if settings.log_format == "auto" and sys.stderr.isatty():
        base["ROOMTALLY_LOG_FORMAT"] = "pretty"  # a child's own stderr is our pipe
    drain = settings.drain_accept_seconds + settings.drain_seconds + settings.drain_grace_seconds
    patience = {"serve": drain + 5, "work": settings.photo_timeout_seconds + 5, "sweep": 10.0}
    names = {"web": "serve"} | {f"worker-{number}": "work" for number in range(1, workers + 1)} | {"sweeper": "sweep"}
    children: list[Child] = []
    for offset, (name, command) in enumerate(names.items()):
        port = _private_port(settings, offset)
        doors = [Door(_reachable(settings.private_host), port)]
        if command == "serve":
            doors.append(Door(_reachable(settings.host), settings.port))
        env = base | {"ROOMTALLY_PRIVATE_PORT": str(port)}
        children.append(Child(name, command, env, doors, patience[command]))
    return children


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _private_port(settings: configuration.Settings, offset: int) -> int:
    """One after the other from the web's own, so that a scrape configuration can be written; where taken, any free one."""
    port = settings.private_port + offset
    is_usable = settings.private_port and not _why_not_free(settings.private_host, port)
    return port if is_usable else free_port()


def _wait_until_ready(children: list[Child], watched: Sequence[Child | WatchedServer], stop: threading.Event) -> bool:
    waiting = list(children)
    while waiting and not stop.wait(LOOK_SECONDS):
        waiting = [child for child in waiting if not child.is_ready()]
        for each in watched:
            each.look()
        for child in children:
            if child.crashes >= CRASHES_BEFORE_READY:
                raise errors.Unavailable(
                    "child-not-started", f"The {child.name} process does not start; its last lines above say why."
                )
    return not waiting


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(settings: configuration.Settings, account: str, folder: DataFolder) -> None:
    host = _reachable(settings.host)
    address = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    folder.announce(address)
    print(account, flush=True)  # noqa: T201 - the command's own answer
    print(f"ready {address}", flush=True)  # noqa: T201


def _stop_on_signals(stop: threading.Event, children: list[Child]) -> None:
    """The first signal stops in order; a second one kills our processes at once (the servers still end cleanly)."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            for child in children:
                child.kill()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)


def _stop(children: list[Child], servers: list[Server]) -> None:
    """Web first, so that nothing new comes in; then workers, each with its photo, and the sweeper; the servers last."""
    for together in (children[:1], children[1:]):
        for child in together:
            log.info("stopping", child=child.name)
            child.ask_to_stop()
        for child in together:
            child.wait_stopped()
    for server in servers:
        server.stop()


def _relay(name: str, output: IO[bytes]) -> None:
    colour = COLOURS[sum(name.encode()) % len(COLOURS)]
    prefix = f"\x1b[{colour}m{name:>9} |\x1b[0m " if sys.stderr.isatty() else f"{name:>9} | "
    with output:
        for line in output:
            sys.stderr.write(prefix + line.decode(errors="replace"))
            sys.stderr.flush()
