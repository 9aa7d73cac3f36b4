"""The peer on sse-starlette: one Valkey connection for the process, one queue for each viewer. No login, no database."""

# Its packages live in an environment of their own, where no type checker looks.
# pyright: basic, reportMissingImports=false

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio as redis
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

QUEUE = 1000
FIRST = '{"pad":"' + "x" * (int(os.environ["PEER_BYTES"]) - 10) + '"}'

viewers: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
channels = redis.Redis(port=int(os.environ["PEER_VALKEY"]), decode_responses=True).pubsub()


async def listen() -> None:
    await channels.subscribe("nobody")  # `listen` ends where there is no subscription
    async for message in channels.listen():
        if message["type"] == "message":
            for queue in viewers.get(message["channel"], ()):
                if not queue.full():
                    queue.put_nowait(message["data"])


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncGenerator[None]:
    task = asyncio.create_task(listen())
    yield
    task.cancel()


async def follow(channel: str) -> AsyncIterator[dict[str, str]]:
    queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
    if not viewers[channel]:
        await channels.subscribe(channel)
    viewers[channel].add(queue)
    try:
        yield {"event": "progress", "data": FIRST}
        while True:
            yield {"event": "progress", "data": await queue.get()}
    finally:
        viewers[channel].discard(queue)


async def stream(request: Request) -> EventSourceResponse:
    return EventSourceResponse(follow(f"batch:{request.path_params['topic']}"), ping=15, sep="\n")


app = Starlette(routes=[Route("/sub/{topic}", stream)], lifespan=lifespan)
