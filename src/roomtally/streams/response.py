"""The stream as the answer of an ordinary litestar route, so that guards, dependencies and OpenAPI hold for it too."""

from typing import Any, cast

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from roomtally.http import cors
from roomtally.streams import outer
from roomtally.streams.connection import Stream


class _StreamAnswer(ASGIResponse):
    """Nothing of what litestar keeps of a response is asked of this one: to make it up took 7 us of each stream."""

    def __init__(self, stream: Stream) -> None:  # pyright: ignore[reportMissingSuperCall] -- as said above
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the stream to the outer app; without one, `send` is litestar's coroutine and costs a task a chunk."""
        self._stream.headers = cors.headers_of(scope)
        if outer.SEND in scope:
            cast("outer.Scope", scope)[outer.STREAM] = self._stream
        else:
            await self._stream.run(receive, send)


class EventStreamResponse(Response[bytes]):
    """Answers with `stream`, which must come fresh from `Hub.attach`."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(b"", media_type="text/event-stream")
        self._stream = stream

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_: Any) -> ASGIResponse:
        """Cookies and headers that layers above have set are left out: the head is always the same."""
        return _StreamAnswer(self._stream)
