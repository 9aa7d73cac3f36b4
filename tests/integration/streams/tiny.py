"""The smallest service around the hub, for granian: a litestar route, and a ledger in memory."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

from litestar import Litestar, Request, get, post
from litestar.response import Response

from roomtally import errors
from roomtally.db.valkey import open_valkey
from roomtally.streams import ids, outer
from roomtally.streams.bus import Publisher
from roomtally.streams.connection import Viewer
from roomtally.streams.hub import Hub, Pace
from roomtally.streams.reader import BusReader
from roomtally.streams.response import EventStreamResponse
from tests.integration.streams.ledger import Ledger

VALKEY = os.environ["TINY_VALKEY"]
PACE = Pace(
    heartbeat_seconds=float(os.environ.get("TINY_HEARTBEAT", "15")),
    process_streams=int(os.environ.get("TINY_STREAMS", "12000")),
)

ledger = Ledger()
reader = BusReader(VALKEY)
hub = Hub(ledger, PACE, reader)
publisher = Publisher(open_valkey(VALKEY))


@contextlib.asynccontextmanager
async def lifespan(_app: Litestar) -> AsyncGenerator[None]:
    loop = asyncio.get_running_loop()
    await hub.start()

    def drain(*_: object) -> None:
        loop.call_soon_threadsafe(lambda: loop.create_task(hub.drain()))

    # granian waits for open streams for ever; its own handling of the signal goes on besides this
    signal.signal(signal.SIGTERM, drain)
    yield
    await hub.stop()


@get("/topics/{topic:uuid}/stream")
async def stream(topic: UUID, request: Request[Any, Any, Any]) -> EventStreamResponse:
    text = request.headers.get("last-event-id")
    after = ids.parse(text) if text else None
    last = len(ledger.logs.get(topic, ()))
    return EventStreamResponse(await hub.attach(topic, Viewer(uuid4(), uuid4()), last, after))


@post("/topics")
async def create() -> dict[str, str]:
    return {"topic": str(ledger.create())}


@post("/topics/{topic:uuid}/events")
async def commit(topic: UUID, data: list[int | str]) -> dict[str, int]:
    """Commits, one transaction each; the text "finish" ends the run."""
    for value in data:
        event = ledger.finish(topic) if value == "finish" else ledger.commit(topic, value)
        await publisher.publish(topic, ledger.epoch, [event], None)
    return {"n": len(ledger.logs[topic])}


@get("/stats")
async def stats() -> Response[object]:
    streams = hub.streams()
    busy = sum(stream.busy for stream in streams)
    return Response({"streams": len(streams), "busy": busy, "topics": len(hub.topics), "channels": reader.channels})


def answer(_request: Request[Any, Any, Any], error: errors.RoomtallyError) -> Response[dict[str, str]]:
    status = {"not-found": 404, "invalid": 400, "unavailable": 503}[error.kind]
    return Response({"slug": error.slug}, status_code=status)


application = Litestar(
    [stream, create, commit, stats],
    lifespan=[lifespan],
    openapi_config=None,
    exception_handlers={errors.RoomtallyError: answer},
)
app = outer.keep_send(application)
