"""The measuring client must see the same however the bytes are cut, and must see what is wrong with them."""

import random
from collections.abc import Iterator

import pytest

from loadtests.sse_client.parsing import Body, Known
from loadtests.sse_client.tally import DIALECTS, Tally

OURS = b"".join(
    (
        b'retry: 1234\nid: 0123456789ab-7\nevent: progress\ndata: {"progress":1}\n\n',
        b'id: 0123456789ab-8\nevent: progress\ndata: {"progress":2,"committedAt":1000.125}\n\n',
        b'event: ping\ndata: {"timestamp":1}\n\n',
        b'id: 0123456789ab-9\nevent: progress\ndata: {"committedAt":1001.5,"progress":3}\n\n',
        b": a comment\n\n",
        b'event: progress\ndata: {"progress":100,"committedAt":1003.000}\n\n',
        b'id: 0123456789ab-12\nevent: complete\ndata: {"committedAt":1003.000}\n\n',
    )
)
PEERS = b'data: {"seq":0,"ts":1000000000}\r\n\r\nevent: x\r\nid: 5\r\ndata:{"seq":1,"ts":1002500000,"pad":"x"}\r\n\r\n'


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def read(pieces: Iterator[bytes], dialect: str = "roomtally", *, is_chunked: bool = True) -> tuple[Tally, Body]:
    tally = Tally()
    tally.since, tally.until = 1000.0, 2000.0
    body = Body(tally, DIALECTS[dialect], 0.0, chunked=is_chunked)
    for piece in pieces:
        body.feed(piece, 1010.0)
    return tally, body


def cut(data: bytes, seed: int) -> Iterator[bytes]:
    rng, at = random.Random(seed), 0
    while at < len(data):
        size = rng.choice((1, 2, 3, 17, 200))
        yield data[at : at + size]
        at += size


@pytest.mark.parametrize("seed", range(30))
def test_frames_of_ours_are_the_same_however_they_are_cut(seed: int) -> None:
    wire = chunked(OURS, random.Random(seed).choice((5, 60, 100, 10_000)))
    tally, body = read(cut(wire, seed))
    assert dict(tally.events) == {b"progress": 4, b"ping": 1, b"complete": 1}
    assert [round(value, 3) for value in tally.latency] == [9.875, 8.5, 7.0, 7.0]
    assert (tally.skipped, tally.repeats, tally.backwards, tally.malformed, tally.comments) == (2, 0, 0, 0, 1)
    assert body.ended
    assert body.whole
    assert body.first_at == 1010.0


@pytest.mark.parametrize("seed", range(10))
def test_frames_of_peers_have_crlf_and_nanoseconds(seed: int) -> None:
    tally, body = read(cut(PEERS, seed), "ts", is_chunked=False)
    assert dict(tally.events) == {b"message": 1, b"x": 1}
    assert [round(value, 3) for value in tally.latency] == [10.0, 7.5]
    assert (tally.skipped, tally.malformed, body.whole, body.last) == (0, 0, True, 1)


def test_a_window_measures_what_was_made_in_it() -> None:
    tally = Tally()
    body = Body(tally, DIALECTS["roomtally"], 0.0, chunked=False)
    frame = b'id: 0123456789ab-%d\nevent: progress\ndata: {"committedAt":%d.5}\n\n'
    for n, (since, until) in enumerate(((float("inf"), float("inf")), (100.0, 200.0), (102.0, 200.0), (1.0, 101.0))):
        tally.since, tally.until = since, until
        body.feed(frame % (n, 101), 110.0)
    assert list(tally.latency) == [8.5]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (b"zz\r\nhello\r\n", "chunk size"),
        (b"1234567890123456789012345", "chunk size"),
        (b"2\r\nabc\r\n", "chunk end"),
        (chunked(b"date: 1\n\n", 100), "unknown field b'date'"),
        (chunked(b"id: 0123456789ab-x\ndata: {}\n\n", 100), "id"),
        (chunked(b"data: {\n\n", 100), "no JSON"),
        (chunked(b"data: {}\n\nid: a-1\nevent: progress\ndata: 1\r2\n\n", 100), "carriage return"),
    ],
)
def test_what_is_malformed_is_counted(wrong: bytes, problem: str) -> None:
    tally, _ = read(iter((wrong,)))
    assert tally.problems == {problem: 1}
    assert tally.malformed == 1


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [((1, 2, 3), (0, 0, 0)), ((1, 4), (2, 0, 0)), ((1, 1), (0, 1, 0)), ((5, 3, 6), (0, 0, 1)), ((9, 9, 8), (0, 1, 1))],
)
def test_gaps_repeats_and_steps_back_are_told_apart(numbers: tuple[int, ...], expected: tuple[int, int, int]) -> None:
    frames = b"".join(b"id: 0123456789ab-%d\nevent: progress\ndata: {}\n\n" % n for n in numbers)
    tally, _ = read(iter((chunked(frames, 1000),)))
    assert (tally.skipped, tally.repeats, tally.backwards) == expected


