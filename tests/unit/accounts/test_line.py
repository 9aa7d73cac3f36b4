"""The line of those who wait to be signed in."""

from contextlib import ExitStack

import pytest

from roomtally import errors
from roomtally.accounts.service.line import OF_ONE_ADDRESS, PLACES, Line


def fill(line: Line, entered: ExitStack, address: str, places: int = OF_ONE_ADDRESS) -> None:
    for _ in range(places):
        entered.enter_context(line.place(address))


def test_one_address_takes_a_quarter_and_leaves_the_rest():
    line = Line()
    with ExitStack() as entered:
        fill(line, entered, "192.0.2.1")
        with pytest.raises(errors.TooMany) as refused, line.place("192.0.2.1"):
            pass
        assert (refused.value.slug, refused.value.retry_after) == ("too-many-sign-ins", 2)
        fill(line, entered, "192.0.2.2")


def test_the_line_has_an_end():
    line = Line()
    with ExitStack() as entered:
        for n in range(PLACES // OF_ONE_ADDRESS):
            fill(line, entered, f"192.0.2.{n}")
        with pytest.raises(errors.Unavailable) as refused, line.place("192.0.2.99"):
            pass
        assert (refused.value.slug, refused.value.retry_after) == ("sign-in-busy", 2)


def test_a_place_is_given_back_however_it_ends():
    line = Line()
    for _ in range(PLACES + 1):
        with pytest.raises(errors.Unauthorized), line.place("192.0.2.1"):
            raise errors.Unauthorized("wrong-credentials", "")
    with ExitStack() as entered:
        fill(line, entered, "192.0.2.1")
