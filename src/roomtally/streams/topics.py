"""The topics that somebody follows, or is about to follow."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from roomtally import errors
from roomtally.streams import ring
from roomtally.streams.source import Words
from roomtally.streams.surroundings import Surroundings
from roomtally.streams.topic import Topic
from roomtally.telemetry import stream_metrics


class Wanted(NamedTuple):
    """A topic, and its number by the query that let the viewer in; None where they may not see it."""

    key: UUID
    last_n: int | None


class Topics:
    """Whoever holds a topic releases it; the last one closes it."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.known: dict[UUID, Topic] = {}

    async def hold(self, key: UUID, last_n: int, recalled: int = 0) -> Topic:
        """With a state of `last_n` or beyond and, if it can be, all changes after `recalled`. Raises NotFound, Unavailable."""
        topic = self._take(key)
        try:
            await _reach(topic, last_n, recalled, ring.RECALLED_BYTES)
        except BaseException:
            self.release(topic)
            raise
        return topic

    async def hold_all(self, wanted: Sequence[Wanted], recalled: Sequence[int]) -> list[Topic | None]:
        """None for those that are not there. Raises NotFound where none is, and Unavailable."""
        topics = {place: self._take(want.key) for place, want in enumerate(wanted) if want.last_n is not None}
        size = max(ring.RECALLED_BYTES // len(wanted), ring.BYTES)
        try:
            outcomes = await asyncio.gather(
                *[_reach(topic, wanted[place].last_n or 0, recalled[place], size) for place, topic in topics.items()],
                return_exceptions=True,
            )
            for place in _missing(tuple(topics), outcomes, self._around.source.words):
                self.release(topics.pop(place))
        except BaseException:
            for topic in topics.values():
                self.release(topic)
            raise
        return [topics.get(place) for place in range(len(wanted))]

    def release(self, topic: Topic) -> None:
        topic.users -= 1
        if topic.users == 0:
            topic.close()
            if self.known.get(topic.key) is topic:
                del self.known[topic.key]
            stream_metrics.STREAM_TOPICS.set(len(self.known))

    def _take(self, key: UUID) -> Topic:
        topic = self.known.get(key)
        if topic is None:
            topic = self.known[key] = Topic(key, self._around)
            stream_metrics.STREAM_TOPICS.set(len(self.known))
        topic.users += 1
        return topic


async def _reach(topic: Topic, last_n: int, recalled: int, size: int) -> None:
    await topic.reach(last_n)
    if recalled:
        await topic.recall(recalled, size)
        await topic.reach(last_n)  # it may have gone meanwhile


def _missing(places: Sequence[int], outcomes: Sequence[BaseException | None], words: Words) -> list[int]:
    """Raises the first outcome that is worse than NotFound, and NotFound where there is nothing else."""
    missing: list[int] = []
    for place, outcome in zip(places, outcomes, strict=True):
        if isinstance(outcome, errors.NotFound):
            missing.append(place)
        elif outcome is not None:
            raise outcome
    if len(missing) == len(places):
        raise words.missing()
    return missing
