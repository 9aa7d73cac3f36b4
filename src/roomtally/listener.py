"""The web process's server: granian on a listening socket of ours, with the limits that a stream needs.

Accepted connections inherit the options of the listening socket. granian makes its own and offers no way to set them, so two of
its private methods are overridden here; `tests/integration/limits/test_listener.py` notices when they change.
"""

import math
import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

import structlog
from granian._granian import SocketHolder  # pyright: ignore[reportPrivateUsage] -- made of a file descriptor
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from roomtally.settings import Settings

BACKLOG = (
    4096  # connections that wait to be accepted: a storm of 5,000 comes within a second (net.core.somaxconn caps it)
)
OTHER_FILES = 200  # photos on their way, the database, Valkey, the program itself
KEEPALIVE_SECONDS = 60  # of silence on a connection, then probes every 10 s, five of them
TERMINATED = 128 + signal.SIGTERM

log = structlog.get_logger()


def serve(settings: Settings, load: Callable[[], Any]) -> None:
    """Runs until SIGTERM or SIGINT; a second one ends the process at once. `load` makes the app, in a process of its own."""
    raise_file_limit(settings.backpressure)
    # One worker process: streams do not spread evenly over several, and one process is one registry of metrics.
    server = _Server(
        "roomtally.app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.request_head_seconds * 1000)),
        websockets=False,
        backlog=BACKLOG,
        backpressure=settings.backpressure,
        log_enabled=False,
        workers_kill_timeout=math.ceil(
            settings.drain_accept_seconds + settings.drain_seconds + settings.drain_grace_seconds + 1
        ),
    )
    server.settings = settings
    server.serve(spawn_target=_Server.spawn, target_loader=load, wrap_loader=False)


class _Server(MPServer):
    settings: Settings

    def _init_shared_socket(self) -> None:
        self._ssp = self._shd = self._sfd = None
        self._sso = listening_socket(self.settings)

    @staticmethod
    def spawn(worker_id: int, name: str | None, load: Any, shared: tuple[Any, socket.socket], *args: Any) -> None:
        """In the process that serves: granian's own start, with our socket in the place of its own."""
        holder = SocketHolder(shared[1].detach(), False, BACKLOG)  # pyright: ignore[reportCallIssue] -- untyped
        start = MPServer._spawn_asgi_lifespan_worker  # noqa: SLF001 - of the class that this one extends
        start(worker_id, name, load, ((None, holder), None), *args)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        if self.interrupt_signal:
            for worker in self.wrks:
                worker.kill()
            os._exit(TERMINATED)
        super().signal_handler_interrupt(*args, **kwargs)


def raise_file_limit(connections: int) -> None:
    """A connection is an open file, and many systems allow 1,024 of them to a process that does not ask for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < connections + OTHER_FILES:
        log.warning("few_open_files", limit=most, connections=connections)


def listening_socket(settings: Settings) -> socket.socket:
    """Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        unacknowledged = round(settings.unacknowledged_seconds * 1000)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unacknowledged)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5)
    listening.bind((settings.host, settings.port))
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening
