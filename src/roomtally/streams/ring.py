"""The newest changes of a topic as frames, for viewers of changes who are a little behind or come back."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

# For those who fall behind while they follow: beyond 64 KiB the whole state is the shorter way for nearly every batch.
EVENTS = 128
BYTES = 64 * 1024

# For those who come back, from the log. A batch of 200 photos writes 401 events in a run, of half a KiB each; more than that is
# not made for one stream, because it waits in memory for whoever reads slowly (docs/adr/0010).
RECALLED_EVENTS = 499
RECALLED_BYTES = 256 * 1024


class Ring:
    """Frames of the events after `base`, none missing. Bounded by number and bytes, and emptied as they grow old."""

    __slots__ = ("_bytes", "_events", "_frames", "_old", "_size", "base")

    def __init__(self, base: int) -> None:
        self.base = self._old = base
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._events, self._bytes = EVENTS, BYTES

    @property
    def last(self) -> int:
        return self.base + len(self._frames)

    def append(self, frame: bytes) -> None:
        """Of event `last + 1`."""
        self._frames.append(frame)
        self._size += len(frame)
        while len(self._frames) > self._events or self._size > self._bytes:
            self._shift()

    def restart(self, base: int) -> None:
        """Who has not seen `base` yet will get the whole state."""
        self._frames.clear()
        self._size, self.base = 0, base

    def fill(self, frames: Sequence[bytes], size: int = RECALLED_BYTES) -> None:
        """Older frames, up to the one of event `base`, as far back as all together are `size` bytes. They and what follows them
        stay until the next but one call of `age`, although they are more than is kept otherwise."""
        for frame in reversed(frames):
            if self._size + len(frame) > size:
                break
            self._frames.appendleft(frame)
            self._size += len(frame)
            self.base -= 1
        self._old = self.base
        self._events, self._bytes = len(self._frames) + EVENTS, self._size + BYTES

    def since(self, n: int) -> bytes | None:
        """All frames after event `n` (b"" where there are none); None where they are not all here."""
        missing = self.last - n
        if missing == 1 and self._frames:
            return self._frames[-1]
        if n < self.base:
            return None
        return b"".join(islice(self._frames, n - self.base, None))

    def age(self) -> None:
        """Lets go of what was here already when it was called last."""
        if self._old > self.base:
            self._events, self._bytes = EVENTS, BYTES
        while self.base < self._old:
            self._shift()
        self._old = self.last

    def _shift(self) -> None:
        self._size -= len(self._frames.popleft())
        self.base += 1
