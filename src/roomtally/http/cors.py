"""Pages of other origins that may follow a stream: a list of exact origins, for a few addresses, and nothing else."""

from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

from roomtally import errors
from roomtally.http.recorder import App, Message, Receive, Scope, Send

ALLOWED = "roomtally.cors"  # in the scope of a request that may cross: the headers of its answer
REMEMBER_SECONDS = 600  # how long a browser need not ask again

Headers = tuple[tuple[bytes, bytes], ...]

_PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, last-event-id"),
    (b"access-control-max-age", b"%d" % REMEMBER_SECONDS),
)


class Cors:
    """ASGI middleware. `covers` says of a path whether other origins may ask for it at all."""

    def __init__(self, app: App, origins: frozenset[str], covers: Callable[[str], object]) -> None:
        self._app = app
        self._covers = covers
        self._headers = {origin.encode(): _headers(origin) for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = self._of(scope) if self._headers and scope["type"] == "http" else None
        if allowed is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [*allowed, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        scope[ALLOWED] = allowed

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *allowed]
            await send(message)

        await self._app(scope, receive, dress)

    def _of(self, scope: Scope) -> Headers | None:
        """None where the request does not come from one of the origins, or not for one of the paths."""
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        return self._headers.get(origin) if self._covers(scope["path"]) else None


def headers_of(scope: Mapping[str, object]) -> Headers:
    """What an answer that leaves past the middleware must say by itself."""
    return cast("Headers", scope.get(ALLOWED, ()))


def origins(text: str) -> frozenset[str]:
    """Of a list with commas, as in the settings. Raises errors.Invalid for anything but `scheme://host[:port]`."""
    found = {part.strip() for part in text.split(",") if part.strip()}
    for origin in found:
        parts = urlsplit(origin)
        if f"{parts.scheme}://{parts.netloc}" != origin or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
            raise errors.Invalid(
                "invalid-settings",
                f"ROOMTALLY_STREAM_ORIGINS cannot be used: {origin!r} is not an origin like https://example.org.",
            )
    return frozenset(found)


def _headers(origin: str) -> Headers:
    return (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    )
