"""A stream of many topics: a cursor for each.

Its frames are shared with other streams and carry no id; each chunk ends with one block that has only an id, the numbers of all
topics in the order of the URL.
"""

import time
from collections.abc import Iterator, Sequence
from uuid import UUID

from roomtally.streams import ids, sse
from roomtally.streams.connection import Keeper, Stream, Viewer
from roomtally.streams.history import Unknown
from roomtally.streams.single import Followed

# What waits for a slow reader and must not be left out: ends of runs, mostly. A reader who is owed more is cut. Each of a hundred
# topics may end twice meanwhile, and 4 MiB are the ends of a hundred batches of 200 photos, 36 KB each.
OWED = 2 * ids.MOST
OWED_BYTES = 4 * 1024 * 1024


class Many(Stream):
    """`cursors[place]` is the event that it has of that topic, -1 for none.

    What it holds while its reader is slow: the chunk in the socket, and up to OWED_BYTES and one frame more.
    """

    __slots__ = ("_new", "_owed", "_owed_bytes", "_topics", "cursors")

    def __init__(self, viewer: Viewer, topics: int, keeper: Keeper, expires_at: float) -> None:
        super().__init__(viewer, keeper, expires_at)
        self._topics: list[Followed | None] = [None] * topics
        self.cursors = [-1] * topics
        self._new: set[int] = set()
        self._owed: list[bytes] = []
        self._owed_bytes = 0

    def follow(self, place: int, topic: Followed, after: int) -> None:
        """`after`: the event that the viewer has already, 0 for none."""
        self._topics[place] = topic
        self.cursors[place] = after or -1
        self._new.add(place)

    def refuse(self, place: int, key: UUID, after: int) -> None:
        """There is nothing to follow. The number stays what the viewer says."""
        self.cursors[place] = after
        words = self._keeper.words
        missing = words.missing()
        self._keeper.counts.add("error", 1, 0)
        self._owe(sse.error(missing.slug, missing.detail, retryable=False, about=words.named(key)))

    def followed(self) -> Iterator[UUID]:
        return (topic.key for topic in self._topics if topic is not None)

    def position(self) -> str | None:
        """None while a reset is not complete: until then the viewer is where it was."""
        return None if min(self.cursors) < 0 else ids.vector(self._keeper.epoch, self.cursors)

    def tell(self, place: int) -> None:
        """The topic has news."""
        self._new.add(place)
        self._keeper.follow_up(self)

    def owe(self, place: int, frames: bytes, n: int) -> None:
        """These frames, up to event `n`, must not be left out: a run has ended."""
        self.cursors[place] = n
        self._new.discard(place)
        self._keeper.counts.add("complete", 1, 0)
        self._owe(frames)

    def reset(self, place: int, reason: str) -> None:
        topic = self._topics[place]
        assert topic is not None
        self.cursors[place] = -1
        self._new.add(place)
        self._owe(sse.reset(reason, self._keeper.words.named(topic.key)))

    def lose(self, place: int) -> None:
        """The topic is no more; the stream ends with its last one."""
        topic = self._topics[place]
        assert topic is not None
        self._keeper.counts.add("error", 1, 0)
        self._keeper.let_go(self, topic.key)
        self._topics[place] = None
        self.cursors[place] = max(self.cursors[place], 0)
        self._new.discard(place)
        self._owe(self._keeper.words.gone(topic.key))
        if not any(self._topics):
            self.end("deleted", b"")

    def _owe(self, frames: bytes) -> None:
        """They go out before anything else. One who reads may be owed much in one round, and gets it at once; one who does not
        is cut."""
        self._owed.append(frames)
        self._owed_bytes += len(frames)
        if len(self._owed) <= OWED and self._owed_bytes <= OWED_BYTES:
            self._keeper.follow_up(self)
        elif self.busy:
            self.cut("slow")
        else:
            self.flush()

    def quiet_since(self) -> float:
        return self.touched_at

    def _let_go(self) -> None:
        self._topics = [None] * len(self._topics)
        self._new.clear()

    def _behind(self) -> sse.Chunk | None:
        portions = [self._portion(place) for place in sorted(self._new)]
        if not self.prefix and not self._owed and not any(portions):
            return None
        return sse.chunk(self._body(portions))

    def _last(self, final: bytes) -> bytes:
        return self._body([]) + final if self._owed else super()._last(final)

    def _body(self, portions: Sequence[bytes]) -> bytes:
        parts = [self.prefix, *self._owed, *portions]
        if not any(parts[1:]):  # nothing was missed; but servers send the head with the first body
            parts.append(sse.ping(time.time()))
        if name := self.position():
            parts.append(sse.position(name))
        self.prefix = b""
        self._owed.clear()
        self._owed_bytes = 0
        body = b"".join(parts)
        self._keeper.counts.bytes += len(body)
        return body

    def _portion(self, place: int) -> bytes:
        """What is new of one topic; nothing, for now, where the topic itself does not know."""
        topic, cursor = self._topics[place], self.cursors[place]
        assert topic is not None
        try:
            event, frames, n = self._news(topic, cursor)
        except Unknown:
            return b""
        self._new.discard(place)
        self.cursors[place] = n
        if frames:
            self._keeper.counts.add(event, 1 if event != "change" else n - cursor, 0)
        return frames

    def _news(self, topic: Followed, cursor: int) -> tuple[str, bytes, int]:
        """The kind of event, its frames, and the event that the viewer has then."""
        delta, last, comes = self.viewer.delta, topic.last, bool(self.prefix)
        if cursor == last and (delta or topic.finished):
            return "", b"", cursor
        if topic.finished:
            return "complete", topic.frames.ending(cursor if delta else -1, fresh=comes, with_id=False), last
        if delta and (changes := topic.frames.shared_since(cursor)) is not None:
            return "change", changes, last
        if comes or delta:
            return "progress", topic.frames.state().body, last
        if cursor >= topic.shown:
            return "", b"", cursor
        whole = topic.frames.newest()
        return "progress", whole.body, whole.n
