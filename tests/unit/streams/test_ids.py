import pytest

from roomtally import errors
from roomtally.streams import ids
from roomtally.streams.ids import EventId


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
