"""/admin/streams: who watches what, in all web processes, as JSON for scripts and as a plain page for people."""

import functools
from importlib import resources
from typing import Annotated, Any
from uuid import UUID

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
from roomtally.streams.gathering import Gathered, Gathering, Process

MOST = 1000  # streams in one answer; a process may have ten times as many
PACKAGE = "roomtally.operators"
ASSETS = {"streams.css": "text/css", "streams.js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=MOST)]
CursorText = Annotated[
    str | None, QueryParameter(name="cursor", max_length=40, description="`next` of the page before.")
]
OfUser = Annotated[UUID | None, QueryParameter(name="user", description="Only those of this user.")]
OfBatch = Annotated[UUID | None, QueryParameter(name="batch", description="Only those that follow this batch.")]


class Watched(roster.Entry, frozen=True, rename="camel"):
    """`email` is None for an account that is gone."""

    process: str
    email: str | None = None


class Streams(msgspec.Struct, rename="camel"):
    """Of the `processes` that answered; `asked`: how many there are, null where nobody knows. `total` is that of all that
    answered and counts long-polls too; `streams` has the oldest ones, and `next` leads to the others."""

    asked: int | None
    processes: list[Process]
    total: int
    streams: list[Watched]
    next: str | None


class OperatorRoutes(Controller):
    path = "/admin/streams"
    tags = ("Operators",)
    guards = (auth.operators_only,)

    @get(
        "/",
        summary="Open streams of all web processes; a page where `Accept` prefers HTML",
        responses={
            200: ResponseSpec(Streams, description="Of all that answered within 0.5 s.", generate_examples=False),
            **problems(400, 401, 403),
        },
    )
    async def list_streams(
        self,
        request: Request[Any, Any, Any],
        gathering: NamedDependency[Gathering],
        accounts: NamedDependency[Accounts],
        *,
        limit: Limit = 100,
        cursor: CursorText = None,
        user: OfUser = None,
        batch: OfBatch = None,
    ) -> Response[Any]:
        # One more than is shown, to know whether there are more.
        wanted = roster.Wanted(limit + 1, roster.read_cursor(cursor), user, batch)
        found = await _named(_merged(await gathering.list(wanted), limit), accounts)
        if _wants_page(request):
            narrowed = {name: value for name, value in {"user": user, "batch": batch}.items() if value}
            html = _templates().get_template("streams.html").render(found=found, limit=limit, narrowed=narrowed)
            return Response(html, media_type="text/html", headers=HEADERS)
        return Response(found, headers={"Cache-Control": "no-store", "Vary": "Accept"})

    @delete(
        "/{stream_id:str}",
        summary="Close one stream, whichever process has it",
        status_code=204,
        responses=problems(401, 403, 404, 503),
    )
    async def close(self, stream_id: FromPath[str], gathering: NamedDependency[Gathering]) -> None:
        await gathering.close(stream_id)

    @get("/assets/{name:str}", include_in_schema=False)
    async def asset(self, name: FromPath[str]) -> Response[bytes]:
        if name not in ASSETS:
            raise errors.NotFound("no-such-page", "There is nothing at this address.")
        body = (resources.files(PACKAGE) / "plain" / name).read_bytes()
        return Response(body, media_type=ASSETS[name], headers=HEADERS)


def _merged(gathered: Gathered, limit: int) -> Streams:
    """The oldest of all, without names."""
    entries = sorted(
        ((entry, answer.process.process) for answer in gathered.answers for entry in answer.streams),
        key=lambda found: found[0].position,
    )
    shown = [Watched(**msgspec.structs.asdict(entry), process=process) for entry, process in entries[:limit]]
    processes = [answer.process for answer in gathered.answers]
    return Streams(
        asked=gathered.asked,
        processes=sorted(processes, key=lambda process: process.process),
        total=sum(process.total for process in processes),
        streams=shown,
        next=roster.write_cursor(shown[-1].position) if len(entries) > limit else None,
    )


async def _named(found: Streams, accounts: Accounts) -> Streams:
    emails = await accounts.list_emails({entry.user_id for entry in found.streams})
    found.streams = [msgspec.structs.replace(entry, email=emails.get(entry.user_id)) for entry in found.streams]
    return found


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    """Browsers name text/html first; whatever does not is given JSON."""
    first = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    return first == "text/html"


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader(PACKAGE, "plain")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
