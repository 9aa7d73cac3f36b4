"""Events that came before their elders, and how long they wait for them."""

import asyncio
from collections.abc import Callable

from roomtally.streams.source import Fact

PATIENCE_SECONDS = 0.05  # messages of two commits may overtake each other on the bus, but not by much
LIMIT = 1000  # events kept; more than that is cheaper to read from the log


class Early:
    """`lost_patience` is called when an elder has not come within 50 ms, or when more wait than are kept."""

    __slots__ = ("_lost_patience", "_timer", "events")

    def __init__(self, lost_patience: Callable[[], object]) -> None:
        self._lost_patience = lost_patience
        self.events: dict[int, Fact] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self.events)

    def add(self, event: Fact) -> None:
        self.events[event.n] = event

    def pop(self, n: int) -> Fact | None:
        """Event `n`, if it is here."""
        return self.events.pop(n, None)

    def highest(self, default: int) -> int:
        return max(self.events, default=default)

    def forget(self, upto: int) -> None:
        for n in [n for n in self.events if n <= upto]:
            del self.events[n]

    def clear(self) -> None:
        self.events.clear()
        self._stop()

    def is_too_much(self) -> bool:
        return len(self.events) > LIMIT

    def wait(self, last: int) -> None:
        """Starts or stops the wait of those that are beyond `last`; the others are not needed any more."""
        self.forget(last)
        if self.is_too_much():
            self.clear()
            self._lost_patience()
        elif not self.events:
            self._stop()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._over)

    def _over(self) -> None:
        self._timer = None
        self._lost_patience()

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
