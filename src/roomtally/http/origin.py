"""Requests that another site makes a browser send, with our cookie on it: refused (cross-site request forgery)."""

from collections.abc import Callable
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OURS = frozenset({"same-origin", "none"})  # none: typed by the person, or a bookmark

Header = Callable[[bytes], bytes | None]


def is_foreign(method: str, header: Header, trusted: frozenset[str]) -> bool:
    """Whether a browser says that this request comes from another site. Scripts (no such headers, or a bearer) pass.

    `trusted` are origins (`https://host`) that are ours beside the Host of the request.
    """
    if method in SAFE_METHODS or _text(header, b"authorization").lower().startswith("bearer "):
        return False
    origin, site = _text(header, b"origin"), _text(header, b"sec-fetch-site")
    if origin in trusted:
        return False
    return site not in OURS if site else _is_of_another_host(origin, _text(header, b"host"))


def _is_of_another_host(origin: str, host: str) -> bool:
    try:
        return bool(origin) and urlsplit(origin).netloc != host
    except ValueError:  # no browser wrote this
        return True


def _text(header: Header, name: bytes) -> str:
    return (header(name) or b"").decode("latin-1")
