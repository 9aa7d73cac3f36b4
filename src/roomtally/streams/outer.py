"""The thin app around litestar, which wraps `send` in a coroutine: here the server's own stays within reach."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

SEND = "roomtally.send"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[Any]]
App = Callable[[Any, Any, Any], Awaitable[None]]


def keep_send(app: App) -> App:
    """`app`, with the server's `send` left in the scope of each request."""

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[SEND] = send
        await app(scope, receive, send)

    return outer
