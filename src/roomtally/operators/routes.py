"""/admin/streams: who watches what in this process, as JSON for scripts and as a plain page for people."""

import functools
import os
import socket
from importlib import resources
from typing import Annotated, Any

import jinja2
import msgspec
from litestar import Controller, Request, Response, delete, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.service.sessions import Accounts
from roomtally.http.document import problems
from roomtally.streams import roster
from roomtally.streams.hub import Hub

MOST = 1000  # streams in one answer; a process may have ten times as many
PACKAGE = "roomtally.operators"
ASSETS = {"streams.css": "text/css", "streams.js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}


class Watched(roster.Entry, frozen=True, rename="camel"):
    """`email` is None for an account that is gone."""

    email: str | None = None


class Streams(msgspec.Struct, rename="camel"):
    """Of one process: the others have their own. `total` counts long-polls too; `streams` has the oldest ones."""

    process: str
    total: int
    draining: bool
    streams: list[Watched]


class OperatorRoutes(Controller):
    path = "/admin/streams"
    tags = ("Operators",)
    guards = (auth.operators_only,)

    @get(
        "/",
        summary="Open streams of the process that answers; a page where `Accept` prefers HTML",
        responses={
            200: ResponseSpec(Streams, description="Of this process alone.", generate_examples=False),
            **problems(400, 401, 403),
        },
    )
    async def list_streams(
        self,
        request: Request[Any, Any, Any],
        hub: NamedDependency[Hub],
        accounts: NamedDependency[Accounts],
        limit: Annotated[int, QueryParameter(name="limit", ge=1, le=MOST)] = 100,
    ) -> Response[Any]:
        entries = roster.entries(hub, limit)
        emails = await accounts.list_emails({entry.user_id for entry in entries})
        found = Streams(
            process_name(), hub.count, hub.draining, [_watched(entry, emails.get(entry.user_id)) for entry in entries]
        )
        if _wants_page(request):
            html = _templates().get_template("streams.html").render(found=found)
            return Response(html, media_type="text/html", headers=HEADERS)
        return Response(found, headers={"Cache-Control": "no-store", "Vary": "Accept"})

    @delete(
        "/{stream_id:str}",
        summary="Close one stream of the process that answers",
        status_code=204,
        responses=problems(401, 403, 404),
    )
    async def close(self, stream_id: FromPath[str], hub: NamedDependency[Hub]) -> None:
        roster.close(hub, stream_id)

    @get("/assets/{name:str}", include_in_schema=False)
    async def asset(self, name: FromPath[str]) -> Response[bytes]:
        if name not in ASSETS:
            raise errors.NotFound("no-such-page", "There is nothing at this address.")
        body = (resources.files(PACKAGE) / "plain" / name).read_bytes()
        return Response(body, media_type=ASSETS[name], headers=HEADERS)


def process_name() -> str:
    """Which process this is, over all hosts: the number is the one that the system's own tools show."""
    return f"{socket.gethostname()}/{os.getpid()}"


def _watched(entry: roster.Entry, email: str | None) -> Watched:
    return Watched(**msgspec.structs.asdict(entry), email=email)


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    """Browsers name text/html first; whatever does not is given JSON."""
    first = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    return first == "text/html"


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader(PACKAGE, "plain")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
