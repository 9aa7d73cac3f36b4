"""The long-polls of this process, by the credential that each was asked with."""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from uuid import UUID


class Poll:
    """`over`: nobody may wait any longer; whoever sets it calls `wake`."""

    __slots__ = ("over", "wake")

    def __init__(self) -> None:
        self.over = False
        self.wake: Callable[[], object] = _nobody  # until there is a topic to wait for


class Polls:
    def __init__(self) -> None:
        self._of: dict[UUID, set[Poll]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def one(self, credential: UUID) -> Generator[Poll]:
        """One that waits, for as long as the block lasts."""
        poll, mine = Poll(), self._of.setdefault(credential, set())
        mine.add(poll)
        self._count += 1
        try:
            yield poll
        finally:
            self._count -= 1
            mine.discard(poll)
            if not mine:
                del self._of[credential]

    def credentials(self) -> Collection[UUID]:
        """Of all that wait."""
        return self._of.keys()

    def end(self, credential: UUID) -> None:
        for poll in tuple(self._of.get(credential, ())):
            poll.over = True
            poll.wake()


def _nobody() -> None:
    """Looks at `over` by itself before it waits."""
