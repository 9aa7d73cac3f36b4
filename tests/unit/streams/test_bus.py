from uuid import uuid4

import msgspec
import pytest

from roomtally.streams import bus, sse
from roomtally.streams.source import Copy, Event

EPOCH = "0123456789ab"
DONE = Event(n=4, run=1, type="photo_done", payload=msgspec.Raw(b'{"a":[1,2]}'))
TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"
FINISHED = Event(n=5, run=2, type="batch_finished", payload=msgspec.Raw(b'{"b":"\xc3\xa9"}'), committed_at=2.5)


def test_events_come_as_the_frames_that_viewers_get() -> None:
    epoch, copies = bus.decode(bus.encode(EPOCH, [DONE, FINISHED], 12.25))
    assert epoch == EPOCH
    assert copies == [
        Copy(4, 1, "photo_done", 12.25, sse.change(f"{EPOCH}-4", "photo_done", b'{"a":[1,2]}', 12.25)),
        Copy(5, 2, "batch_finished", 2.5, sse.change(f"{EPOCH}-5", "batch_finished", bytes(FINISHED.payload), 2.5)),
    ]


def test_the_trace_of_an_event_comes_along() -> None:
    """What is handed to sockets links to what committed it."""
    traced = msgspec.structs.replace(DONE, trace=TRACE)
    _, [copy, untraced] = bus.decode(bus.encode(EPOCH, [traced, FINISHED], 12.25))
    assert isinstance(copy, Copy)
    assert (copy.trace, copy.event().trace, untraced.trace) == (TRACE, TRACE, None)


def test_an_event_can_be_had_from_its_frame() -> None:
    _, copies = bus.decode(bus.encode(EPOCH, [DONE, FINISHED], None))
    events = [copy.event() for copy in copies if isinstance(copy, Copy)]
    assert events == [DONE, FINISHED]


def test_what_no_frame_can_be_made_of_comes_as_text() -> None:
    empty = Event(n=6, run=2, type="odd", payload=msgspec.Raw(b"{}"))
    stamped = msgspec.structs.replace(empty, committed_at=1.0)
    assert bus.decode(bus.encode(EPOCH, [FINISHED, empty], 1.0)) == (EPOCH, [FINISHED, stamped])


def test_what_was_sent_before_there_were_frames_is_understood() -> None:
    """Processes of both kinds run side by side while one replaces the other."""
    text = (
        b'{"topic":"8e5f2b3c-6c0d-4d53-9d57-6f3f4b0f6d11","epoch":"0123456789ab","committed_at":12.25,"events":['
        b'{"n":4,"run":1,"type":"photo_done","payload":{"a":[1,2]}},'
        b'{"n":5,"run":2,"type":"batch_finished","payload":{"b":"\xc3\xa9"},"committed_at":2.5}]}'
    )
    assert bus.decode(text) == (EPOCH, [msgspec.structs.replace(DONE, committed_at=12.25), FINISHED])


@pytest.mark.parametrize("text", [b"", b"[]", b'{"epoch":"x"}', b"\xff", b"\x03" + EPOCH.encode(), b"\x02\xff" * 7])
def test_rubbish_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        bus.decode(text)


def test_a_message_that_was_cut_is_refused() -> None:
    whole = bus.encode(EPOCH, [DONE], 12.25)
    for length in range(len(bus.FRAMES + EPOCH.encode()) + 1, len(whole)):
        with pytest.raises(msgspec.DecodeError):
            bus.decode(whole[:length])


def test_each_topic_has_a_channel() -> None:
    topic = uuid4()
    assert bus.channel(topic) == f"roomtally:topic:{topic}"
