"""Multipart forms, part by part as they arrive: never whole in memory, never on this machine's disk."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeAlias, cast

from litestar import Request
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,  # pyright: ignore[reportUnknownVariableType] -- it has no types
)

from roomtally import errors
from roomtally.http import body

_Header: TypeAlias = tuple[str, dict[str, str]]

MULTIPART = "multipart/form-data"


class Part:
    """One field of a form. `filename` is None for plain fields. Iterate it before asking for the next part."""

    def __init__(self, segment: MultipartSegment, events: AsyncIterator[MultipartSegment | bytes | None]) -> None:
        self.name: str = segment.name
        self.filename: str | None = segment.filename
        self._events = events
        self._ended = False

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        while not self._ended and (event := await anext(self._events)) is not None:
            assert isinstance(event, bytes), "a part ends before the next one begins"
            yield event
        self._ended = True

    async def text(self, longest: int) -> str:
        """A plain field. Raises errors.Invalid over `longest` bytes or where it is not UTF-8."""
        collected = bytearray()
        async for piece in self:
            collected += piece
            if len(collected) > longest:
                raise errors.Invalid("invalid-form", f"The field {self.name!r} is too long.")
        try:
            return collected.decode().strip()
        except UnicodeDecodeError as error:
            raise errors.Invalid("invalid-form", f"The field {self.name!r} is not UTF-8.") from error

    async def skip(self) -> None:
        async for _ in self:
            pass


async def parts(request: Request[Any, Any, Any]) -> AsyncGenerator[Part]:
    """The parts of the body in their order. Raises errors.Invalid for what is no form, body.ClientLeft when it breaks off."""
    events = _events(request)
    async for event in events:
        if isinstance(event, MultipartSegment):
            part = Part(event, events)
            yield part
            await part.skip()


async def _events(request: Request[Any, Any, Any]) -> AsyncGenerator[MultipartSegment | bytes | None]:
    try:
        with PushMultipartParser(_boundary(request)) as parser:
            async for piece in body.stream(request):
                for event in parser.parse(piece):
                    yield bytes(event) if isinstance(event, bytearray) else event
    except MultipartError as error:  # named here: it surfaces where a part is read, which may be inside the store
        raise errors.Invalid(
            "invalid-form", "The body is no whole multipart/form-data; send the form again."
        ) from error


def _boundary(request: Request[Any, Any, Any]) -> str:
    kind, options = cast("_Header", parse_options_header(request.headers.get("content-type", "")))
    boundary = options.get("boundary", "")
    if kind != MULTIPART or not 1 <= len(boundary) <= 70:  # RFC 2046
        raise errors.Invalid("invalid-form", "Content-Type needs a boundary of 1 to 70 characters.")
    return boundary
