"""Keyset pages: the cursor names the last row that was shown, so that new rows neither repeat nor hide others."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from roomtally import errors

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100, description="Rows of a page.")]
CursorText = Annotated[
    str | None,
    QueryParameter(name="cursor", max_length=200, description="`next` of the page before; opaque."),
]
Position = tuple[datetime, UUID]


def write_cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(position)).decode().rstrip("=")


def read_cursor(text: str | None) -> Position | None:
    """Raises errors.Invalid where the text was not made by `write_cursor`."""
    if text is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(raw, type=Position)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise errors.Invalid("invalid-cursor", "Leave out `cursor` to start at the first page.") from error
