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
    if method in SAFE_METHODS or (header(b"authorization") or b"").lower().startswith(b"bearer "):
        return False
    origin = (header(b"origin") or b"").decode("latin-1")
    if origin in trusted:
        return False
    site = (header(b"sec-fetch-site") or b"").decode("latin-1")
    if site:
        return site not in OURS
    return bool(origin) and urlsplit(origin).netloc != (header(b"host") or b"").decode("latin-1")
