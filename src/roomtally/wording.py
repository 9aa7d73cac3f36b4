"""What msgspec says of a value that does not fit, in words for people who need not know of types and signs."""

import re

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "uuid": "a UUID",
    "array": "a list",
    "object": "an object",
}
_UNITS = {"str": "characters", "array": "entries"}
_BOUNDS = {"<=": "{} at most", ">=": "{} at least", "<": "less than {}", ">": "more than {}"}

_TYPE = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?")
_NUMBER = re.compile(r"Expected `(int|float)` (<=|>=|<|>) (\S+)")
_LENGTH = re.compile(r"Expected `(str|array)` of length (<=|>=) (\d+)")
_CHOICE = re.compile(r"Invalid enum value (.+)")


def plain(message: str) -> str | None:
    """`must be a whole number, 60 at most`, of "Expected `int` <= 60"; None where there are no plainer words."""
    if length := _LENGTH.fullmatch(message):
        return _length(*length.groups())
    if number := _NUMBER.fullmatch(message):
        return f"must be {_TYPES[number[1]]}, {_BOUNDS[number[2]].format(number[3].removesuffix('.0'))}"
    if type_ := _TYPE.fullmatch(message):
        return f"must be {_types(type_[1])}" + (f", not {_types(type_[2])}" if type_[2] else "")
    if choice := _CHOICE.fullmatch(message):
        return f"cannot be {choice[1]}"
    if message.startswith("Expected `str` matching regex "):
        return "has a character that it may not have"
    return "must be a UUID" if message == "Invalid UUID" else None


def _length(kind: str, sign: str, bound: str) -> str:
    """A text of one character at least is better said otherwise."""
    if (sign, bound) == (">=", "1"):
        return "must not be empty"
    return f"must have {_BOUNDS[sign].format(f'{bound} {_UNITS[kind]}')}"


def _types(names: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in names.split(" | "))
