"""The newest changes of a topic as frames, for viewers of changes who are a little behind or come back."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

BYTES = 64 * 1024  # beyond that the whole state is the shorter way for nearly every batch
EVENTS = 128


class Ring:
    """Frames of the events after `base`, none missing. Bounded by number and bytes, and emptied as they grow old."""

    __slots__ = ("_frames", "_old", "_size", "base")

    def __init__(self, base: int) -> None:
        self.base = self._old = base
        self._frames: deque[bytes] = deque()
        self._size = 0

    @property
    def last(self) -> int:
        return self.base + len(self._frames)

    def append(self, frame: bytes) -> None:
        """Of event `last + 1`."""
        self._frames.append(frame)
        self._size += len(frame)
        while len(self._frames) > EVENTS or self._size > BYTES:
            self._shift()

    def restart(self, base: int) -> None:
        """Who has not seen `base` yet will get the whole state."""
        self._frames.clear()
        self._size, self.base = 0, base

    def fill(self, frames: Sequence[bytes]) -> None:
        """Older frames, up to the one of event `base`, as far back as there is room."""
        for frame in reversed(frames):
            if len(self._frames) >= EVENTS or self._size + len(frame) > BYTES:
                return
            self._frames.appendleft(frame)
            self._size += len(frame)
            self.base -= 1

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
        while self.base < self._old:
            self._shift()
        self._old = self.last

    def _shift(self) -> None:
        self._size -= len(self._frames.popleft())
        self.base += 1
