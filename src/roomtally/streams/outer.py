"""The thin app around litestar: it keeps the server's own `send` within reach, and runs the streams that litestar has opened.

litestar wraps `send` in a coroutine, and while it waits for a stream its layers, the request and what was injected wait with it:
7 KiB and some 30 objects a stream. So a stream is only handed over inside, and runs here when all of that has returned.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from roomtally.streams.severing import Severing

SEND = "roomtally.send"
STREAM = "roomtally.stream"
PLAIN = frozenset(
    {
        "type",
        "asgi",
        "http_version",
        "method",
        "scheme",
        "path",
        "raw_path",
        "query_string",
        "root_path",
        "client",
        "server",
    }
)  # of the scope: what an access log of the server may still ask for

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[Any]]
App = Callable[[Any, Any, Any], Awaitable[None]]


def keep_send(app: App) -> App:
    """`app`, with the server's `send` left in the scope of each request, and the stream run that it leaves there."""

    severing = Severing()

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[SEND] = send
        await app(scope, receive, send)
        if (stream := scope.pop(STREAM, None)) is not None:
            _strip(scope)
            await stream.run(receive, send)
            if stream.was_cut:
                severing.sever(scope.get("client"))

    return outer


def _strip(scope: Scope) -> None:
    """Emptied first: a dictionary keeps the room of all that it once held."""
    plain = {key: value for key, value in scope.items() if key in PLAIN}
    scope.clear()
    scope.update(plain)
