"""Batches as they move, over Server-Sent Events: GET /api/batches/{id}/stream and GET /api/stream?batch=...&batch=..."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, response
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from roomtally import errors
from roomtally.accounts import auth
from roomtally.batches.routes.desk import Desk
from roomtally.batches.routes.said import StreamEvent
from roomtally.batches.service import Opened, reading
from roomtally.http import head, recorder
from roomtally.http.document import problems
from roomtally.streams import ids, sse
from roomtally.streams.connection import Stream, Viewer
from roomtally.streams.ids import EventId
from roomtally.streams.response import EventStreamResponse
from roomtally.streams.topics import Wanted

OPENED = ResponseSpec(
    StreamEvent,
    description="Server-Sent Events; the schema is that of the data of each: `progress` (the snapshot), `change`, `complete`, "
    "`ping`, `timeout`, `reset`, `error`.",
    media_type="text/event-stream",
    generate_examples=False,
)
NOTHING_MORE = ResponseSpec(None, description="The batch is finished and the client has seen its end.")


class Mode(StrEnum):
    """default: the whole snapshot for each change. delta: the whole snapshot once, then what changes."""

    DEFAULT = "default"
    DELTA = "delta"


@get(
    "/api/batches/{batch_id:uuid}/stream",
    summary="Follow a batch live",
    tags=["Batches"],
    responses={200: OPENED, 204: NOTHING_MORE, **problems(400, 401, 404, 429, 503)},
)
async def stream_batch(
    *,
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    batch_id: FromPath[UUID],
    mode: Annotated[Mode, QueryParameter(name="mode", description="`delta`: changes after the first snapshot.")] = (
        Mode.DEFAULT
    ),
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    after: Annotated[
        str | None,
        QueryParameter(name="after", description="The same, for clients that reopen by hand."),
    ] = None,
) -> Response[Any]:
    """The header wins over `after`. One query decides on session, access and whether there is anything more to come."""
    seen = last_event_id or after
    known = ids.parse(seen) if seen else None
    address, [opened] = await _knock(request, desk, [batch_id])
    last = opened.last_event
    if last is None:
        raise reading.batch_not_found()
    if opened.finished and known == EventId(opened.epoch, last):
        return Response(b"", status_code=204)
    viewer = _viewer(opened, mode, address)
    return await _open(request, desk, viewer, lambda viewer: desk.hub.attach(batch_id, viewer, last, known))


@get(
    "/api/stream",
    summary="Follow several batches live, on one connection",
    tags=["Batches"],
    responses={200: OPENED, **problems(400, 401, 404, 429, 503)},
)
async def stream_batches(
    *,
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    batch: Annotated[list[UUID], QueryParameter(name="batch", description="Repeated, 1 to 100 times, all different.")],
    mode: Annotated[Mode, QueryParameter(name="mode", description="`delta`: changes after the first snapshot.")] = (
        Mode.DEFAULT
    ),
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    after: Annotated[
        str | None,
        QueryParameter(name="after", description="The same, for clients that reopen by hand."),
    ] = None,
) -> Response[Any]:
    """Ids hold a number for each batch, in the order of the URL: come back with the same batches in the same order."""
    if not 1 <= len(batch) == len(set(batch)) <= ids.MOST:
        raise errors.Invalid("invalid-batch-list", f"Name 1 to {ids.MOST} batches, each of them once.")
    seen = last_event_id or after
    known = ids.parse_vector(seen, len(batch)) if seen else None
    address, rows = await _knock(request, desk, batch)
    if all(row.last_event is None for row in rows):
        raise reading.batch_not_found()
    wanted = [Wanted(row.batch_id, row.last_event) for row in rows]
    viewer = _viewer(rows[0], mode, address)
    return await _open(request, desk, viewer, lambda viewer: desk.hub.attach_many(wanted, viewer, known))


async def _knock(request: Request[Any, Any, Any], desk: Desk, batches: Sequence[UUID]) -> tuple[str, list[Opened]]:
    """Who asks, and a row for each batch, in order. Raises TooMany, Unavailable, Unauthorized."""
    address = desk.addresses.of(request.scope)
    desk.admission.knock(address)
    return address, await desk.openings.open(auth.stream_credential(request), batches)


def _viewer(opened: Opened, mode: Mode, address: str) -> Viewer:
    return Viewer(opened.credential_id, opened.user_id, delta=mode is Mode.DELTA, address=address)


async def _open(
    request: Request[Any, Any, Any], desk: Desk, viewer: Viewer, attach: Callable[[Viewer], Awaitable[Stream]]
) -> Response[Any]:
    """Counts the stream for its user until it is gone. Raises TooMany, NotFound, Unavailable. HEAD opens nothing."""
    if head.is_asked(request.scope):
        headers = {name.decode(): value.decode() for name, value in sse.HEADERS}
        return response.Stream((), headers=headers)  # it has no Content-Length, as a stream has none
    lease = await desk.admission.lease(viewer.user_id)
    try:
        stream = await attach(msgspec.structs.replace(viewer, on_close=lease.release))
    except BaseException:
        lease.release()
        raise
    stream.asked_at = recorder.stream_begins(request.scope)
    return EventStreamResponse(stream)
