from typing import Any, cast

import pytest
from litestar import Request

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.model import CredentialKind, normalize_email


def request(**headers: str) -> Request[Any, Any, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(cast("Any", {"type": "http", "headers": raw, "litestar_app": None, "state": {}}))


def test_a_cookie_and_a_bearer_are_read_without_a_database():
    by_cookie = auth.credential(request(cookie="a=b; roomtally_session=secret"))
    by_bearer = auth.credential(request(authorization="Bearer rt_secret"))
    assert by_cookie.kind is CredentialKind.SESSION
    assert by_bearer.kind is CredentialKind.TOKEN
    assert len(by_cookie.token_hash) == len(by_bearer.token_hash) == 32


def test_a_bearer_wins_over_a_cookie():
    both = request(cookie="roomtally_session=secret", authorization="bearer  rt_secret")
    assert auth.credential(both).kind is CredentialKind.TOKEN


@pytest.mark.parametrize("headers", [{}, {"cookie": "other=1"}, {"cookie": "roomtally_session="}])
def test_nothing_to_show(headers: dict[str, str]):
    with pytest.raises(errors.Unauthorized, match="not-signed-in"):
        auth.credential(request(**headers))


@pytest.mark.parametrize("value", ["Basic abc", "Bearer abc", "Bearer", "rt_secret"])
def test_a_header_that_is_no_token_of_ours(value: str):
    with pytest.raises(errors.Unauthorized, match="invalid-token"):
        auth.credential(request(authorization=value, cookie="roomtally_session=good"))


def test_one_address_has_one_spelling():
    assert normalize_email("  Jean@Example.ORG ") == "jean@example.org"
