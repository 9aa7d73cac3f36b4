"""The streams of one topic, by what they are sent, and the loops over them: the hot path of the whole service."""

from collections.abc import Iterator

from roomtally.streams.counts import Counts
from roomtally.streams.frames import Frames
from roomtally.streams.many import Many
from roomtally.streams.single import Single


class Audience:
    __slots__ = ("_changes", "_counts", "_many_changes", "_many_whole", "_whole", "wants_whole")

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._whole: set[Single] = set()
        self._changes: set[Single] = set()
        self._many_whole: dict[Many, int] = {}  # and which of their topics this one is
        self._many_changes: dict[Many, int] = {}
        self.wants_whole = False  # a plain attribute: it is read with each event

    def join(self, stream: Single) -> None:
        (self._changes if stream.viewer.delta else self._whole).add(stream)
        self._look()

    def join_many(self, stream: Many, place: int) -> None:
        (self._many_changes if stream.viewer.delta else self._many_whole)[stream] = place
        self._look()

    def leave(self, stream: object) -> None:
        if isinstance(stream, Many):
            self._many_whole.pop(stream, None)
            self._many_changes.pop(stream, None)
        elif isinstance(stream, Single):
            self._whole.discard(stream)
            self._changes.discard(stream)
        self._look()

    def _look(self) -> None:
        self.wants_whole = bool(self._whole or self._many_whole)

    @property
    def size(self) -> int:
        return len(self._whole) + len(self._changes) + len(self._many_whole) + len(self._many_changes)

    @property
    def wants_changes(self) -> bool:
        return bool(self._changes or self._many_changes)

    def show_whole(self, frames: Frames) -> None:
        if self._whole:
            self._send_whole(frames)
        for stream, place in self._many_whole.items():
            stream.tell(place)

    def show_changes(self, frames: Frames, before: int, last: int) -> None:
        """Those who are at `before` get what came since; those who are elsewhere find it themselves."""
        if self._changes:
            message, sent = frames.since(before), 0
            for stream in self._changes:
                if stream.busy:
                    continue
                if message is not None and stream.cursor == before and not stream.prefix:
                    stream.cursor = last
                    stream.push(message)
                    sent += 1
                else:
                    stream.flush()
            if message is not None:
                self._counts.add("change", sent * (last - before), sent * len(message["body"]))
        for stream, place in self._many_changes.items():
            stream.tell(place)

    def finish(self, frames: Frames, last: int) -> None:
        for stream in [*self._whole, *self._changes]:
            cursor = stream.cursor if stream.viewer.delta else -1
            stream.end("complete", frames.ending(cursor, fresh=False, with_id=True))
        for stream, place in self._many():
            if stream.cursors[place] < last:
                cursor = stream.cursors[place] if stream.viewer.delta else -1
                stream.owe(place, frames.ending(cursor, fresh=False, with_id=False), last)

    def hold_ids(self) -> None:
        """A reset is to come: until then no id of the new history may be sent."""
        for stream, place in self._many():
            stream.cursors[place] = -1

    def reset(self, reason: str) -> None:
        for stream in self._singles():
            stream.reset(reason)
        for stream, place in self._many():
            stream.reset(place, reason)
        self._counts.add("reset", len(self._whole) + len(self._changes) + len(self._many()), 0)

    def vanish(self, final: bytes) -> None:
        for stream in tuple(self._singles()):
            stream.end("deleted", final)
        for stream, place in self._many():
            stream.lose(place)

    def _singles(self) -> Iterator[Single]:
        yield from self._whole
        yield from self._changes

    def _many(self) -> list[tuple[Many, int]]:
        return [*self._many_whole.items(), *self._many_changes.items()]

    def _send_whole(self, frames: Frames) -> None:
        if all(stream.busy for stream in self._whole):
            return  # the first of them that is not will have it made
        whole = frames.newest()
        message, n, sent = whole.chunk, whole.n, 0
        for stream in self._whole:
            if not stream.busy:
                if stream.prefix:
                    stream.flush()
                elif stream.cursor < n:
                    stream.cursor = n
                    stream.push(message)
                    sent += 1
        self._counts.add("progress", sent, sent * len(message["body"]))
