"""What a round handed to sockets: how long after the commit, and a span that links to the spans that committed it."""

import time

from opentelemetry.trace import SpanKind

from roomtally.telemetry import stream_metrics, tracing

NEVER = float("inf")
SPAN = "deliver"


class Deliveries:
    """One measurement and, where a cause is sampled, one span a round: never one a viewer or a message."""

    __slots__ = ("_causes", "_oldest")

    def __init__(self) -> None:
        self._oldest = NEVER
        self._causes: dict[str, None] = {}  # in order

    def spoke_of(self, committed_at: float, trace: str | None) -> None:
        """An event was handed over that was committed then, inside the span of `trace`; the oldest of a round is measured."""
        if committed_at < self._oldest:  # noqa: PLR1730 - `min` takes three times as long, for each event
            self._oldest = committed_at
        if trace is not None and tracing.is_sent(trace):
            self._causes[trace] = None

    def end(self, began: float) -> None:
        """The round that `began` then (unix seconds) is over."""
        if self._oldest == NEVER:
            return
        now, exemplar = time.time(), None
        if self._causes:
            exemplar = {"trace_id": tracing.trace_id_of(next(iter(self._causes))) or ""}
            self._tell(began, now)
        stream_metrics.STREAM_LAG.observe(max(0.0, now - self._oldest), exemplar)
        stream_metrics.STREAM_NOTIFY_LAG.observe(max(0.0, began - self._oldest), exemplar)
        self._oldest = NEVER

    def _tell(self, began: float, now: float) -> None:
        causes, self._causes = self._causes, {}
        attributes = {"messaging.system": "redis", "messaging.operation.type": "process"}
        span = tracing.tracer().start_span(
            SPAN,
            kind=SpanKind.CONSUMER,
            links=tracing.links_to(*causes),
            attributes=attributes,
            start_time=round(began * 1e9),
        )
        span.end(round(now * 1e9))
