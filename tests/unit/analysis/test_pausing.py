"""`Retry-After` as endpoints write it, and as none should."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from roomtally.analysis.endpoint.pausing import LONGEST_SECONDS, retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0), ("20", 20.0), ("3601", LONGEST_SECONDS), ("9" * 400, LONGEST_SECONDS), ("9" * 5000, LONGEST_SECONDS),
        ("", None), ("-5", None), ("nan", None), ("inf", None), ("1e5", None), ("1.5", None), ("soon", None), ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_SECONDS), ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
    ],
)  # fmt: skip
def test_it_is_read_within_bounds(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_a_date_is_the_time_until_then() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after(moment) == pytest.approx(90, abs=3)
