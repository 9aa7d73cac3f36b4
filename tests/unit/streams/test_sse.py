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


def test_no_two_hundred_clients_come_back_together() -> None:
    delays = [sse.retry_ms() for _ in range(200)]
    assert min(delays) >= 1000
    assert max(delays) <= 3000
    assert len(set(delays)) > 150
    assert all(90 <= jitter(100, 0.1) <= 110 for _ in range(200))
