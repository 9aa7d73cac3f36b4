"""Request bodies: streamed, limited on the way, and never trusted to arrive."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import msgspec
from litestar import Request

from roomtally import errors
from roomtally.http import faults

IDLE_SECONDS = 60  # a client that sends nothing for so long holds a connection and a half-written file for nothing
JSON = "application/json"
JSON_BYTES = 1024 * 1024

T = TypeVar("T")


class ClientLeft(Exception):
    """The connection ended before the body did."""


class StrictRequest(Request[Any, Any, Any]):
    """Reads JSON only where the body is said to be JSON: another site's form can send any text, but not under that name."""

    async def json(self) -> Any:
        """Raises errors.Unsupported for another content type, errors.Invalid where the body is not UTF-8."""
        if await self.body() and media_type(self) != JSON:
            raise errors.Unsupported("unsupported-content-type", f"Send the body as {JSON}, with that Content-Type.")
        try:
            return await super().json()
        except UnicodeDecodeError as error:
            raise _unusable(error) from error


def media_type(request: Request[Any, Any, Any]) -> str:
    """Content-Type without its parameters, in lower case; empty where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def stream(request: Request[Any, Any, Any]) -> AsyncGenerator[bytes]:
    """The body, piece by piece as the server gets it. Raises ClientLeft, or errors.Invalid when the client stalls."""
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await request.receive()
        except TimeoutError as error:
            raise errors.Invalid("upload-stalled", f"Nothing came for {IDLE_SECONDS} s; send it again.") from error
        if message["type"] != "http.request":
            raise ClientLeft
        if piece := message["body"]:
            yield piece
        if not message["more_body"]:
            return


def announced_bytes(request: Request[Any, Any, Any]) -> int | None:
    """Content-Length, or None where the body is chunked. Raises errors.Invalid where it is no number."""
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise errors.Invalid("invalid-content-length", "Content-Length must be a whole number of bytes.")
    return int(text)


async def read_json(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The body as `shape`. Raises errors.Invalid with the field that does not fit, errors.TooLarge over 1 MiB."""
    collected = bytearray()
    async for piece in stream(request):
        collected += piece
        if len(collected) > JSON_BYTES:
            raise errors.TooLarge("request-too-large", "A JSON body may have 1 MiB at most.")
    try:
        return msgspec.json.decode(collected, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> errors.Invalid:
    fault = faults.of_json(str(error))
    return errors.Invalid("invalid-request", _sentence(fault), errors=[fault])


def _sentence(fault: faults.FieldError) -> str:
    """`The body cannot be used: uploads[0] must be a UUID.`"""
    said = fault.message.removesuffix(".")
    if said.startswith("It "):
        said = said.replace("It", fault.field or "it", 1)
    return f"The body cannot be used: {said}."
