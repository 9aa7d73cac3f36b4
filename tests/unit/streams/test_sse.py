from uuid import UUID

import pytest

from roomtally.streams import sse
from roomtally.streams.sse import jitter


def test_a_frame_is_id_event_data_and_an_empty_line() -> None:
    assert sse.frame("progress", b'{"a":1}', "e-1") == b'id: e-1\nevent: progress\ndata: {"a":1}\n\n'
    assert sse.frame("progress", b"{}") == b"event: progress\ndata: {}\n\n"


@pytest.mark.parametrize("data", [b"a\nb", b"a\rb", b"\r\n", b"\n"])
def test_data_that_would_break_the_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="line break"):
        sse.frame("progress", data)


def test_texts_of_people_stay_inside_their_frame() -> None:
    frame = sse.error("code", "line\nbreak \r and \N{LINE SEPARATOR}", retryable=True)
    assert frame.count(b"\n") == 3
    assert b"\r" not in frame


def test_the_small_frames() -> None:
    assert sse.ping(1.5) == b'event: ping\ndata: {"timestamp":1500}\n\n'
    assert sse.timeout(1200) == b'retry: 1200\nevent: timeout\ndata: {"retryMs":1200}\n\n'
    assert sse.reset("epoch") == b'event: reset\ndata: {"reason":"epoch"}\n\n'
    assert sse.retry(1000) == b"retry: 1000\n"


def test_a_change_is_the_payload_as_it_is_and_three_fields_more() -> None:
    payload = b'{"b" : 1.50, "a": [1 ]}'
    assert sse.change("e-7", "photo_done", payload, 1.5) == (
        b'id: e-7\nevent: change\ndata: {"b" : 1.50, "a": [1 ],"type":"photo_done","eventId":"e-7","committedAt":1500.000}\n\n'
    )
    assert sse.change("e-7", 't"x', payload, None) == (
        b'id: e-7\nevent: change\ndata: {"b" : 1.50, "a": [1 ],"type":"t\\"x","eventId":"e-7"}\n\n'
    )


@pytest.mark.parametrize("payload", [b"{}", b"", b"1", b"[1]", b'"x"', b'{"a":\n1}', b'{"a":1}\r'])
def test_a_payload_that_cannot_be_a_change_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"payload|line break"):
        sse.change("e-7", "photo_done", payload, None)


@pytest.mark.parametrize("payload", [b'{"a":1}', b'{"x":"\\nevent: change","type":"y","z":{"type":"w"}}'])
@pytest.mark.parametrize("at", [None, 1.5])
def test_the_payload_comes_out_of_a_change_as_it_went_in(payload: bytes, at: float | None) -> None:
    assert sse.payload(sse.change("e-7", 'a","type":"b', payload, at)) == payload


def test_ids_are_taken_off_shared_frames() -> None:
    frames = sse.frame("a", b'{"x":"id: 1"}', "e-1") + sse.frame("b", b"{}") + sse.frame("c", b"{}", "e-3")
    assert sse.without_id(frames) == sse.frame("a", b'{"x":"id: 1"}') + sse.frame("b", b"{}") + sse.frame("c", b"{}")


def test_frames_of_one_topic_among_many_name_it() -> None:
    about = {"topicId": UUID(int=5)}
    named = b'{"topicId":"00000000-0000-0000-0000-000000000005",'
    assert sse.reset("ahead", about).startswith(b"event: reset\ndata: " + named)
    assert sse.error("c", "m", retryable=True, about=about).startswith(b"event: error\ndata: " + named)
    assert sse.error("c", "m", retryable=True) == (
        b'event: error\ndata: {"code":"c","message":"m","retryable":true}\n\n'
    )
    assert sse.position("v1:e:1,2") == b"id: v1:e:1,2\n\n"


def test_no_two_hundred_clients_come_back_together() -> None:
    delays = [sse.retry_ms() for _ in range(200)]
    assert min(delays) >= 1000
    assert max(delays) <= 3000
    assert len(set(delays)) > 150
    assert all(90 <= jitter(100, 0.1) <= 110 for _ in range(200))
