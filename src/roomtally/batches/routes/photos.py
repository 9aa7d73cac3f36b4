"""/api/photos/{id}: its files, another try."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.routes import answers
from roomtally.batches.service import control
from roomtally.batches.service.context import Context
from roomtally.batches.service.files import PhotoFiles
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey

SANDBOX = {  # a photo is somebody's bytes: whatever it turns out to be, it runs nothing here
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
FILE = ResponseSpec(bytes, description="The picture.", media_type="image/*", generate_examples=False)


class PhotoRoutes(Controller):
    path = "/api/photos/{photo_id:uuid}"
    tags = ("Photos",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post(
        "/retry",
        summary="Try this photo again",
        status_code=200,
        responses={200: answers.SNAPSHOT, **problems(401, 403, 404, 409)},
    )
    async def retry(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        photo_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        return answers.snapshot(await control.retry_photo(context, principal.user_id, photo_id, idempotency_key))

    @get(
        "/thumbnail",
        summary="A small picture, once the photo was looked at",
        responses={200: FILE, **problems(401, 404)},
    )
    async def thumbnail(
        self, principal: NamedDependency[Principal], files: NamedDependency[PhotoFiles], photo_id: FromPath[UUID]
    ) -> Stream:
        pieces = await files.open_thumbnail(principal.user_id, photo_id)
        headers = SANDBOX | {"Cache-Control": "private, max-age=3600"}
        return Stream(pieces, media_type="image/webp", headers=headers)

    @get(
        "/original",
        summary="The photo as sent, without its hidden data",
        responses={200: FILE, **problems(401, 404, 415)},
    )
    async def original(
        self, principal: NamedDependency[Principal], files: NamedDependency[PhotoFiles], photo_id: FromPath[UUID]
    ) -> Response[Any]:
        photo = await files.read_original(principal.user_id, photo_id)
        headers = SANDBOX | {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(photo.filename, safe='')}",
            "Cache-Control": "private, no-store",
        }
        return Response(photo.body, media_type=photo.content_type, headers=headers)
