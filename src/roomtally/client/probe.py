"""How a stream arrives at a client: its head, its first event, and two changes that this client makes itself.

A batch of tiny pictures is made, held, and deleted at the end. What is made is waited for before the next is made, so an event that
is held back until another pushes it out never comes.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import msgspec

from roomtally import errors
from roomtally.client import api
from roomtally.client.api import Api, batch_path

PATIENCE_SECONDS = 5.0
PROJECT = "roomtally doctor"
PICTURES = 8  # so that workers do not finish the batch before it is held
PICTURE = bytes.fromhex(  # a PNG of 64 by 64 grey points
    "89504e470d0a1a0a0000000d49484452000000400000004008000000008f022e02000000294944415478daedcc411100000c0220a31bdd10fbed2000e9510402"
    "81402010080402814020107c0f06df6d007970ba79fa0000000049454e44ae426082"
)


class Arrival(msgspec.Struct, kw_only=True):
    """Seconds, each from what caused it; None: not within the patience. `headers` are the stream's, names in small letters."""

    status: int = 0
    headers: dict[str, str] = {}
    head: float | None = None
    first: float | None = None
    changes: list[float | None] = []


class NotSeenError(Exception):
    """Nothing can be said of the way; why, in a few words."""


async def observe(service: Api) -> Arrival:
    """Raises client.api.Refused or errors.Unavailable where the service cannot be used at all, NotSeenError."""
    async with _held_batch(service) as batch_id:
        arrival = Arrival()
        with suppress(TimeoutError):
            await _listen(service, batch_id, arrival)
        return arrival


async def _listen(service: Api, batch_id: str, arrival: Arrival) -> None:
    """Fills `arrival` as far as it comes; raises TimeoutError at what does not."""
    began = time.monotonic()
    headers = {"Accept-Encoding": "gzip, br"}  # as a browser: a proxy that compresses shall do so
    async with asyncio.timeout(PATIENCE_SECONDS) as patience:
        path = f"{batch_path(batch_id)}/stream"
        async with httpx_sse.aconnect_sse(service.http, "GET", path, headers=headers) as source:
            arrival.head = time.monotonic() - began
            arrival.status, arrival.headers = source.response.status_code, _names_and_values(source.response)
            if arrival.status != 200 or "event-stream" not in arrival.headers.get("content-type", ""):
                return
            events = source.aiter_sse()
            await _next_event(events)
            arrival.first = time.monotonic() - began
            for call in ("resume", "pause"):
                patience.reschedule(asyncio.get_running_loop().time() + PATIENCE_SECONDS)
                arrival.changes.append(None)
                arrival.changes[-1] = await _make_and_await(service, batch_id, call, events)


async def _make_and_await(
    service: Api, batch_id: str, call: str, events: AsyncGenerator[httpx_sse.ServerSentEvent]
) -> float:
    """Seconds from the answer of `call`, after whose commit the event goes out, until the event; 0 where it is quicker."""
    answer = await service.control(batch_id, call)
    made, wanted = time.monotonic(), _number(answer)
    while _number(await _next_event(events)) < wanted:
        pass
    return time.monotonic() - made


async def _next_event(events: AsyncGenerator[httpx_sse.ServerSentEvent]) -> dict[str, Any]:
    async for event in events:
        if event.event in {"progress", "complete"}:
            return msgspec.json.decode(event.data, type=dict[str, Any])
    raise NotSeenError("the stream ended before anything was changed")


def _number(snapshot: dict[str, Any]) -> int:
    return int(str(snapshot["eventId"]).rpartition("-")[2])


def _names_and_values(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


@asynccontextmanager
async def _held_batch(service: Api) -> AsyncGenerator[str]:
    """A batch that is paused, deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "doctor.png"
        picture.write_bytes(PICTURE)
        uploads = await service.upload_all([picture] * PICTURES, lambda _size: None)
    batch = await service.create_batch(await _project(service), uploads)
    batch_id = str(batch["batchId"])
    try:
        await _hold(service, batch_id)
        yield batch_id
    finally:
        with suppress(errors.RoomtallyError, httpx.HTTPError):
            await service.delete_batch(batch_id)


async def _hold(service: Api, batch_id: str) -> None:
    try:
        await service.control(batch_id, "pause")
    except api.Refused as refusal:
        if refusal.status != 409:
            raise
        raise NotSeenError("the workers finished the batch before it could be held") from refusal


async def _project(service: Api) -> str:
    """One for all times: projects cannot be deleted."""
    for project in await service.list_projects():
        if project["name"] == PROJECT:
            return str(project["id"])
    return str((await service.create_project(PROJECT))["id"])
