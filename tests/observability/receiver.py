"""A real OTLP/HTTP receiver on loopback, and the spans that it got."""

import gzip
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

KINDS = {2: "server", 3: "client", 4: "producer", 5: "consumer"}


class Span(NamedTuple):
    """Ids are hex digits; `links` are ids of spans."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, str]
    begins: int
    ends: int


class Receiver:
    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.requests: list[ExportTraceServiceRequest] = []

    def spans(self) -> dict[str, Span]:
        """All spans so far, by id."""
        return {span.id: span for request in tuple(self.requests) for span in _spans(request)}

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans().values() if span.name == name]


def _spans(request: ExportTraceServiceRequest) -> Generator[Span]:
    for resource in request.resource_spans:
        named = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield Span(
                service=named["service.name"],
                name=span.name,
                kind=KINDS.get(span.kind, "internal"),
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                links=tuple(link.span_id.hex() for link in span.links),
                attributes={pair.key: str(pair.value) for pair in span.attributes},
                begins=span.start_time_unix_nano,
                ends=span.end_time_unix_nano,
            )


@contextmanager
def receiving() -> Generator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    receiver = server.receiver = Receiver(server.server_port)  # pyright: ignore[reportAttributeAccessIssue] -- for the handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.receiver.requests.append(  # pyright: ignore[reportAttributeAccessIssue] -- see above
            ExportTraceServiceRequest.FromString(body)
        )
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass
