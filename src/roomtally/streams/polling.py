"""What the open streams spared: a model, said aloud in docs/operations.md, beside what was really sent.

Who watches a batch without a stream asks for its snapshot every 2 s and gets it whole: no ETag, no compression, nothing saved.
"""

import time

from roomtally.telemetry import stream_metrics

POLL_SECONDS = 2.0
HEAD_BYTES = 600  # of the request (cookie, accept) and of the answer, as httpx and granian write them


class Polling:
    """`spare` for each topic once a sweep, then `end_sweep`."""

    __slots__ = ("_bytes", "_since", "_viewers")

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._viewers = self._bytes = 0

    def spare(self, viewers: int, size: int) -> None:
        """`viewers` follow a topic whose snapshot has `size` bytes."""
        self._viewers += viewers
        self._bytes += viewers * (size + HEAD_BYTES)

    def end_sweep(self) -> None:
        now = time.monotonic()
        polls = (now - self._since) / POLL_SECONDS
        stream_metrics.POLLS_AVOIDED.inc(polls * self._viewers)
        stream_metrics.POLLING_BYTES_AVOIDED.inc(polls * self._bytes)
        self._since = now
        self._viewers = self._bytes = 0
