"""Which origins may be listed."""

import pytest

from roomtally import errors
from roomtally.http.cors import origins


def test_a_list_of_origins():
    assert origins("https://a.example, http://localhost:3000,") == {"https://a.example", "http://localhost:3000"}
    assert origins("") == frozenset()


@pytest.mark.parametrize(
    "text", ["*", "null", "https://a.example/", "https://a.example/x", "a.example", "ftp://a", "https://u@a"]
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(errors.Invalid, match="ROOMTALLY_STREAM_ORIGINS"):
        origins(text)
