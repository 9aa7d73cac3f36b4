"""Entity tags: `ETag`, `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2)."""

import re
from collections.abc import Callable, Container
from typing import Generic, TypeVar

from roomtally import errors

VARY = "Cookie, Authorization"
MOST_TAGS = 100  # of a header that are looked at; a client has a few versions, not hundreds

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

T = TypeVar("T")


class _Whatever(Generic[T]):
    """What `*` names: each representation that there is."""

    def __contains__(self, _one: object) -> bool:
        return True


def write_etag(value: object) -> str:
    return f'"{value}"'


def named(if_none_match: str | None, parse: Callable[[str], T]) -> Container[T]:
    """The versions that the header says its sender has. Weak tags count as strong; what `parse` refuses, we did not write."""
    if (if_none_match or "").strip() == "*":
        return _Whatever[T]()
    known = set[T]()
    for tag in list_etags(if_none_match):
        try:
            known.add(parse(tag))
        except errors.Invalid:
            continue
    return known


def list_etags(header: str | None) -> list[str]:
    """The values of the tags, without quotes. What stands between them, unquoted text too, names nothing."""
    return _TAG.findall(header or "")[:MOST_TAGS]


def reading_headers(etag: object) -> dict[str, str]:
    """For what a client may keep but must ask about each time, and that differs between users."""
    return {"ETag": write_etag(etag), "Cache-Control": "private, no-cache", "Vary": VARY}
