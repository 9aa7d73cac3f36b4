"""HEAD wherever GET works (RFC 9110, 9.3.2): asked as GET, answered without the body."""

from collections.abc import Mapping

from roomtally.http.recorder import App, Message, Receive, Scope, Send

ASKED = "roomtally.head"  # in the scope of such a request: what would stay open must not be opened

Headers = list[tuple[bytes, bytes]]


async def answer(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Within `app` the method is GET; for who keeps records around it, it is HEAD."""

    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
        elif not message.get("more_body", False):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    scope["method"], scope[ASKED] = "GET", True
    try:
        await app(scope, receive, without_body)
    finally:
        scope["method"] = "HEAD"


def is_asked(scope: Mapping[str, object]) -> bool:
    return ASKED in scope


def with_head(headers: Headers) -> Headers:
    """`Allow` names HEAD too where it names GET: the framework knows nothing of it."""
    return [(name, _allowed(value) if name.lower() == b"allow" else value) for name, value in headers]


def _allowed(value: bytes) -> bytes:
    methods = {method.strip() for method in value.split(b",")}
    return b", ".join(sorted(methods | {b"HEAD"} if b"GET" in methods else methods))
