import pytest

from roomtally.http.conditional import list_etags, write_etag


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, []),
        ("", []),
        ('"a-1"', ["a-1"]),
        ('W/"a-1"', ["a-1"]),
        (' "a-1" , W/"b-2" ,', ["a-1", "b-2"]),
        ("*", ["*"]),
    ],
)
def test_tags_are_read(header: str | None, tags: list[str]):
    assert list_etags(header) == tags


def test_what_is_written_is_read():
    assert list_etags(write_etag("0123456789ab-7")) == ["0123456789ab-7"]
