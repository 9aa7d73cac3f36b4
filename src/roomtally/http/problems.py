"""Problem documents (RFC 9457): the one place that turns an error into a status."""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from opentelemetry import trace

from roomtally import errors
from roomtally.http import faults
from roomtally.http.faults import FieldError

TYPE_PREFIX = "https://roomtally.dev/problems/"
MEDIA_TYPE = "application/problem+json"

STATUS_OF_KIND = {
    errors.Invalid.kind: 400,
    errors.Unauthorized.kind: 401,
    errors.Forbidden.kind: 403,
    errors.NotFound.kind: 404,
    errors.Conflict.kind: 409,
    errors.PreconditionFailed.kind: 412,
    errors.TooLarge.kind: 413,
    errors.Unsupported.kind: 415,
    errors.PreconditionRequired.kind: 428,
    errors.TooMany.kind: 429,
    errors.Unavailable.kind: 503,
}
# The request is well formed, only its content cannot be used.
STATUS_OF_SLUG = {"no-photos": 422, "too-many-photos": 422}

# What the framework refuses before our code is asked.
SLUG_OF_STATUS = {
    400: ("invalid-request", "The request cannot be understood; see `errors` for what to change."),
    401: ("not-signed-in", "Sign in first, or send an API token."),
    403: ("forbidden", "This is not allowed."),
    404: ("no-such-page", "There is nothing at this address; the API is described at /api/openapi.json."),
    405: ("method-not-allowed", "This address does not take this method; `Allow` names those that it takes."),
    413: ("request-too-large", "The body of this request is too large."),
    415: ("unsupported-content-type", "This content type is not handled here."),
    499: ("client-left", "The client left before it had sent everything; nothing was kept."),
    500: ("internal-error", "Something went wrong on our side. Try again; if it stays, report the traceId."),
}

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The body of every answer that is not a success; `type` never changes, `detail` tells a person what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str | None = None
    errors: list[FieldError] | None = None


def status_of(error: errors.RoomtallyError) -> int:
    return STATUS_OF_SLUG.get(error.slug) or STATUS_OF_KIND.get(error.kind, 500)


def encode(path: str, status: int, slug: str, detail: str, **extra: object) -> bytes:
    problem: dict[str, object] = msgspec.to_builtins(
        Problem(
            type=TYPE_PREFIX + slug,
            title=slug.replace("-", " ").capitalize(),
            status=status,
            detail=detail,
            instance=path,
            trace_id=_trace_id(),
        )
    )
    return msgspec.json.encode(problem | {_camel_case(name): value for name, value in extra.items()})


def headers_of(status: int, extra: dict[str, object]) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="roomtally"'
    if (seconds := extra.get("retry_after")) is not None:
        headers["Retry-After"] = str(seconds)
    return headers


def answer_known(request: Request[Any, Any, Any], error: errors.RoomtallyError) -> Response[bytes]:
    status = status_of(error)
    if status >= 500:
        log.warning("request_unavailable", slug=error.slug, detail=error.detail, cause=repr(error.__cause__))
    return _response(request, status, error.slug, error.detail, error.extra)


def answer_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if error.status_code >= 500:
        return answer_unknown(request, error)
    slug, detail = SLUG_OF_STATUS.get(error.status_code, SLUG_OF_STATUS[400])
    extra: dict[str, object] = {}
    if error.status_code == 400:
        extra["errors"] = faults.of_framework(request, error)
    response = _response(request, error.status_code, slug, detail, extra)
    if allow := (error.headers or {}).get("allow"):
        response.headers["Allow"] = ", ".join(sorted(allow.split(", ")))  # from a set: in any order
    return response


def answer_left(request: Request[Any, Any, Any], _error: Exception) -> Response[bytes]:
    """Nobody reads this; the status is for the log and the metrics."""
    slug, detail = SLUG_OF_STATUS[499]
    return _response(request, 499, slug, detail, {})


def answer_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """500 without a word of what happened: that stands in the log, under the trace id that the body names."""
    log.error("request_failed", path=request.scope["path"], exc_info=error)
    slug, detail = SLUG_OF_STATUS[500]
    return _response(request, 500, slug, detail, {})


def _response(
    request: Request[Any, Any, Any], status: int, slug: str, detail: str, extra: dict[str, object]
) -> Response[bytes]:
    body = encode(request.scope["path"], status, slug, detail, **extra)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers_of(status, extra))


def _trace_id() -> str | None:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
