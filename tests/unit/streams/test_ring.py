from roomtally.streams import ring
from roomtally.streams.ring import Ring


def filled(base: int, count: int) -> Ring:
    made = Ring(base)
    for n in range(base + 1, base + count + 1):
        made.append(b"<%d>" % n)
    return made


def test_frames_after_a_number_come_in_order() -> None:
    made = filled(5, 3)
    assert made.last == 8
    assert made.since(5) == b"<6><7><8>"
    assert made.since(6) == b"<7><8>"
    assert made.since(7) == b"<8>"
    assert made.since(8) == b""
    assert made.since(4) is None


def test_an_empty_ring_has_nothing_for_those_behind() -> None:
    made = Ring(5)
    assert made.since(5) == b""
    assert made.since(4) is None


def test_it_is_bounded_by_number() -> None:
    made = filled(0, ring.EVENTS + 10)
    assert made.base == 10
    assert made.since(9) is None
    assert made.since(10) is not None


def test_it_is_bounded_by_bytes() -> None:
    made = Ring(0)
    for _ in range(10):
        made.append(b"x" * (ring.BYTES // 4))
    assert made.last - made.base == 4
    made.append(b"x" * (ring.BYTES + 1))
    assert made.since(10) is None
    assert made.since(11) == b""
    made.append(b"small")
    assert made.since(11) == b"small"


def test_a_new_beginning_hides_what_was_before_and_the_beginning_itself() -> None:
    made = filled(0, 3)
    made.restart(4)
    assert made.since(3) is None
    made.append(b"<5>")
    assert made.since(4) == b"<5>"
    assert made.since(3) is None


def test_older_frames_are_put_in_front_as_far_as_there_is_room() -> None:
    made = filled(10, 2)
    made.fill([b"<9>", b"<10>"])
    assert made.since(8) == b"<9><10><11><12>"
    made.fill([b"x" * ring.RECALLED_BYTES, b"<8>"])
    assert made.since(7) == b"<8><9><10><11><12>"
    assert made.since(6) is None
    made.fill([b"<6>", b"<7>"], size=22)
    assert made.since(6) == b"<7><8><9><10><11><12>"
    assert made.since(5) is None


def test_what_was_recalled_stays_beside_what_follows_until_the_next_but_one_call_of_age() -> None:
    made = filled(1000, ring.EVENTS)
    made.age()
    older = [b"<%d>" % n for n in range(601, 1001)]
    made.fill(older)
    for n in range(10):
        made.append(b"<%d>" % (1001 + ring.EVENTS + n))
    made.age()
    assert made.since(600) is not None
    made.append(b"<last>")
    made.age()
    assert made.since(made.last - 1) == b"<last>"
    assert made.since(made.last - 2) is None


def test_afterwards_it_is_bounded_as_before() -> None:
    made = filled(1000, 1)
    made.fill([b"<%d>" % n for n in range(601, 1001)])
    made.age()
    made.age()
    for _ in range(ring.EVENTS + 10):
        made.append(b"<x>")
    assert made.last - made.base == ring.EVENTS


def test_frames_live_for_one_to_two_calls_of_age() -> None:
    made = filled(0, 2)
    made.age()
    made.append(b"<3>")
    assert made.since(0) is not None
    made.age()
    assert made.since(1) is None
    assert made.since(2) == b"<3>"
    made.age()
    assert made.since(2) is None
    assert made.since(3) == b""
