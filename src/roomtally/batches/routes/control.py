"""What a person may do to a batch on its way: hold it, go on, try again, stop."""

from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.routes import answers
from roomtally.batches.service import control
from roomtally.batches.service.context import Context
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey

REFUSALS = {200: answers.SNAPSHOT, **problems(401, 403, 404, 409)}


class ControlRoutes(Controller):
    path = "/api/batches/{batch_id:uuid}"
    tags = ("Batches",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post("/pause", summary="Begin no more photos", status_code=200, responses=REFUSALS)
    async def pause(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        batch_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        return answers.snapshot(await control.pause(context, principal.user_id, batch_id, idempotency_key))

    @post("/resume", summary="Go on", status_code=200, responses=REFUSALS)
    async def resume(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        batch_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        return answers.snapshot(await control.resume(context, principal.user_id, batch_id, idempotency_key))

    @post("/retry-failed", summary="Try all photos in ERROR again", status_code=200, responses=REFUSALS)
    async def retry_failed(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        batch_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        return answers.snapshot(await control.retry_failed(context, principal.user_id, batch_id, idempotency_key))

    @post("/cancel", summary="Stop; photos in work end", status_code=200, responses=REFUSALS)
    async def cancel(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        batch_id: FromPath[UUID],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        return answers.snapshot(await control.cancel(context, principal.user_id, batch_id, idempotency_key))
