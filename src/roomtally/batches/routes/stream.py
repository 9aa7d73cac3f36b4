"""GET /api/batches/{id}/stream: the batch as it moves, over Server-Sent Events."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from roomtally.accounts import auth
from roomtally.batches.routes.desk import Desk
from roomtally.batches.service import reading
from roomtally.http import recorder
from roomtally.http.document import problems
from roomtally.streams import ids
from roomtally.streams.connection import Viewer
from roomtally.streams.ids import EventId
from roomtally.streams.response import EventStreamResponse

OPENED = ResponseSpec(
    str,
    description="Server-Sent Events: `progress` (the snapshot), `complete`, `ping`, `timeout`, `reset`, `error`.",
    media_type="text/event-stream",
    generate_examples=False,
)
NOTHING_MORE = ResponseSpec(None, description="The batch is finished and the client has seen its end.")


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
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=100)] = None,
    after: Annotated[
        str | None,
        QueryParameter(name="after", max_length=100, description="The same, for clients that reopen by hand."),
    ] = None,
) -> Response[bytes]:
    """The header wins over `after`. One query decides on session, access and whether there is anything more to come."""
    seen = last_event_id or after
    known = ids.parse(seen) if seen else None
    address = desk.addresses.of(request.scope)
    desk.admission.knock(address)
    [opened] = await reading.open_streams(desk.context, auth.stream_credential(request), [batch_id])
    if opened.last_event is None:
        raise reading.batch_not_found()
    if opened.finished and known == EventId(opened.epoch, opened.last_event):
        return Response(b"", status_code=204)
    lease = await desk.admission.lease(opened.user_id)
    try:
        viewer = Viewer(opened.credential_id, opened.user_id, opened.last_event, known, address, lease.release)
        stream = await desk.hub.attach(batch_id, viewer)
    except BaseException:
        lease.release()
        raise
    recorder.stream_begins(request.scope)
    return EventStreamResponse(stream)
