"""A histogram for the hottest place there is: observing takes 0.3 us instead of 1.1, because one thread alone observes."""

import threading
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, cast

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.values import MutexValue


class Tallied(Histogram):
    """Without labels. `observe` is for one thread, the event loop's; whoever collects may be another.

    The tally only grows, and what is collected is its growth since the last time: nothing is lost where the two meet.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tally, self._settled = [0] * len(self._upper_bounds), [0] * len(self._upper_bounds)
        self._total = self._settled_total = 0.0
        self._settling = threading.Lock()

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        if exemplar:
            super().observe(amount, exemplar)
            return
        self._tally[bisect_left(self._upper_bounds, amount)] += 1
        self._total += amount

    def collect(self) -> Iterable[Metric]:
        with self._settling:
            self._settle()
            return super().collect()

    def _settle(self) -> None:
        tally, total = list(self._tally), self._total
        buckets = cast("list[MutexValue]", self._buckets)
        for bucket, now, before in zip(buckets, tally, self._settled, strict=True):
            bucket.inc(now - before)
        self._sum.inc(total - self._settled_total)
        self._settled, self._settled_total = tally, total
