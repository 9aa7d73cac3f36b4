"""What a topic knows: its document, and the events that nobody has needed in it yet."""

import random
from collections.abc import Callable

import structlog

from roomtally.streams.source import Copy, Document, Fact
from roomtally.telemetry import stream_metrics

UNFOLDED = 64  # events at most: together they cost 1.2 us each, one by one 4

log = structlog.get_logger()


class Unknown(Exception):
    """There is no document: it is being read, or an event could not be folded into it."""


class History:
    """Events are folded when the document is asked for: viewers of changes alone never ask for it.

    `last` is the number of the newest event, folded or not. It stays where an event could not be folded: the event is a fact.
    `lost` is called then; `begin` with what the database says.
    """

    __slots__ = ("_bound", "_document", "_lost", "_unfolded", "_weighty", "deleted", "finished", "known", "last")

    def __init__(self, weighty: frozenset[str], lost: Callable[[], object]) -> None:
        self._weighty, self._lost = weighty, lost
        self._bound = _bound()
        self._document: Document | None = None
        self._unfolded: list[Fact] = []
        self.known = self.finished = self.deleted = False  # plain attributes: they are read with each event
        self.last = 0

    @property
    def waiting(self) -> int:
        """Events that are not folded yet."""
        return len(self._unfolded)

    def begin(self, document: Document) -> None:
        """Whatever was known is replaced."""
        self._unfolded.clear()
        self.last = document.n
        self._take(document)

    def forget(self) -> None:
        """Nothing is known, not even a number."""
        self._drop()
        self.last = 0

    def add(self, event: Fact) -> None:
        """The event after `last`. Raises Unknown."""
        self._unfolded.append(event)
        self.last = event.n
        if self.finished or event.type in self._weighty or len(self._unfolded) >= self._bound:
            self.document()

    def document(self) -> Document:
        """With all events in it. Raises Unknown."""
        if self._document is None:
            raise Unknown
        if self._unfolded:
            self._take(self._fold(self._document))
        return self._document

    def opens_again(self, event: Fact) -> bool:
        """Whether it is the first of a run after one that is over."""
        return self.finished and self._document is not None and event.run != self._document.run

    def _take(self, document: Document) -> None:
        self._document, self.known = document, True
        self.finished, self.deleted = document.finished, document.deleted

    def _fold(self, document: Document) -> Document:
        events, self._unfolded = self._unfolded, []
        try:
            return document.fold(*[fact.event() if isinstance(fact, Copy) else fact for fact in events])
        except Exception as error:
            stream_metrics.STREAM_FAILURES.labels("topic").inc()
            log.exception("fold_failed", first=events[0].n, last=self.last)
            self._drop()
            self._lost()
            raise Unknown from error

    def _drop(self) -> None:
        self._unfolded.clear()
        self._document = None
        self.known = self.finished = self.deleted = False


def _bound() -> int:
    """Each topic its own: 5,000 that are equally busy would all fold in the same half second."""
    return random.randint(UNFOLDED // 2, UNFOLDED)  # noqa: S311 - to spread work, no secret
