from uuid import uuid4

import msgspec
import pytest

from roomtally.streams import bus
from roomtally.streams.source import Event


def test_a_message_comes_back_as_it_was_sent() -> None:
    topic = uuid4()
    events = [
        Event(n=4, run=1, type="photo_done", payload=msgspec.Raw(b'{"a":[1,2]}')),
        Event(n=5, run=1, type="batch_finished", payload=msgspec.Raw(b"{}"), committed_at=2.5, trace="00-a-b-01"),
    ]
    message = bus.decode(bus.encode(topic, "0123456789ab", events, 12.25))
    assert message == bus.Message(topic, "0123456789ab", 12.25, events)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"topic":"x"}', b"\xff"])
def test_rubbish_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        bus.decode(text)


def test_each_topic_has_a_channel() -> None:
    topic = uuid4()
    assert bus.channel(topic) == f"roomtally:topic:{topic}"
