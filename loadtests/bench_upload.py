"""How fast photos come in, and what that costs the web process in memory.

    python loadtests/bench_upload.py [--photos 200] [--megabytes 5] [--parallel 6]

Starts PostgreSQL, Valkey and one web process in a folder of its own, sends the photos once one by one (POST /api/uploads)
and once as one form (POST /api/batches), and prints MB/s and the growth of the process's memory. Goals: >= 200 MB/s, < 64 MiB.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import click
import psutil

from roomtally import settings as configuration
from roomtally.db.migrate import migrate
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings

PORT, PRIVATE_PORT = 18400, 18401
EMAIL, PASSWORD = "bench@example.org", "a bench and nothing else"
MB = 1_000_000
BOUNDARY = "bench-upload-boundary"
PIECE = 256 * 1024


class Memory:
    """The resident memory of a process and its children, sampled every 20 ms; `growth` is peak less start, in MiB."""

    def __init__(self, pid: int) -> None:
        self._processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        self.start = self.peak = self._now()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _now(self) -> int:
        return sum(process.memory_info().rss for process in self._processes)

    def _sample(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self._now())

    def growth(self) -> float:
        self._over.set()
        self._thread.join()
        return (self.peak - self.start) / 2**20


class Client:
    def __init__(self) -> None:
        self._local = threading.local()
        self._cookie = self.call("POST", "/api/sessions", json.dumps({"email": EMAIL, "password": PASSWORD}).encode())[
            1
        ]
        body, _ = self.call("POST", "/api/projects", b'{"name":"bench"}')
        self.project: str = json.loads(body)["id"]

    def call(self, method: str, path: str, body: bytes | Iterator[bytes], **headers: str) -> tuple[bytes, str]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", PORT)
        sent = {"Content-Type": "application/json", "Cookie": getattr(self, "_cookie", "")} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return text, (answer.getheader("Set-Cookie") or "").partition(";")[0]


@contextmanager
def web(folder: Path) -> Generator[int]:
    """A web process on new servers; its pid."""
    postgres, valkey = EmbeddedPostgres(folder / "pg"), EmbeddedValkey(folder / "valkey")
    postgres.start()
    valkey.start()
    migrate(postgres.url)
    settings = Settings(
        database_url=postgres.url,
        redis_url=valkey.url,
        storage_url=(folder / "photos").as_uri(),
        port=PORT,
        private_port=PRIVATE_PORT,
        log_level="warning",
    )
    environ = os.environ | configuration.to_environ(settings)
    add_user = [sys.executable, "-m", "roomtally", "user", "add", EMAIL, "--password-stdin"]
    subprocess.run(add_user, env=environ, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([sys.executable, "-m", "roomtally", "serve"], env=environ)
    try:
        _await_ready()
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        valkey.stop()
        postgres.stop()


def _await_ready() -> None:
    for _ in range(200):
        try:
            with urlopen(f"http://127.0.0.1:{PORT}/health/ready") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the web process did not become ready")


def one_by_one(client: Client, photo: bytes, photos: int, parallel: int) -> None:
    def send(number: int) -> None:
        client.call("POST", "/api/uploads", photo, Content_Type="image/jpeg", X_Filename=f"{number}.jpg")

    with ThreadPoolExecutor(parallel) as threads:
        list(threads.map(send, range(photos)))


def as_one_form(client: Client, photo: bytes, photos: int, _parallel: int) -> None:
    def body() -> Iterator[bytes]:
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="projectId"\r\n\r\n{client.project}\r\n'.encode()
        for number in range(photos):
            head = f'form-data; name="photos"; filename="{number}.jpg"\r\nContent-Type: image/jpeg'
            yield f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n".encode()
            for at in range(0, len(photo), PIECE):
                yield photo[at : at + PIECE]
            yield b"\r\n"
        yield f"--{BOUNDARY}--\r\n".encode()

    length = sum(map(len, body()))
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    client.call("POST", "/api/batches", body(), Content_Type=content_type, Content_Length=str(length))


@click.command()
@click.option("--photos", default=200, show_default=True)
@click.option("--megabytes", default=5, show_default=True)
@click.option("--parallel", default=6, show_default=True, help="Uploads at once, as browsers do.")
def main(photos: int, megabytes: int, parallel: int) -> None:
    photo = b"\xff\xd8\xff\xe0" + os.urandom(megabytes * MB - 4)
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when this runs as root
        with web(folder) as pid:
            client = Client()
            one_by_one(client, photo, 2, 1)  # imports, pools, the first pages of the arenas
            for send in (one_by_one, as_one_form):
                memory, started = Memory(pid), time.perf_counter()
                send(client, photo, photos, parallel)
                seconds, growth = time.perf_counter() - started, memory.growth()
                rate = photos * len(photo) / MB / seconds
                label = f"{send.__name__.replace('_', ' ')}: {photos} x {megabytes} MB"
                print(f"{label} at {rate:.0f} MB/s, memory +{growth:.1f} MiB (from {memory.start / 2**20:.0f})")


if __name__ == "__main__":
    main()
