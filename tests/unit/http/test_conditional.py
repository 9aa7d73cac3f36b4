import pytest

from roomtally import errors
from roomtally.http.conditional import MOST_TAGS, list_etags, named, read_version, write_etag


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, []),
        ("", []),
        ('"a-1"', ["a-1"]),
        ('W/"a-1"', ["a-1"]),
        (' "a-1" , W/"b-2" ,', ["a-1", "b-2"]),
        ('"a,1",""', ["a,1", ""]),
        ('"a 1"', []),
        ("a-1", []),
        ("*", []),
    ],
)
def test_tags_are_read(header: str | None, tags: list[str]):
    assert list_etags(header) == tags


def test_what_is_written_is_read():
    assert list_etags(write_etag("0123456789ab-7")) == ["0123456789ab-7"]


def number(text: str) -> int:
    if not text.isdigit():
        raise errors.Invalid("invalid-event-id", "")
    return int(text)


def test_versions_are_those_that_we_could_have_written():
    known = named('"1", W/"2", "other"', number)
    assert [n in known for n in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("header", ["*", " * "])
def test_a_star_names_whatever_there_is(header: str):
    assert 7 in named(header, number)


@pytest.mark.parametrize("header", [None, "", "**", '"*"', "*, 7"])
def test_without_a_star_nothing_unnamed_is_known(header: str | None):
    assert 7 not in named(header, number)


def test_a_header_without_an_end_is_read_to_a_hundred_tags():
    assert len(list_etags('"1",' * (MOST_TAGS + 1))) == MOST_TAGS


@pytest.mark.parametrize("header", ['"7"', ' "7" ', 'W/"7"'])
def test_a_version_is_read(header: str):
    assert read_version(header) == 7


@pytest.mark.parametrize("header", [None, "", " "])
def test_a_version_must_be_named(header: str | None):
    with pytest.raises(errors.PreconditionRequired, match="version-missing"):
        read_version(header)


@pytest.mark.parametrize("header", ["*", "7", '"7", "8"', '"0"', '"-1"', '"x"', '"1234567890"', '"٧"'])
def test_what_is_not_one_version_is_refused(header: str):
    with pytest.raises(errors.Invalid, match="invalid-version"):
        read_version(header)
