"""Entity tags: `ETag`, `If-Match`, `If-None-Match` (RFC 9110, 8.8.3, 13.1.1 and 13.1.2)."""

import re
from collections.abc import Callable, Container
from typing import Generic, TypeVar

from roomtally import errors

VARY = "Cookie, Authorization"
MOST_TAGS = 100  # of a header that are looked at; a client has a few versions, not hundreds

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

# One version. Weak ones count: a proxy that compresses the answer weakens the tag, and the version is no less the same.
_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')

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


def read_version(if_match: str | None) -> int:
    """The one version that `If-Match` names. `*` would mean "whatever it is", which is what the header is there to prevent.

    Raises errors.PreconditionRequired where it is missing, errors.Invalid where it is not one version.
    """
    if not (if_match or "").strip():
        raise errors.PreconditionRequired(
            "version-missing", 'Say which version you have seen: If-Match with its `version` in quotes, like "3".'
        )
    version = _VERSION.fullmatch((if_match or "").strip())
    if version is None:
        raise errors.Invalid("invalid-version", 'If-Match takes one version in quotes, like "3".')
    return int(version[1])


def reading_headers(etag: object) -> dict[str, str]:
    """For what a client may keep but must ask about each time, and that differs between users."""
    return {"ETag": write_etag(etag), "Cache-Control": "private, no-cache", "Vary": VARY}
