"""One request to the endpoint and its whole answer, under one clock."""

import asyncio
import threading
from typing import Final

import httpx
import msgspec

from roomtally.analysis.endpoint import access

LARGEST_ANSWER: Final = 1_000_000  # bytes; a real one has about 2,000
CLOSING_SECONDS: Final = 1.0  # for a connection that is given up


class Reply(msgspec.Struct, frozen=True):
    """`retry_after` is the header as it came; empty where there is none."""

    status: int
    retry_after: str
    body: bytes


class OverlongError(Exception):
    """More than LARGEST_ANSWER came."""


class Line:
    """Exchanges for any thread, on one event loop in a thread of its own.

    httpx counts its time-outs from byte to byte, so an answer that drips may last for ever; and a thread that waits for a name, a
    handshake or a head cannot be stopped from outside. A task on a loop can be, wherever it waits.
    """

    def __init__(self, url: str, key: str | None) -> None:
        """Raises errors.Invalid for a `url` that httpx sends nothing to."""
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise access.unusable_url(str(error)) from error
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._client = httpx.AsyncClient(headers=headers, timeout=None)  # noqa: S113 - `post` has a clock of its own
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True).start()

    def post(self, body: bytes, seconds: float) -> Reply:
        """Raises TimeoutError where the answer is not whole after `seconds`, OverlongError, and all that httpx may raise."""
        exchange = asyncio.run_coroutine_threadsafe(self._post(body, seconds), self._loop)
        return exchange.result(seconds + CLOSING_SECONDS)

    async def _post(self, body: bytes, seconds: float) -> Reply:
        async with asyncio.timeout(seconds), self._client.stream("POST", self._url, content=body) as response:
            received = bytearray()
            async for piece in response.aiter_bytes():
                received += piece
                if len(received) > LARGEST_ANSWER:
                    raise OverlongError
            return Reply(response.status_code, response.headers.get("retry-after", ""), bytes(received))
