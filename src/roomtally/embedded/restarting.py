"""Starting again what ended by itself: after a pause that doubles each time."""

import time
from typing import Protocol

import structlog

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60.0  # what ran so long has earned a quick restart

log = structlog.get_logger()


class Restarts:
    """How often in a row something has ended, and when it may start again."""

    def __init__(self) -> None:
        self.crashes = 0
        self._started = 0.0
        self._start_at = 0.0

    def started(self) -> None:
        self._started = time.monotonic()

    def ended(self) -> float:
        """The pause from now, in seconds."""
        now = time.monotonic()
        self.crashes = 1 if now - self._started > STEADY_SECONDS else self.crashes + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.crashes - 1), LONGEST_PAUSE_SECONDS)
        self._start_at = now + pause
        return pause

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._start_at


class Server(Protocol):
    """A server of our own that has been started once."""

    name: str

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        ...

    def launch(self) -> None:
        """Start its process where it was, without waiting until it answers."""
        ...

    def stop(self) -> None: ...


class WatchedServer:
    """A server that is started again, on the same socket or port, when it ended by itself."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._restarts = Restarts()
        self._restarts.started()
        self._runs = True

    def look(self) -> None:
        """To be called often, from the main thread: the kernel ends what another thread started with that thread."""
        if self._runs and (code := self._server.exit_code) is not None:
            self._runs = False
            pause = self._restarts.ended()
            log.warning("server_ended", server=self._server.name, exit_code=code, starts_again_in_seconds=pause)
        if not self._runs and self._restarts.due:
            self._server.launch()
            self._restarts.started()
            self._runs = True
            log.info("server_started_again", server=self._server.name)
