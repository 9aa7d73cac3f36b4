from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtally import errors
from roomtally.http.paging import read_cursor, write_cursor


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_reads_back_to_the_microsecond(at: datetime, row: UUID):
    assert read_cursor(write_cursor((at, row))) == (at, row)


def test_a_cursor_goes_into_a_url_as_it_is():
    assert set(write_cursor((datetime.now(UTC), uuid4()))) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


def test_no_cursor_is_the_first_page():
    assert read_cursor(None) is None


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str):
    with pytest.raises(errors.Invalid, match="invalid-cursor"):
        read_cursor(text)
