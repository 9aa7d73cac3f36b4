"""The private port: metrics, health and drain on a thread of its own, so that they answer while the event loop is stuck."""

import json
import sys
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

log = structlog.get_logger(__name__)


class Checks(NamedTuple):
    """What the port may ask of its process. `ready` gives a reason for each thing that is not; empty means ready.

    `drain_state`: how far a drain is, as JSON with a `status` open, draining or drained.
    """

    ready: Callable[[], list[str]]
    drain: Callable[[], None] | None = None
    drain_state: Callable[[], dict[str, object]] | None = None


class PrivatePort:
    """A running private port; `port` is the number it really has."""

    def __init__(self, server: "_Server") -> None:
        self._server = server
        self.port: int = server.server_address[1]
        serve = partial(
            server.serve_forever, poll_interval=0.05
        )  # seconds that a stop waits at most; the default is 0.5
        self._thread = threading.Thread(target=serve, name="private-port", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_private(host: str, port: int, registry: CollectorRegistry, checks: Checks) -> PrivatePort:
    """Serve GET /metrics, /health/live, /health/ready, GET /drain, and POST /drain to loopback. Port 0 takes a free one."""
    return PrivatePort(_Server((host, port), registry, checks))


def is_loopback(address: str) -> bool:
    """Whether a peer's `address` is this machine's own: 127.0.0.0/8, ::1, also written as ::ffff:127.0.0.1 on a dual socket."""
    peer = ip_address(address.partition("%")[0])
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry, checks: Checks) -> None:
        super().__init__(address, _Handler)
        self.registry = registry
        self.checks = checks

    def handle_error(self, request: object, client_address: object) -> None:
        """A probe that hangs up early is no failure of ours; anything else is, and neither ends the port."""
        if isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.debug("private_port_hung_up", client=str(client_address))
        else:
            log.error("private_port_failed", client=str(client_address), exc_info=sys.exception())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds; an idle scraper may not hold a thread for ever
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - made by _Server alone

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, encode(self.server.registry), content_type)
        elif path == "/health/live":
            self._json(200, {"status": "live"})
        elif path == "/health/ready":
            reasons = self.server.checks.ready()
            self._json(503 if reasons else 200, {"status": "not ready" if reasons else "ready", "reasons": reasons})
        elif path == "/drain" and (state := self.server.checks.drain_state):
            self._json(200, state())
        else:
            self._json(404, {"status": "not found"})

    def do_POST(self) -> None:
        drain = self.server.checks.drain
        if self.path != "/drain" or drain is None:
            self._json(404, {"status": "not found"})
            return
        if not is_loopback(self.client_address[0]):
            self._json(
                403, {"status": "forbidden", "detail": "A drain is asked for from this machine: 127.0.0.1 or ::1."}
            )
            return
        drain()
        self._json(202, {"status": "draining"})

    def _json(self, status: int, body: dict[str, object]) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        log.debug("private_port_request", line=format % args)
