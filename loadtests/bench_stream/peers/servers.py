"""Starting the peers. Each is installed when it is missing, or left out with a sentence that says why."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection
from typing import Any

from loadtests.bench_stream import inject
from loadtests.bench_stream.house import House, pinned
from loadtests.bench_stream.inject import Injector
from loadtests.sse_client.fleet import Options
from roomtally.embedded.valkey import free_port

NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
NCHAN_PACKAGES = ("nginx", "libnginx-mod-nchan")
STARLETTE_PACKAGES = ("sse-starlette==3.7.0", "uvicorn[standard]==0.54.0", "redis[hiredis]==8.1.0")
START_SECONDS = 20

# `newest`: nchan 1.3.6 aborts in spool.c with `nchan_subscriber_first_message -1`.
NGINX = """
load_module {module};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    nchan_shared_memory_size 512m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/sub/(\\w+)$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
            nchan_eventsource_ping_interval 15;
        }}
        location ~ ^/pub/(\\w+)$ {{
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 10;
            nchan_message_timeout 10s;
        }}
    }}
}}
"""


class Missing(Exception):
    """This peer cannot run here; the sentence says what to do."""


class Peer:
    """A running server that is not ours."""

    def __init__(self, name: str, port: int, process: "subprocess.Popen[bytes]", house: House, size: int) -> None:
        self.name, self.port, self.process, self._house, self._size = name, port, process, house, size
        self.has_first_event = name != "nchan"

    @property
    def pids(self) -> list[int]:
        return [self.process.pid]

    def options(self, streams: int, topics: int, **more: Any) -> Options:
        return Options(
            host="127.0.0.1",
            port=self.port,
            path="/sub/{topic}",
            streams=streams,
            topics=[str(number) for number in range(topics)],
            dialect="ts",
            await_first=self.has_first_event,
            **more,
        )

    def injector(self, topics: int) -> Injector:
        if self.name == "nchan":
            return inject.of_http(self.port, topics, self._size)
        return inject.of_bus(self._house.valkey.port, topics, self._size)


def install_nchan() -> str:
    """The version. Raises Missing."""
    if not NCHAN_MODULE.exists():
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", *NCHAN_PACKAGES],
        ):
            with suppress(OSError):
                subprocess.run(command, check=False, capture_output=True)
    if not NCHAN_MODULE.exists():
        raise Missing(f"nchan is left out: as root, run apt-get install {' '.join(NCHAN_PACKAGES)} (Debian)")
    answer = subprocess.run(["dpkg-query", "-W", *NCHAN_PACKAGES], check=False, capture_output=True, text=True)
    return ", ".join(answer.stdout.split("\n")[:-1]).replace("\t", " ") or "unknown"


def install_starlette(folder: Path) -> str:
    """A virtual environment in `folder`; the versions. Raises Missing."""
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *STARLETTE_PACKAGES], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Missing(f"sse-starlette is left out: pip install {' '.join(STARLETTE_PACKAGES)} failed") from error
        (folder / "installed").touch()
    return ", ".join(STARLETTE_PACKAGES)


@contextmanager
def running_nchan(house: House, cpus: Collection[int], size: int) -> Generator[Peer]:
    folder, port = house.folder / "nchan", free_port()
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    (folder / "nginx.conf").write_text(NGINX.format(module=NCHAN_MODULE, folder=folder, port=port))
    try:
        with _running(["nginx", "-c", folder / "nginx.conf", "-p", folder], {}, port, cpus) as process:
            yield Peer("nchan", port, process, house, size)
    finally:
        alerts = [
            line for line in (folder / "nginx.log").read_text().splitlines() if "[alert]" in line or "assert" in line
        ]
        sys.stderr.writelines(f"nchan: {line}\n" for line in alerts[-3:])
        (folder / "nginx.log").unlink()


@contextmanager
def running_starlette(house: House, cpus: Collection[int], size: int, environment: Path) -> Generator[Peer]:
    port, app = free_port(), Path(__file__).parent
    command = [environment / "bin" / "uvicorn", "sse_starlette_app:app", "--app-dir", app, "--port", str(port)]
    command += ["--log-level", "warning", "--loop", "uvloop", "--http", "httptools", "--backlog", "4096"]
    environ = {"PEER_VALKEY": str(house.valkey.port), "PEER_BYTES": str(size)}
    with _running(command, environ, port, cpus) as process:
        yield Peer("sse-starlette", port, process, house, size)


@contextmanager
def _running(
    command: Sequence[str | Path], environ: dict[str, str], port: int, cpus: Collection[int]
) -> Generator["subprocess.Popen[bytes]"]:
    with pinned(cpus):
        process = subprocess.Popen([str(part) for part in command], env=os.environ | environ)
    try:
        _await_port(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Missing(f"the peer on port {port} did not start")
