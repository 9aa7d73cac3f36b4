import pytest

from roomtally.http.origin import is_foreign

TRUSTED = frozenset({"https://moves.example.org"})


def foreign(method: str, **headers: str) -> bool:
    known = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return is_foreign(method, known.get, TRUSTED)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_never_foreign(method: str):
    assert not foreign(method, host="a", origin="https://evil", sec_fetch_site="cross-site")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_browsers_own_word_counts_first(method: str):
    assert foreign(method, host="a", sec_fetch_site="cross-site")
    assert foreign(method, host="a", origin="https://a", sec_fetch_site="same-site")
    assert not foreign(method, host="a", sec_fetch_site="same-origin")
    assert not foreign(method, host="a", sec_fetch_site="none")


def test_without_it_the_origin_must_name_the_host():
    assert foreign("POST", host="a", origin="https://b")
    assert foreign("POST", host="a", origin="https://a.b")
    assert foreign("POST", host="a:8000", origin="http://a:8001")
    assert foreign("POST", host="a", origin="null")
    assert foreign("POST", host="a", origin="http://[a")
    assert not foreign("POST", host="a:8000", origin="http://a:8000")
    assert not foreign("POST", host="a", origin="https://a")  # TLS ends at the proxy


def test_our_public_address_is_ours_behind_a_proxy_that_changes_the_host():
    assert not foreign("POST", host="10.0.0.7", origin="https://moves.example.org", sec_fetch_site="same-origin")
    assert not foreign("POST", host="10.0.0.7", origin="https://moves.example.org")


def test_scripts_send_neither_and_bearers_are_never_sent_by_themselves():
    assert not foreign("POST", host="a")
    assert not foreign("POST", host="a", origin="https://b", authorization="Bearer rt_x")
    assert foreign("POST", host="a", origin="https://b", authorization="Basic x")
