from collections import Counter

import msgspec
import pytest

from roomtally.streams import history
from roomtally.streams.history import History, Unknown
from roomtally.streams.source import Event


class Sum(msgspec.Struct, frozen=True):
    """A document that counts how it is folded."""

    n: int
    folds: int = 0
    run: int = 1
    finished: bool = False
    deleted: bool = False

    def fold(self, *events: Event) -> "Sum":
        assert [event.n for event in events] == list(range(self.n + 1, self.n + 1 + len(events)))
        last = events[-1]
        if last.type == "broken":
            raise ValueError
        return Sum(last.n, self.folds + 1, last.run, last.type == "finished", last.type == "deleted")

    def progress(self, committed_at: float | None) -> bytes:
        return b"{}"

    def complete(self, committed_at: float | None) -> bytes:
        return b"{}"


def event(n: int, type_: str = "added", run: int = 1) -> Event:
    return Event(n=n, run=run, type=type_, payload=msgspec.Raw(b"{}"))


def begun() -> History:
    made = History(frozenset({"finished", "deleted"}), lambda: None)
    made.begin(Sum(10))
    return made


def folds(made: History) -> int:
    document = made.document()
    assert isinstance(document, Sum)
    return document.folds


def test_events_are_folded_together_when_the_document_is_asked_for() -> None:
    made = begun()
    for n in (11, 12, 13):
        made.add(event(n))
    assert made.last == 13
    assert made.document().n == 13
    assert folds(made) == 1


def test_no_more_than_so_many_wait() -> None:
    made = begun()
    for n in range(11, 11 + history.UNFOLDED * 3):
        made.add(event(n))
    assert 3 <= folds(made) <= 7


@pytest.mark.parametrize("type_", ["finished", "deleted"])
def test_the_end_is_known_at_once(type_: str) -> None:
    made = begun()
    made.add(event(11))
    made.add(event(12, type_))
    assert (made.finished, made.deleted) == (type_ == "finished", type_ == "deleted")


def test_the_event_after_the_end_opens_again_and_is_folded_at_once() -> None:
    made = begun()
    assert not made.opens_again(event(11, run=2))
    made.add(event(11, "finished"))
    assert made.opens_again(event(12, run=2))
    assert not made.opens_again(event(12, "deleted"))
    made.add(event(12, run=2))
    assert not made.finished


def test_what_cannot_be_folded_leaves_nothing_known_but_the_number() -> None:
    lost: list[bool] = []
    made = History(frozenset(), lambda: lost.append(True))
    made.begin(Sum(10))
    made.add(event(11, "broken"))
    with pytest.raises(Unknown):
        made.document()
    assert lost == [True]
    assert not made.known
    assert made.last == 11
    made.begin(Sum(11))
    made.add(event(12))
    assert made.document().n == 12


def test_nothing_is_known_before_the_beginning_and_after_a_reset() -> None:
    made = History(frozenset(), lambda: None)
    with pytest.raises(Unknown):
        made.document()
    made.begin(Sum(10))
    made.forget()
    assert (made.known, made.last) == (False, 0)


def test_equally_busy_topics_do_not_fold_all_at_once() -> None:
    topics, at = [begun() for _ in range(100)], Counter[int]()
    for n in range(11, 11 + history.UNFOLDED):
        for made in topics:
            before = made.waiting
            made.add(event(n))
            at[n] += made.waiting <= before
    assert sum(at.values()) >= 100
    assert max(at.values()) < 20
