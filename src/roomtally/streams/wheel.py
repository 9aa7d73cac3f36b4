"""A timer wheel: one timer for the dues of thousands of streams, with a cost per due and none per stream."""

from collections.abc import Iterator
from typing import Protocol

SPOKES = 256


class Turning(Protocol):
    spoke: int


class Wheel:
    """Items come up within one `tick` after their due time, which lies less than `horizon` seconds ahead."""

    def __init__(self, horizon: float, now: float) -> None:
        self.tick = horizon / (SPOKES - 2)  # the spoke being emptied and the one after it are not filled
        self._spokes: list[set[Turning]] = [set() for _ in range(SPOKES)]
        self._turned = int(now / self.tick)

    def add(self, item: Turning, due: float) -> None:
        """Also moves an item that is on the wheel. A due time in the past comes up at the next turn."""
        self.remove(item)
        ahead = int(due / self.tick) + 1 - self._turned
        item.spoke = (self._turned + min(max(ahead, 1), SPOKES - 1)) % SPOKES
        self._spokes[item.spoke].add(item)

    def remove(self, item: Turning) -> None:
        if item.spoke >= 0:
            self._spokes[item.spoke].discard(item)
            item.spoke = -1

    def turn(self, now: float) -> Iterator[Turning]:
        """Takes off, and yields, what is due at `now`."""
        target = int(now / self.tick)
        while self._turned < target:
            self._turned += 1
            spoke = self._spokes[self._turned % SPOKES]
            while spoke:
                item = spoke.pop()
                item.spoke = -1
                yield item

    def __len__(self) -> int:
        return sum(map(len, self._spokes))
