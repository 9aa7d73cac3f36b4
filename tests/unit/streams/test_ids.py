import pytest

from roomtally import errors
from roomtally.streams import ids
from roomtally.streams.ids import EventId, Vector


@pytest.mark.parametrize("n", [0, 1, 10, 999_999_999_999_999_999])
def test_what_is_written_can_be_read(n: int) -> None:
    event_id = EventId("0123456789ab", n)
    assert ids.parse(str(event_id)) == event_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "0123456789ab",
        "0123456789ab-",
        "0123456789ab--1",
        "0123456789ab-01",
        "0123456789AB-1",
        "0123456789a-1",
        "0123456789abc-1",
        "0123456789ab-1\n",
        " 0123456789ab-1",
        "0123456789ab-1234567890123456789",
        "0123456789ab-\N{ARABIC-INDIC DIGIT ONE}",
        "v1:1,2",
        "null",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid, match="invalid-event-id"):
        ids.parse(text)


@pytest.mark.parametrize("numbers", [(0,), (1, 2, 3), (999_999_999_999_999_999, 0), tuple(range(ids.MOST))])
def test_a_vector_can_be_read(numbers: tuple[int, ...]) -> None:
    vector = Vector("0123456789ab", numbers)
    assert ids.parse_vector(str(vector), len(numbers)) == vector


def test_a_vector_names_the_epoch_and_the_numbers_in_order() -> None:
    assert ids.vector("0123456789ab", [3, 0, 12]) == "v1:0123456789ab:3,0,12"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1:0123456789ab:1",
        "v1:0123456789ab:1,2,3",
        "v1:0123456789ab:1,",
        "v1:0123456789ab:1,02",
        "v1:0123456789ab:1,-2",
        "v1:0123456789ab:1, 2",
        "v2:0123456789ab:1,2",
        "v1:0123456789a:1,2",
        "v1:1,2",
        "0123456789ab-1",
        "v1:0123456789ab:1,2\n",
    ],
)
def test_any_other_vector_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid, match="invalid-event-id"):
        ids.parse_vector(text, 2)
