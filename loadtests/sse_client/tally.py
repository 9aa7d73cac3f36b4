"""What the streams of one process have seen. Times are unix milliseconds, spans are milliseconds."""

from array import array
from collections import Counter

import msgspec

NEVER = float("inf")


class Dialect(msgspec.Struct, frozen=True):
    """Where a frame says when it was made, and which of its topic's frames it is.

    `stamp` stands before the time in the data, `per_ms` is how many of its units make a millisecond. `number` stands before the
    number in the data; None: the number is what follows the last `-` of the id.
    """

    stamp: bytes
    per_ms: float
    number: bytes | None


DIALECTS = {
    "roomtally": Dialect(b'"committedAt":', 1.0, None),
    "ts": Dialect(b'"ts":', 1e6, b'"seq":'),
}


class Tally:
    """Counters are public: the parser adds to them once a frame, and a call each would cost more than the parsing."""

    def __init__(self) -> None:
        self.since = self.until = NEVER  # frames stamped in between are measured
        self.latency = array("f")
        self.open = array("f")
        self.first = array("f")
        self.loop_lag = array("f")
        self.events: Counter[bytes] = Counter()
        self.refused: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self.opened = self.pending = self.closed = self.ended = self.farewells = 0
        self.comments = self.bytes = self.skipped = self.repeats = self.backwards = self.resets = self.malformed = 0
        self.cpu_seconds = self.wall_seconds = self.open_seconds = 0.0

    def add(self, other: "Tally") -> None:
        """Takes in what another process has seen at the same time."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if name in {"since", "until"}:
                setattr(self, name, value)
            elif name in {"wall_seconds", "open_seconds"}:
                setattr(self, name, max(mine, value))
            elif isinstance(value, Counter):
                mine.update(value)
            elif isinstance(value, array):
                mine.extend(value)
            else:
                setattr(self, name, mine + value)
