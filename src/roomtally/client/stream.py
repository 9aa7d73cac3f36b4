"""Following one batch over Server-Sent Events, over any number of connections (design section 4).

A connection that breaks is opened again with `Last-Event-ID`, after the pause that the service asked for by `retry:`, longer
with each failure in a row. `complete` and 204 end it.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Any

import httpx
import httpx_sse
import msgspec

from roomtally import errors
from roomtally.client.api import LATER, Refused, refused

HEARTBEAT_SECONDS = 15.0
SILENT_HEARTBEATS = 2.5  # two lost pings are a dead line, one late ping is not
LONGEST_PAUSE_SECONDS = 30.0
SENT_AWAY_TRIES = 15  # 2 s apart: twice what a web process takes to leave (5 s of new streams, 10 s of grace)
SENT_AWAY = "the service is being stopped and sends streams away"
CLOSING_SECONDS = 5.0  # after `complete` the service ends the connection at once


class Event(msgspec.Struct, frozen=True):
    """One event. `id` is the last id known when it came ("" before the first), `at` is time.monotonic()."""

    type: str
    data: dict[str, Any]
    id: str
    at: float


class LinkState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"  # until the next try


class Link(msgspec.Struct, frozen=True):
    """The line to the service changed. `failures` in a row; `pause` seconds until the next try; `why` in a few words."""

    state: LinkState
    at: float
    failures: int = 0
    pause: float = 0.0
    why: str = ""


class Follower:
    """Use `async with aclosing(follower.notices())`; `last_id` is what a later one would resume from."""

    def __init__(
        self, http: httpx.AsyncClient, path: str, *, last_id: str = "", heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self.last_id = last_id
        self._http = http
        self._path = path
        self._timeout = httpx.Timeout(10, read=heartbeat_seconds * SILENT_HEARTBEATS)
        self._retry = 2.0
        self._asked_pause: float | None = None
        self._failures = 0
        self._over = self._again = self._was_open = False
        self._heard = self._turned_away = 0

    def start_over(self) -> None:
        """Reads the whole state anew: what came does not follow what is known."""
        self.last_id, self._again = "", True

    async def notices(self) -> AsyncGenerator[Event | Link]:
        """Until the service has ended the stream of a complete batch.

        Raises Refused when another try cannot help: signed out, not there, deleted; errors.Unavailable when the service has
        sent the stream away SENT_AWAY_TRIES times in a row, as one process does that is being stopped and has no other beside it.
        """
        while True:
            yield Link(LinkState.CONNECTING, time.monotonic(), self._failures)
            heard, why = self._heard, ""
            try:
                async for notice in self._one_connection():
                    yield notice
            except (httpx.TransportError, httpx_sse.SSEError, msgspec.DecodeError, TimeoutError) as error:
                self._failures += 1
                why = _plainly(error)
            if self._over:
                return
            if self._sent_away(heard, why):
                why = SENT_AWAY
            asked, self._asked_pause = self._asked_pause, None
            pause = pause_before(self._retry, self._failures, asked)
            yield Link(LinkState.WAITING, time.monotonic(), self._failures, pause, why)
            await asyncio.sleep(pause)

    def _sent_away(self, heard: int, why: str) -> bool:
        """Whether a stream was opened and ended without an event: a live process sends one at once, whatever was missed."""
        if why or self._heard != heard or not self._was_open:
            self._turned_away = 0
            return False
        self._turned_away += 1
        if self._turned_away == SENT_AWAY_TRIES:
            raise errors.Unavailable(
                "sent-away",
                f"The service is being stopped and sends streams away; after {SENT_AWAY_TRIES} tries no other has taken its place. "
                "The batch goes on without us; watch again when the service is back.",
            )
        return True

    async def _one_connection(self) -> AsyncGenerator[Event | Link]:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        self._was_open = False
        async with httpx_sse.aconnect_sse(
            self._http, "GET", self._path, headers=headers, timeout=self._timeout
        ) as source:
            if not await self._is_open(source.response):
                return
            self._was_open = True
            yield Link(LinkState.LIVE, time.monotonic())
            events = source.aiter_sse()
            while (sse := await self._next(events)) is not None:
                if (event := self._take(sse)) is not None:
                    yield event
                if self._again:
                    self._again = False
                    return

    async def _next(self, events: AsyncGenerator[httpx_sse.ServerSentEvent]) -> httpx_sse.ServerSentEvent | None:
        async with asyncio.timeout(CLOSING_SECONDS if self._over else None):
            return await anext(events, None)

    async def _is_open(self, response: httpx.Response) -> bool:
        if response.status_code == 200:
            return True
        if response.status_code == 204:
            self._over = True
            return False
        await response.aread()
        refusal = refused(response)
        if refusal.status not in LATER and refusal.status < 500:
            raise refusal
        self._failures += 1
        self._asked_pause = refusal.retry_after
        return False

    def _take(self, sse: httpx_sse.ServerSentEvent) -> Event | None:
        if sse.retry is not None:
            self._retry = sse.retry / 1000
        self.last_id = sse.id or self.last_id
        if not sse.data:  # a block without data is no event (it may set `retry` or the id)
            return None
        self._failures = 0
        self._heard += 1
        event = Event(sse.event, msgspec.json.decode(sse.data, type=dict[str, Any]), self.last_id, time.monotonic())
        self._obey(event)
        return event

    def _obey(self, event: Event) -> None:
        match event.type:
            case "timeout":
                self._asked_pause = event.data.get("retryMs", 0) / 1000
            case "reset":
                self.last_id = ""
            case "complete":
                self._over = True
            case "error" if not event.data.get("retryable", False):
                slug, message = str(event.data.get("code", "stream-error")), str(event.data.get("message", ""))
                raise Refused(slug, message, status=200)
            case _:
                pass


def pause_before(retry: float, failures: int, asked: float | None) -> float:
    """Seconds until the next try. `asked`: what this answer said; `retry`: what the service says of any cut.

    The service spreads its own `retry` already; what nobody spreads, failures in a row, is spread here.
    """
    if asked is not None:
        return asked * random.uniform(1, 1.25)  # noqa: S311 - a pause, no secret
    if not failures:
        return retry
    longest = min(retry * 2 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - a pause, no secret


def _plainly(error: Exception) -> str:
    if isinstance(error, httpx.ReadTimeout):
        return "nothing was heard for too long"
    return str(error) or type(error).__name__