def test_a_reset_may_step_back() -> None:
    frames = (b"id: a-9\nevent: progress\ndata: {}\n\n", b"event: reset\ndata: {}\n\n", b"id: b-2\ndata: {}\n\n")
    tally, _ = read(iter((chunked(b"".join(frames), 1000),)))
    assert (tally.resets, tally.backwards, tally.malformed) == (1, 0, 0)


def test_a_farewell_is_the_last_block_and_a_torn_frame_is_not_whole() -> None:
    _, body = read(iter((chunked(b"data: {}\n\nretry: 2000\n\n", 1000),)))
    assert (body.farewell, body.ended, body.whole) == (True, True, True)
    _, torn = read(iter((chunked(b"data: {}\n\ndata: {", 1000),)))
    assert (torn.farewell, torn.ended, torn.whole) == (False, True, False)


def changes() -> bytes:
    """A stream of plain frames with what disturbs them in between."""
    data = b'data: {"committedAt":%d.25,"seq":%d,"ts":%d}\n\n'
    of = [data % (1000 + n, n, (1000 + n) * 10**6) for n in range(41)]
    texts = [
        b"retry: 1000\nevent: progress\n" + of[6],
        *(b"id: a-%d\nevent: change\n" % n + of[n] for n in range(7, 30)),
        b'event: ping\ndata: {"timestamp":1}\n\n',
        *(b"id: a-%d\n" % n + of[n] for n in range(31, 40)),
        b"id: a-38\nevent: change\n" + of[38],
        b"event: other\nid: a-40\n" + of[40],
    ]
    return b"".join(b"%x\r\n%b\r\n" % (len(text), text) for text in texts)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("seed", range(20))
def test_streams_that_share_what_they_know_see_what_each_would_alone(seed: int, dialect: str) -> None:
    known: dict[int, Known] = {}
    wire = changes()
    seen: list[dict[str, object]] = []
    for shared in (None, known, known, known):
        tally = Tally()
        tally.since, tally.until = 1010.0, 1035.0
        body = Body(tally, DIALECTS[dialect], 0.0, chunked=True, known=shared)
        for piece in cut(wire, seed) if seed % 2 else [wire[at : at + 1000] for at in range(0, len(wire), 1000)]:
            body.feed(piece, 2000.0)
        seen.append({**vars(tally), "last": body.last, "whole": body.whole, "farewell": body.farewell})
    assert known
    assert seen[0]["latency"]
    assert seen[1:] == [seen[0]] * 3


def test_a_frame_that_only_looks_like_a_known_one_is_read() -> None:
    known: dict[int, Known] = {}
    wire = changes()
    read_with(known, wire)
    tally = read_with(known, wire.replace(b'"seq":12', b'"seq":1\r'))
    assert tally.problems == {"carriage return": 1}


def read_with(known: dict[int, Known], wire: bytes) -> Tally:
    tally = Tally()
    Body(tally, DIALECTS["roomtally"], 0.0, chunked=True, known=known).feed(wire, 2000.0)
    return tally
