"""What is wrong with a request, field by field, under the names that its sender used."""

import re
from enum import Enum
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException

from roomtally import wording

_PATH = " - at `$"  # so msgspec ends a message, with a backtick behind the path
_MISSING_MEMBER = re.compile(r"Object missing required field `(.+)`")
_MISSING_PARAMETER = re.compile(r"Missing required (\w+) parameter '(.+)' for path .*")
_BODY = "data"  # the framework's name for the whole body


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a request: where (`source`: body, query, header, path), which field, and why."""

    message: str
    field: str = ""
    source: str = ""


def of_json(message: str) -> FieldError:
    """Of what msgspec says about a body, with the place of it."""
    text, _, path = message.partition(_PATH)
    return _of_body(text, path.rstrip("`").lstrip("."))


def of_framework(request: Request[Any, Any, Any], error: HTTPException) -> list[FieldError]:
    """Of what litestar says. It names parameters as the handler does; they are named here as they stand in the request."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        found = cast("list[dict[str, object]]", error.extra)
        return [_of_entry(request, *(_word(e.get(name, "")) for name in ("message", "key", "source"))) for e in found]
    if missing := _MISSING_PARAMETER.fullmatch(error.detail):
        return [FieldError("It is missing.", missing[2], missing[1])]
    return [FieldError(error.detail)]


def _of_entry(request: Request[Any, Any, Any], message: str, key: str, source: str) -> FieldError:
    if source == "body":
        return _of_body(message, "" if key == _BODY else key)
    return FieldError(_sentence(message), _sent_name(request, key), source)


def _of_body(message: str, path: str) -> FieldError:
    if message == repr(_BODY):  # of a KeyError
        return FieldError("The body is missing.", path, "body")
    if missing := _MISSING_MEMBER.fullmatch(message):
        return FieldError("It is missing.", f"{path}.{missing[1]}" if path else missing[1], "body")
    return FieldError(_sentence(message), path, "body")


def _sentence(message: str) -> str:
    """Its subject is the field. What there are no own words for stays as it is: of JSON that is none, say."""
    words = wording.plain(message)
    return f"It {words}." if words else message


def _sent_name(request: Request[Any, Any, Any], key: str) -> str:
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    return getattr(parameter and parameter.kwarg_definition, "name", None) or key


def _word(value: object) -> str:
    """Of an enum its value: the framework names sources by one."""
    return str(value.value if isinstance(value, Enum) else value)
