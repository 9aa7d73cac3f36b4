"""Plain pages, so that a person can watch before the real page is there: sign in, list and upload, one batch live.

Deleting them is deleting this file, the folder `plain` and the line in `app.py`.
"""

import functools
from collections.abc import Sequence
from importlib import resources
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

import jinja2
import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.model import BatchStatus, Photo, PhotoStatus, Snapshot
from roomtally.batches.service import reading
from roomtally.batches.service.context import Context
from roomtally.http import problems
from roomtally.inventory import volumes
from roomtally.inventory.model import ItemTotal, PhotoItem
from roomtally.inventory.service import Inventories
from roomtally.projects.service import Projects

PACKAGE = "roomtally.batches.routes"
FOLDER = "plain"
LISTED = 50  # batches and moves on the first page; the plain one has no second
SEEN_LITRES = 5  # less than that is no hundredth of a cubic metre, and not nothing either
ASSETS = {
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    "shared.js": "text/javascript",
    "login.js": "text/javascript",
    "home.js": "text/javascript",
    "batch.js": "text/javascript",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
PROBLEMS = {
    "batch-not-found": (
        "This batch does not exist, or is not yours",
        "It may have been deleted. Your other batches are untouched.",
    )
}
BATCH_WORDS = {
    BatchStatus.QUEUED: "Queued",
    BatchStatus.PROCESSING: "Processing",
    BatchStatus.COMPLETED: "Finished",
    BatchStatus.PARTIAL: "Partial",
    BatchStatus.FAILED: "Failed",
    BatchStatus.CANCELLING: "Cancelling",
    BatchStatus.CANCELLED: "Cancelled",
}
PHOTO_WORDS = {
    PhotoStatus.PENDING: "Waiting",
    PhotoStatus.PROCESSING: "Processing",
    PhotoStatus.DONE: "Done",
    PhotoStatus.ERROR: "Failed",
}


def answer_error(request: Request[Any, Any, Any], error: errors.RoomtallyError) -> Response[Any]:
    """A page for a person: signed-out visitors go to the sign-in and come back."""
    if isinstance(error, errors.Unauthorized):
        return Redirect(f"/login?next={quote(request.url.path, safe='')}", status_code=303)
    title, detail = PROBLEMS.get(error.slug, ("This did not work", error.detail))
    return _page("problem.html", problems.status_of(error), title=title, detail=detail)


def answer_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Where there is nothing a person gets a page; every client that does not ask for one gets the problem document."""
    if error.status_code == 404 and request.headers.get("accept", "").startswith("text/html"):
        return _page(
            "problem.html", 404, title="There is nothing here", detail="This address leads to no page of Roomtally."
        )
    return problems.answer_framework(request, error)


class PageRoutes(Controller):
    include_in_schema = False
    exception_handlers: ClassVar[Any] = {errors.RoomtallyError: answer_error}

    @get("/login")
    async def login(self, next: FromQuery[str] = "/") -> Response[str]:  # noqa: A002 - the name in the address
        return _page("login.html", next=_own_page(next))

    @get("/plain/{name:str}")
    async def asset(self, name: FromPath[str]) -> Response[bytes]:
        if name not in ASSETS:
            raise errors.NotFound("no-such-page", "There is nothing at this address.")
        body = (resources.files(PACKAGE) / FOLDER / name).read_bytes()
        return Response(body, media_type=ASSETS[name], headers=HEADERS | {"Cache-Control": "no-cache"})

    @get("/", dependencies={"principal": Provide(auth.principal)})
    async def home(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        projects: NamedDependency[Projects],
    ) -> Response[str]:
        moves = await projects.list(principal.user_id, LISTED, None)
        batches = await reading.list_batches(context, principal.user_id, limit=LISTED)
        return _page("home.html", projects=moves, names={move.id: move.name for move in moves}, batches=batches)

    @get("/batches/{batch_id:str}", dependencies={"principal": Provide(auth.principal)})
    async def batch(
        self,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        projects: NamedDependency[Projects],
        inventories: NamedDependency[Inventories],
        batch_id: FromPath[str],
    ) -> Response[str]:
        """The script reads it again for what the stream does not say: which items there are."""
        user, wanted = principal.user_id, _uuid(batch_id)
        progress = await reading.read_progress(context, user, wanted)
        assert progress.body is not None
        batch = msgspec.json.decode(progress.body, type=Snapshot)
        return _page(
            "batch.html",
            batch=batch,
            move=(await projects.get(user, UUID(batch.project_id))).name,
            inventory=await inventories.of_batch(user, wanted),
            things={str(photo): items for photo, items in (await inventories.of_photos(user, wanted)).items()},
        )


def _own_page(path: str) -> str:
    """Where to go after signing in: only to a page of ours, never to another site."""
    is_batch = path.startswith("/batches/") and path.removeprefix("/batches/").replace("-", "").isalnum()
    return path if is_batch else "/"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise reading.batch_not_found() from error


def _page(template: str, status: int = 200, **values: Any) -> Response[str]:
    html = _templates().get_template(template).render(**values)
    return Response(html, status_code=status, media_type="text/html", headers=HEADERS)


# --- templates ----------------------------------------------------------------------------------------------------------


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(PACKAGE, FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "batch_word": lambda status: BATCH_WORDS[BatchStatus(status)],
        "photo_word": lambda status: PHOTO_WORDS[PhotoStatus(status)],
        "cubic_metres": _cubic_metres,
        "headline": functools.partial(_half_up, decimals=1),
        "items": functools.partial(_plural, noun="item"),
        "room": _room,
        "result": _result,
        "hint": _hint,
        "thing": _thing,
        "things": _things,
    }
    return environment


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _half_up(volume: float, decimals: int) -> str:
    """`volume` is whole litres, which a float's own rounding would take for a little less."""
    step = 10 ** (3 - decimals)
    return f"{(round(volume * 1000) + step // 2) // step / 10**decimals:.{decimals}f}"


def _cubic_metres(volume: float) -> str:
    if 0 < round(volume * 1000) < SEEN_LITRES:
        return "< 0.01 m³"
    return _half_up(volume, 2) + " m³"


def _room(room_type: str | None) -> str:
    return (room_type or "").replace("_", " ").capitalize()


def _thing(item: ItemTotal) -> str:
    return _times(item.count, item.label_en) + _proposed(item.proposed, item.count)


def _things(items: Sequence[PhotoItem]) -> str:
    return ", ".join(map(_photo_thing, items))


def _photo_thing(item: PhotoItem) -> str:
    known = volumes.find(item.label)
    name = known.label_en if known else item.label
    return _times(item.count, name) + _proposed(item.count if item.proposed else 0, item.count)


def _times(count: int, name: str) -> str:
    return name if count == 1 else f"{count} × {name}"


def _proposed(proposed: int, count: int) -> str:
    """Nobody has seen these on a photo; they are inferred."""
    if not proposed:
        return ""
    return " (proposed)" if proposed == count else f" ({proposed} proposed)"


def _result(photo: Photo) -> str:
    if photo.status is PhotoStatus.DONE:
        if not photo.item_count:
            return "No furniture in this photo"
        return f"{_plural(photo.item_count, 'item')} · {_cubic_metres(photo.volume)}"
    return photo.error or ""


def _hint(batch: Snapshot) -> str:
    left = batch.counts.queued + batch.counts.processing
    if not batch.finished:
        if batch.inventory_summary is None:
            return "The volume appears with the first counted photo."
        return f"Provisional: {_plural(left, 'photo')} still to be counted."
    if batch.inventory_summary is None:
        return "No photo could be counted."
    return f"{_plural(left, 'photo')} not analysed." if left else ""
