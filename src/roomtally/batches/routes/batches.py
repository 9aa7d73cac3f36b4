"""/api/batches: make, list, read, delete."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, HeaderParameter, QueryParameter

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.model import BatchStatus, Counts
from roomtally.batches.routes import answers
from roomtally.batches.routes.desk import Desk
from roomtally.batches.service import BatchRow, control, create, reading
from roomtally.batches.service.context import Context
from roomtally.batches.service.forms import BatchForm
from roomtally.batches.service.reading import Progress
from roomtally.batches.service.uploads import Uploads
from roomtally.http import body, conditional, form, leaving
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey
from roomtally.http.paging import CursorText, Limit, read_cursor, write_cursor
from roomtally.projects.service import Projects
from roomtally.streams import ids
from roomtally.streams.ids import EventId
from roomtally.telemetry import metrics

LONGEST_WAIT = 60  # seconds; proxies cut silent requests at 60
FORM_OVERHEAD = 1024 * 1024  # bytes of part headers and fields; 200 parts have about 50 KB


class NewBatch(msgspec.Struct, rename="camel"):
    project_id: UUID
    uploads: list[UUID]


class BatchLine(msgspec.Struct, rename="camel"):
    batch_id: UUID
    project_id: UUID
    status: BatchStatus
    paused: bool
    run: int
    progress: int
    counts: Counts
    total_items: int
    total_volume: float
    event_id: str
    created_at: datetime
    updated_at: datetime


class BatchPage(msgspec.Struct, rename="camel"):
    items: list[BatchLine]
    next: str | None


@dataclass
class NewBatchBody(Operation):
    """The handler reads the body itself, so the document must be told of it."""

    def __post_init__(self) -> None:
        uuid = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)
        binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(
            {
                "application/json": _fields(uploads=Schema(type=OpenAPIType.ARRAY, items=uuid), projectId=uuid),
                form.MULTIPART: _fields(photos=Schema(type=OpenAPIType.ARRAY, items=binary), projectId=uuid),
            },
            required=True,
        )


def _fields(**properties: Schema) -> OpenAPIMediaType:
    return OpenAPIMediaType(Schema(type=OpenAPIType.OBJECT, properties=dict(properties), required=list(properties)))


class BatchRoutes(Controller):
    path = "/api/batches"
    tags = ("Batches",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post(
        "/",
        summary="Submit photos together, as uploads or as one form",
        operation_class=NewBatchBody,
        responses={201: answers.SNAPSHOT, **problems(400, 401, 404, 409, 413, 415, 422, 503)},
    )
    async def create(
        self,
        *,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        uploads: NamedDependency[Uploads],
        projects: NamedDependency[Projects],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        content_type = body.media_type(request)
        if content_type == body.JSON:
            new = await body.read_json(request, NewBatch)
            progress = await create.create_batch(
                context,
                user_id=principal.user_id,
                project_id=new.project_id,
                uploads=new.uploads,
                idempotency_key=idempotency_key,
            )
        elif content_type == form.MULTIPART:
            progress = await _create_from_form(
                request=request,
                principal=principal,
                context=context,
                uploads=uploads,
                projects=projects,
                key=idempotency_key,
            )
        else:
            raise errors.Unsupported(
                "unsupported-content-type", "Send application/json with upload ids, or multipart/form-data with photos."
            )
        return answers.snapshot(progress, 201)

    @get("/", summary="Your batches, newest first", responses=problems(400, 401))
    async def list_batches(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        project_id: Annotated[UUID | None, QueryParameter(name="projectId")] = None,
        limit: Limit = 50,
        cursor: CursorText = None,
    ) -> BatchPage:
        found = await reading.list_batches(
            context, principal.user_id, project_id=project_id, before=read_cursor(cursor), limit=limit + 1
        )
        page = found[:limit]
        last = (page[-1].created_at, page[-1].id) if len(found) > limit else None
        return BatchPage([_line(row) for row in page], write_cursor(last) if last else None)

    @get(
        "/{batch_id:uuid}",
        summary="The snapshot; with `wait` and `after` or If-None-Match, as soon as there is a newer one (long-poll)",
        responses={200: answers.SNAPSHOT, **problems(400, 401, 404, 429, 503)},
    )
    async def read(
        self,
        *,
        request: Request[Any, Any, Any],
        desk: NamedDependency[Desk],
        batch_id: FromPath[UUID],
        if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
        after: Annotated[str | None, QueryParameter(name="after", description="An event id.")] = None,
        wait: Annotated[int, QueryParameter(name="wait", ge=0, le=LONGEST_WAIT, description="Seconds.")] = 0,
    ) -> Response[bytes]:
        known = {ids.parse(after)} if after else conditional.named(if_none_match, ids.parse)
        credential = auth.credential(request)
        progress, credential_id = await reading.read_opened(desk.context, credential, batch_id, known)
        if progress.body is None and wait:
            newer = await leaving.unless_left(request, _newer(desk, progress, credential_id, wait))
            # Asked again also where nothing is new: whoever was signed out meanwhile is not told so.
            progress, _ = await reading.read_opened(desk.context, credential, batch_id, () if newer else known)
        return answers.snapshot(progress)

    @delete(
        "/{batch_id:uuid}",
        summary="Delete the batch and its photos",
        status_code=204,
        responses=problems(401, 403, 404, 409),
    )
    async def delete(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        batch_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        await control.delete(context, principal.user_id, batch_id, idempotency_key)


async def _newer(desk: Desk, progress: Progress, credential_id: UUID, seconds: int) -> bool:
    """Waits as a stream does, and counts as one. False too when the session ends."""
    lease = await desk.admission.lease(progress.user_id)
    try:
        found = await desk.hub.wait_beyond(progress.batch_id, credential_id, progress.n, seconds)
        return found is not None
    finally:
        lease.release()


async def _create_from_form(
    *,
    request: Request[Any, Any, Any],
    principal: Principal,
    context: Context,
    uploads: Uploads,
    projects: Projects,
    key: str | None,
) -> Progress:
    try:
        await _refuse_early(request, principal, context, uploads)
        return await BatchForm(context, uploads, principal.user_id, key).receive(
            form.parts(request), lambda project: projects.get(principal.user_id, project)
        )
    except errors.RoomtallyError as error:
        metrics.UPLOADS_REFUSED.labels(error.slug).inc()
        raise


async def _refuse_early(
    request: Request[Any, Any, Any], principal: Principal, context: Context, uploads: Uploads
) -> None:
    """By Content-Length, before gigabytes are received that cannot become a batch."""
    announced = body.announced_bytes(request) or 0
    if announced > context.max_photos * uploads.limits.photo_bytes + FORM_OVERHEAD:
        raise errors.TooLarge("request-too-large", "This form is larger than the largest batch; make several.")
    await uploads.check_room(principal.user_id, max(announced - FORM_OVERHEAD, 0))


def _line(row: BatchRow) -> BatchLine:
    return BatchLine(
        batch_id=row.id,
        project_id=row.project_id,
        status=BatchStatus(row.status),
        paused=row.paused,
        run=row.run,
        progress=row.progress,
        counts=Counts(
            queued=row.pending, processing=row.processing, completed=row.done, failed=row.failed, total=row.total
        ),
        total_items=row.total_items,
        total_volume=row.total_litres / 1000,
        event_id=str(EventId(row.epoch, row.n)),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
