"""How late the event loop is: everything else in the process waits as long."""

import asyncio
import time

from roomtally.telemetry import metrics

EVERY_SECONDS = 0.5


class LoopLag:
    """From `start`, in a running loop, to `stop`."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._due = time.monotonic() + EVERY_SECONDS
        self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._ring)

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _ring(self) -> None:
        metrics.EVENT_LOOP_LAG.observe(max(0.0, time.monotonic() - self._due))
        self.start()
