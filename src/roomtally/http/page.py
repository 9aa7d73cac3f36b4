"""The page: one document at each of its addresses, and the files that it is made of, whose names change with their content."""

import functools
import gzip
import hashlib
import mimetypes
import re
from importlib import resources
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from roomtally import errors
from roomtally.http import problems
from roomtally.http.conditional import list_etags, write_etag

PACKAGE = "roomtally"
FOLDER = "web_dist"  # made by src/web/build_page.py
ASSET = re.compile(r"[\w-]+-[\w-]{8}\.\w+")  # as Vite names them: the hash is in the name
SQUEEZED = frozenset({"text/javascript", "text/css", "image/svg+xml", "text/html"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)  # blob: photos on their way, shown by the tab that sends them
DOCUMENT_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class File(msgspec.Struct, frozen=True):
    """`squeezed` is None where gzip gains nothing."""

    body: bytes
    squeezed: bytes | None
    media_type: str
    etag: str


@get(["/", "/login", "/batches/{item:uuid}", "/projects/{item:uuid}"], include_in_schema=False)
async def document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same for everybody: who is asking, and what they may see, is found out by the script."""
    return _document(request, 200)


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    if not ASSET.fullmatch(name):
        raise _no_such_page()
    return _answer(request, _read(f"assets/{name}"), 200, ASSET_HEADERS)


def answer_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Where there is nothing a person gets the page, which says so; every other client gets the problem document."""
    if error.status_code == 404 and request.headers.get("accept", "").startswith("text/html"):
        return _document(request, 404)
    return problems.answer_framework(request, error)


def _document(request: Request[Any, Any, Any], status: int) -> Response[bytes]:
    file = _read("index.html")
    headers = DOCUMENT_HEADERS | {"ETag": write_etag(file.etag)}
    if status == 200 and file.etag in list_etags(request.headers.get("if-none-match")):
        return Response(b"", status_code=304, headers=headers)
    return _answer(request, file, status, headers)


def _answer(request: Request[Any, Any, Any], file: File, status: int, headers: dict[str, str]) -> Response[bytes]:
    if file.squeezed and "gzip" in request.headers.get("accept-encoding", ""):
        headers = headers | {"Content-Encoding": "gzip"}
        return Response(file.squeezed, status_code=status, media_type=file.media_type, headers=headers)
    return Response(file.body, status_code=status, media_type=file.media_type, headers=headers)


@functools.cache
def _read(path: str) -> File:
    """Raises NotFound. Some ten files are ever found, and only what is found is kept."""
    file = resources.files(PACKAGE).joinpath(FOLDER, path)
    if not file.is_file():
        raise _no_such_page()
    body = file.read_bytes()
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    squeezed = gzip.compress(body, mtime=0) if media_type in SQUEEZED else None
    return File(body, squeezed, media_type, hashlib.sha256(body).hexdigest()[:16])


def _no_such_page() -> errors.NotFound:
    return errors.NotFound("no-such-page", "There is nothing at this address.")
