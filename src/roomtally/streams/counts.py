"""What was handed to sockets, in plain numbers: adding to a labelled metric takes longer than handing over the bytes."""

from collections import Counter

from roomtally.telemetry import stream_metrics


class Counts:
    """`publish` is called a few times a second."""

    __slots__ = ("bytes", "events")

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.bytes = 0

    def add(self, event: str, events: int, size: int) -> None:
        self.events[event] += events
        self.bytes += size

    def publish(self) -> None:
        if not self.events:
            return
        for event, number in self.events.items():
            stream_metrics.STREAM_EVENTS.labels(event).inc(number)
        stream_metrics.STREAM_BYTES.inc(self.bytes)
        self.events.clear()
        self.bytes = 0
