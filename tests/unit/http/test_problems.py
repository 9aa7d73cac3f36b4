import msgspec
import pytest

from roomtally import errors
from roomtally.http import problems


def all_kinds(base: type[errors.RoomtallyError] = errors.RoomtallyError) -> set[str]:
    below = [
        cls for cls in base.__subclasses__() if cls.__module__ == errors.__name__
    ]  # the client's own never meets HTTP
    found = {cls.kind for cls in below}
    return found.union(*map(all_kinds, below)) - {errors.RoomtallyError.kind}


def test_every_kind_of_error_has_a_status():
    assert set(problems.STATUS_OF_KIND) == all_kinds()
    assert all(400 <= status < 600 for status in problems.STATUS_OF_KIND.values())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("empty-photo", ""), 400),
        (errors.Invalid("no-photos", ""), 422),
        (errors.TooLarge("too-many-photos", ""), 422),
        (errors.TooLarge("photo-too-large", ""), 413),
        (errors.NotFound("x", ""), 404),
        (errors.Unavailable("x", "", retry_after=3), 503),
    ],
)
def test_statuses(error: errors.RoomtallyError, status: int):
    assert problems.status_of(error) == status


def test_a_document_names_its_type_and_its_extras_in_camel_case():
    body = msgspec.json.decode(problems.encode("/api/x", 413, "photo-too-large", "Smaller.", max_bytes=5))
    assert body == {
        "type": "https://roomtally.dev/problems/photo-too-large",
        "title": "Photo too large",
        "status": 413,
        "detail": "Smaller.",
        "instance": "/api/x",
        "maxBytes": 5,
    }


def test_headers():
    assert problems.headers_of(401, {})["WWW-Authenticate"].startswith("Bearer")
    assert problems.headers_of(503, {"retry_after": 7})["Retry-After"] == "7"
    assert problems.headers_of(404, {}) == {"Cache-Control": "no-store"}
