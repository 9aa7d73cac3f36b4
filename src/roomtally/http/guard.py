"""What stands between the server and the application: foreign origins out, security headers on, bodies read to their end."""

import asyncio
from contextlib import suppress
from typing import Any

from roomtally.http import cors, head, origin, problems
from roomtally.http.recorder import App, Message, Receive, Scope, Send

# A client that is still sending when it is refused would see a reset connection instead of the answer,
# so the rest is read and thrown away: as much as an honest client may have on the way, then the connection goes.
LINGER_SECONDS = 5
LINGER_BYTES = 64 * 1024 * 1024

DEFAULT_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """ASGI middleware. `trusted`: origins that are ours beside the Host of each request."""

    def __init__(self, app: App, trusted: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        if scope["method"] == "HEAD":
            await head.answer(self._answer, scope, body.receive, send)
        else:
            await self._answer(scope, body.receive, send)
        if scope["method"] not in origin.SAFE_METHODS:
            await body.linger()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_defaults(message["headers"])
            await send(message)

        headers = dict[bytes, bytes](scope["headers"])
        if cors.ALLOWED not in scope and origin.is_foreign(scope["method"], headers.get, self._trusted):
            await _refuse_foreign(scope, dress)
        else:
            await self._app(scope, receive, dress)


class _Body:
    """Knows whether the request has been read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] != "http.request" or not message["more_body"]
        return message

    async def linger(self) -> None:
        left = LINGER_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._ended and left > 0:
                    message = await self.receive()
                    left -= len(message.get("body", b""))


async def _refuse_foreign(scope: Scope, send: Send) -> None:
    body = problems.encode(
        scope["path"], 403, "foreign-origin", "This request came from another site's page; open Roomtally itself."
    )
    headers = [(b"content-type", problems.MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _with_defaults(headers: Any) -> list[tuple[bytes, bytes]]:
    given: list[tuple[bytes, bytes]] = list(headers)
    names = {name.lower() for name, _ in given}
    if b"allow" in names:
        given = head.with_head(given)
    return given + [pair for pair in DEFAULT_HEADERS if pair[0] not in names]
