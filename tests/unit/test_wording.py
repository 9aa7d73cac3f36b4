"""The words are made of msgspec's: those of this very version, not of a list of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from roomtally import wording


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Annotated[int, Meta(le=60)], 99, "must be a whole number, 60 at most"),
        (Annotated[int, Meta(ge=1)], 0, "must be a whole number, 1 at least"),
        (Annotated[float, Meta(gt=0)], 0.0, "must be a number, more than 0"),
        (Annotated[float, Meta(le=0.5)], 1.0, "must be a number, 0.5 at most"),
        (Annotated[str, Meta(min_length=10)], "x", "must have 10 characters at least"),
        (Annotated[str, Meta(max_length=3)], "long", "must have 3 characters at most"),
        (Annotated[str, Meta(min_length=1)], "", "must not be empty"),
        (Annotated[str, Meta(pattern="^[a-z]+$")], "A", "has a character that it may not have"),
        (Annotated[list[int], Meta(max_length=1)], [1, 2], "must have 1 entries at most"),
        (int, "x", "must be a whole number, not a text"),
        (str, 7, "must be a text, not a whole number"),
        (bool, [], "must be true or false, not a list"),
        (int | None, {}, "must be a whole number or null, not an object"),
        (UUID, "x", "must be a UUID"),
        (Literal["a", "b"], "c", "cannot be 'c'"),
    ],
)
def test_what_does_not_fit_is_said_plainly(kind: Any, value: object, words: str):
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(value, kind)
    assert wording.plain(str(refused.value)) == words


def test_what_has_no_plainer_words_is_left_to_the_caller():
    assert wording.plain("JSON is malformed: invalid character (byte 0)") is None
