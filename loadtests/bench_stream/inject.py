"""Events put on the wire at a steady rate: on the bus for the service and for sse-starlette, by POST for nchan.

The events for the service are encoded by its own code and are a legal sequence of each batch (a photo is claimed, released,
claimed, ...), but they are not in the database: the sweep would take them back, so it must be slow while they come.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from loadtests.bench_stream import seed
from roomtally.batches import events
from roomtally.batches.events import Change, EventType
from roomtally.batches.model import BatchStatus, Counts, Photo, PhotoStatus
from roomtally.streams import bus, sse
from roomtally.streams.source import Event

NUMBER, TIME = 1111111, 1234567890.123456  # replaced by what is true when an event is sent; as long as any of them
TICK_SECONDS = 0.001
_BINARY = struct.Struct(">qId")  # number, run and time, as they are at the head of a record

Fill = Callable[[bytes, int], bytes]


class Sent(msgspec.Struct, frozen=True):
    """`seconds` are those that were asked for, or more when the publisher could not keep up; `behind` is the most events that
    were due and not sent."""

    events: int
    seconds: float
    behind: int


class Injector:
    """`templates[t]` are the messages of topic t, taken in turn; `fill` puts number and time into one."""

    def __init__(self, port: int, templates: Sequence[Sequence[bytes]], fill: Fill, greeting: bytes = b"") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(greeting)
        self._templates, self._fill = templates, fill
        self._numbers = [seed.LAST_EVENT] * len(templates)
        self._next = 0

    def close(self) -> None:
        self._socket.close()

    def run(self, rate: float, seconds: float) -> Sent:
        """Blocks for `seconds`. Each event is stamped when it is made, at most a millisecond before it is sent."""
        started, sent, behind = time.perf_counter(), 0, 0
        total = max(1, round(rate * seconds))
        while sent < total:
            due = min(total, int((time.perf_counter() - started) * rate) + 1)
            if due > sent:
                behind = max(behind, due - sent)
                self._socket.sendall(b"".join([self._message() for _ in range(due - sent)]))
                sent = due
            self._drop_answers()
            time.sleep(min(max(0.0, started + sent / rate - time.perf_counter()), 0.02) or TICK_SECONDS / 4)
        took = max(seconds, time.perf_counter() - started)
        time.sleep(max(0.0, started + seconds - time.perf_counter()))
        return Sent(sent, took, behind)

    def _message(self) -> bytes:
        topic = self._next
        self._next = (topic + 1) % len(self._templates)
        number = self._numbers[topic] = self._numbers[topic] + 1
        messages = self._templates[topic]
        return self._fill(messages[number % len(messages)], number)

    def _drop_answers(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(262144, socket.MSG_DONTWAIT):
                pass


# --- for the service


def of_roomtally(port: int, epoch: str, topics: int, trace: str | None = None) -> Injector:
    """`trace`: the traceparent of the commit, in all of them."""
    templates = [
        [_ours(number, epoch, trace, claimed=claimed) for claimed in (False, True)] for number in range(topics)
    ]
    return Injector(port, templates, _fill, b"CLIENT REPLY OFF\r\n")


def _ours(number: int, epoch: str, trace: str | None, *, claimed: bool) -> bytes:
    """Odd numbers claim the second photo, even ones release it."""
    topic = seed.batch_id(number)
    type_ = EventType.PHOTO_CLAIMED if claimed else EventType.PHOTO_RELEASED
    payload = payload_of(number, claimed=claimed)
    events.decode_event(NUMBER, 1, type_, payload)  # raises what a bad event would raise in the service, but here
    message = bus.encode(epoch, [Event(NUMBER, 1, type_, msgspec.Raw(payload), trace=trace)], TIME)
    text = message.replace(b"%", b"%%").replace(b"%.3f" % (TIME * 1000), b"%.3f").replace(b"%d" % NUMBER, b"%d")
    text = text.replace(_BINARY.pack(NUMBER, 1, TIME), b"%b")
    return _publish(bus.channel(topic).encode(), text, len(message))


def _fill(text: bytes, number: int) -> bytes:
    now = time.time()
    return text % (_BINARY.pack(number, 1, now), number, number, now * 1000)


def payload_of(number: int, *, claimed: bool) -> bytes:
    """Of an event of batch `number`: its second photo is claimed, or released."""
    return msgspec.json.encode(_change(number, seed.batch_id(number), claimed=claimed))


def _change(number: int, topic: UUID, *, claimed: bool) -> Change:
    status = PhotoStatus.PROCESSING if claimed else PhotoStatus.PENDING
    photo = Photo(
        id=str(seed.photo_id(number, 1)),
        filename="living-room-1.jpg",
        status=status,
        room_type=None,
        item_count=0,
        volume=0,
        error=None,
    )
    return Change(
        batch_id=str(topic),
        run=1,
        status=BatchStatus.PROCESSING,
        paused=False,
        progress=33,
        counts=Counts(queued=2 - claimed, processing=int(claimed), completed=1, failed=0, total=seed.PHOTOS),
        total_items=17,
        total_volume=2.68,
        photos=(photo,),
        changes=(),
        updated_at="2026-01-01T00:00:00.000000Z",
    )


def frame_bytes(epoch: str) -> int:
    """How long the data of an event are, so that the peers send as much."""
    payload = payload_of(0, claimed=True)
    frame = sse.change(f"{epoch}-{NUMBER}", EventType.PHOTO_CLAIMED, payload, TIME)
    return len(frame) - len(sse.frame("change", b"", f"{epoch}-{NUMBER}"))


# --- for the peers: a constant text of the same size, with number and time at its end


def of_bus(port: int, topics: int, size: int) -> Injector:
    text = _text(size)
    templates = [[_publish(b"batch:%d" % number, text, size)] for number in range(topics)]
    return Injector(port, templates, _fill_peer, b"CLIENT REPLY OFF\r\n")


def of_http(port: int, topics: int, size: int) -> Injector:
    head = b"POST /pub/%d HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    templates = [[(head % (number, size)) + _text(size)] for number in range(topics)]
    return Injector(port, templates, _fill_peer)


def _fill_peer(text: bytes, number: int) -> bytes:
    return text % (number, time.time_ns())


def _text(size: int) -> bytes:
    """A template that is `size` bytes when filled."""
    tail = b'","seq":%d,"ts":%d}'
    filled = len(tail % (NUMBER, time.time_ns()))
    return b'{"pad":"' + b"x" * (size - filled - 8) + tail


def _publish(channel: bytes, text: bytes, size: int) -> bytes:
    return b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(channel), channel, size, text)
