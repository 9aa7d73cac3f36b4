"""POST /api/uploads: one photo as the raw body."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import HeaderParameter

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.service.uploads import Uploads
from roomtally.http import body
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey
from roomtally.telemetry import metrics

Filename = Annotated[
    str, HeaderParameter(name="X-Filename", max_length=3000, description="The file's name in UTF-8, percent-encoded.")
]


class Uploaded(msgspec.Struct, rename="camel"):
    upload_id: UUID


@dataclass
class RawPhoto(Operation):
    """The handler reads the body itself, so the document must be told of it."""

    def __post_init__(self) -> None:
        schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        types = ("image/jpeg", "image/png", "image/webp", "image/heic", "application/octet-stream")
        self.request_body = RequestBody({name: OpenAPIMediaType(schema) for name in types}, required=True)


class UploadRoutes(Controller):
    path = "/api/uploads"
    tags = ("Uploads",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post(
        "/",
        summary="Upload one photo; it waits 24 hours for its batch",
        operation_class=RawPhoto,
        responses=problems(400, 401, 409, 413, 415, 503),
    )
    async def upload(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        uploads: NamedDependency[Uploads],
        filename: Filename = "",
        idempotency_key: IdempotencyKey = None,
    ) -> Response[Uploaded]:
        try:
            upload_id = await uploads.receive(
                principal.user_id,
                unquote(filename, errors="replace"),
                body.stream(request),
                body.announced_bytes(request),
                idempotency_key,
            )
        except errors.RoomtallyError as error:
            metrics.UPLOADS_REFUSED.labels(error.slug).inc()
            raise
        return Response(Uploaded(upload_id))
