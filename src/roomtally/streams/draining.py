"""How a web process takes its leave: not ready, a while of accepting, streams sent away, and then the server may stop."""

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

import structlog

from roomtally import settings
from roomtally.telemetry import metrics

CUT_SECONDS = 1.0  # what `Hub.drain` needs at most to cut those that take nothing

log = structlog.get_logger()


class House(Protocol):
    """The hub, as draining sees it."""

    @property
    def count(self) -> int: ...
    async def drain(self, seconds: float, patience: float) -> None: ...


class Draining:
    """`begin` from the event loop; the first call counts. `on_begin` turns readiness off, `on_end` stops the server."""

    def __init__(
        self, hub: House, values: settings.Settings, *, on_begin: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        self._hub = hub
        self._accept = values.drain_accept_seconds
        self._spread = values.drain_seconds
        self._patience = max(values.drain_grace_seconds - CUT_SECONDS, 0.0)
        self._on_begin, self._on_end = on_begin, on_end
        self._is_last = False
        metrics.owned(metrics.DRAINING).set(0)
        self._task: asyncio.Task[None] | None = None
        self.status: Literal["open", "draining", "drained"] = "open"

    def begin(self) -> None:
        """The process goes on afterwards, without streams, until `terminate`."""
        if self._task is None:
            log.info("draining", streams=self._hub.count)
            self.status = "draining"
            metrics.owned(metrics.DRAINING).set(1)
            self._on_begin()
            self._task = asyncio.create_task(self._run(), name="drain")

    def terminate(self) -> None:
        """As `begin`, and the server stops as soon as the last stream is gone."""
        self._is_last = True
        self.begin()
        if self.status == "drained":
            self._on_end()

    async def _run(self) -> None:
        try:
            await asyncio.sleep(self._accept)
            await self._hub.drain(self._spread, self._patience)
        finally:
            self.status = "drained"
            log.info("drained", streams=self._hub.count)
            if self._is_last:
                self._on_end()
