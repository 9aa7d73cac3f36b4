"""All that one topic says, as bytes: made when somebody needs them first, and once for all streams."""

from collections.abc import Sequence

import structlog

from roomtally.streams import sse
from roomtally.streams.history import History, Unknown
from roomtally.streams.ring import Ring
from roomtally.streams.source import Copy, Event, Fact
from roomtally.streams.surroundings import Surroundings
from roomtally.telemetry import stream_metrics

HEAVY_BYTES = 4096  # a state of this size is not sent for each change

log = structlog.get_logger()


class Whole:
    """The whole state after event `n`: `body` for streams of many topics, `chunk` with the id for the others."""

    __slots__ = ("_chunk", "_id", "body", "n")

    def __init__(self, n: int, event_id: str, body: bytes) -> None:
        self.n, self._id, self.body = n, event_id, body
        self._chunk: sse.Chunk | None = None

    @property
    def chunk(self) -> sse.Chunk:
        if self._chunk is None:
            self._chunk = sse.chunk(b"id: %b\n%b" % (self._id.encode(), self.body))
        return self._chunk


class Frames:
    """What is asked for while there is no document raises `history.Unknown`."""

    __slots__ = (
        "_around",
        "_chunks",
        "_endings",
        "_history",
        "_last_change",
        "_made",
        "_newest",
        "_ring",
        "_shared",
        "_state",
        "_weighty",
        "at",
        "heavy",
        "size",
        "trace",
    )

    def __init__(self, history: History, around: Surroundings) -> None:
        self._history, self._around, self._weighty = history, around, around.source.weighty
        self.at: float | None = None  # when the newest event was committed
        self.trace: str | None = None  # and by which span
        self.heavy = False
        self.size = 0  # bytes of the whole state when it was made last
        self._newest: Whole | None = None
        self._state: Whole | None = None
        self._last_change: sse.Chunk | None = None
        self._made = False  # something of what follows
        self._ring: Ring | None = None
        self._chunks: dict[int, sse.Chunk] = {}
        self._shared: dict[int, bytes] = {}
        self._endings: dict[tuple[int, bool], bytes] = {}

    # --- what happens

    def add(self, event: Fact) -> None:
        """Before the history knows of it."""
        history, kept = self._history, self._ring
        self.at, self.trace = event.committed_at, event.trace
        self._state = self._last_change = None
        if self._made:
            self._outdate()
        if kept is not None:
            frame = None if history.finished and history.opens_again(event) else self._change(event)
            if frame is None:
                kept.restart(event.n)
            else:
                kept.append(frame)
                self._last_change = sse.chunk(frame)

    def jump(self) -> None:
        """The history begins anew."""
        self.at = self._newest = None
        self._outdate()
        if self._ring is not None:
            self._ring = Ring(self._history.last)

    def keep_changes(self, *, wanted: bool) -> None:
        """While nobody follows the changes, none are kept."""
        if not wanted:
            self._ring = None
        elif self._ring is None:
            self._ring = Ring(self._history.last)

    def tidy(self) -> None:
        """Lets go of what is old; it is made anew when needed."""
        self._newest = None
        self._outdate()
        if self._ring is not None:
            self._ring.age()

    def _outdate(self) -> None:
        self._state = self._last_change = None
        self._made = False
        self._chunks.clear()
        self._shared.clear()
        self._endings.clear()

    # --- the whole state

    def renew(self) -> None:
        """From now on `newest` is the state of now."""
        self._newest = None

    def newest(self) -> Whole:
        """For those who have followed."""
        if self._newest is None:
            self._newest = self._whole(self.at)
            self.heavy = len(self._newest.body) >= HEAVY_BYTES
        return self._newest

    def state(self) -> Whole:
        """For those who come: without the time of a change that they did not wait for."""
        if self._state is None:
            self._state = self._whole(None)
        return self._state

    def _whole(self, at: float | None) -> Whole:
        document = self._history.document()
        data = document.progress(at)
        self.size = len(data)
        return Whole(document.n, self._id(document.n), sse.frame("progress", data))

    # --- changes

    def since(self, n: int) -> sse.Chunk | None:
        """All changes after event `n`, with their ids; None where they are not all kept."""
        if n == self._history.last - 1 and self._last_change is not None:
            return self._last_change
        chunk = self._chunks.get(n)
        if chunk is None and (frames := self._kept(n)) is not None:
            chunk = self._chunks[n] = sse.chunk(frames)
            self._made = True
        return chunk

    def shared_since(self, n: int) -> bytes | None:
        """The same without ids."""
        frames = self._shared.get(n)
        if frames is None and (kept := self._kept(n)) is not None:
            frames = self._shared[n] = sse.without_id(kept)
            self._made = True
        return frames

    def keeps(self, n: int) -> bool:
        return self._kept(n) is not None

    def recall(self, events: Sequence[Event], size: int) -> None:
        """Puts events of the log before those that are kept, up to `size` bytes, as far as they belong together. The first is
        only looked at: the one that opened a run is not shown as a change, and whether the second did can be seen by it."""
        self.keep_changes(wanted=True)
        assert self._ring is not None
        base = self._ring.base
        older = [event for event in events if event.n <= base]
        if not older or older[-1].n != base:
            return
        frames: list[bytes] = []
        for before, event in zip(reversed(older[:-1]), reversed(older[1:]), strict=True):
            frame = self._change(event) if event.run == before.run else None
            if frame is None:
                break
            frames.append(frame)
        self._ring.fill(frames[::-1], size)
        self._outdate()

    def _kept(self, n: int) -> bytes | None:
        if not self._history.known:
            raise Unknown
        if n == self._history.last:
            return b""
        return None if self._ring is None or n <= 0 else self._ring.since(n)

    def _change(self, event: Fact) -> bytes | None:
        """The frame; None where the event cannot be one. What may end a run has no id: who misses what follows it by a
        hair asks again from before it."""
        frame = event.frame if isinstance(event, Copy) else self._made_of(event)
        return sse.without_id(frame) if frame and event.type in self._weighty else frame

    def _made_of(self, event: Event) -> bytes | None:
        try:
            return sse.change(self._id(event.n), event.type, bytes(event.payload), event.committed_at)
        except ValueError:
            stream_metrics.STREAM_FAILURES.labels("topic").inc()
            log.exception("change_failed", n=event.n)
            return None

    # --- the end of a run

    def ending(self, n: int, *, fresh: bool, with_id: bool) -> bytes:
        """What follows event `n` (-1: everything) up to `complete`, the only one with the id of the end: who misses it by a
        hair asks again and gets it. `fresh`: for somebody who has just come."""
        key = (n if with_id else -2 - n, fresh)
        found = self._endings.get(key)
        if found is None:
            found = self._endings[key] = self._ending(n, fresh=fresh, with_id=with_id)
            self._made = True
        return found

    def _ending(self, n: int, *, fresh: bool, with_id: bool) -> bytes:
        document, at = self._history.document(), None if fresh else self.at
        head = self._kept(n)
        if head is None:
            head = sse.frame("progress", document.progress(at))
        elif not with_id:
            head = sse.without_id(head)
        name = self._id(document.n) if with_id else None
        return head + sse.frame("complete", document.complete(at), name)

    def _id(self, n: int) -> str:
        return f"{self._around.epoch}-{n}"  # as EventId, in a third of the time
