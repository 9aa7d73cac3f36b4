from pathlib import Path

import pytest

from roomtally import errors
from roomtally.client.access import DEMO_EMAIL, Account, address, choose
from roomtally.embedded.first_start import DEMO_EMAIL as THE_ONE_THAT_UP_MAKES

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "demo-password"
    file.write_text("secret\n")
    return file


def test_what_is_given_wins_over_the_demo_account(password_file: Path) -> None:
    assert choose(HERE, Account("rt_x", "a@b.c", "p"), password_file) == Account(token="rt_x")
    assert choose(HERE, Account(None, "a@b.c", "p"), password_file) == Account(email="a@b.c", password="p")


@pytest.mark.parametrize("token", ["rt_clé", "rt_a b", "rt_a\n"])
def test_a_token_that_no_header_carries_is_refused(password_file: Path, token: str) -> None:
    with pytest.raises(errors.Invalid, match="copy it again"):
        choose(HERE, Account(token), password_file)


def test_on_loopback_it_is_the_demo_account_of_up(password_file: Path) -> None:
    for url in (HERE, "http://localhost:1", "http://[::1]:8000"):
        assert choose(url, Account(), password_file) == Account(
            email=DEMO_EMAIL, password="secret", password_file=password_file
        )
    assert DEMO_EMAIL == THE_ONE_THAT_UP_MAKES


def test_the_demo_password_never_leaves_this_machine(password_file: Path) -> None:
    for url in ("http://example.org", "http://127.0.0.1.example.org", "http://127.0.0.1@example.org"):
        with pytest.raises(errors.Unauthorized):
            choose(url, Account(), password_file)


def test_half_an_account_is_an_error_not_another_account(password_file: Path) -> None:
    with pytest.raises(errors.Unauthorized, match="both"):
        choose(HERE, Account(email="a@b.c"), password_file)


def test_without_any_account_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(errors.Unauthorized, match="--token"):
        choose(HERE, Account(), tmp_path / "demo-password")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("example.org", "http://example.org"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("https://example.org/rooms", "https://example.org/rooms"),
    ],
)
def test_an_address_needs_no_scheme(given: str, meant: str) -> None:
    assert address(given) == meant


@pytest.mark.parametrize(
    "nonsense", ["", "not an address", "ftp://example.org", "http://", "http://[::1", "host:port", "://x"]
)
def test_nonsense_is_no_address(nonsense: str) -> None:
    with pytest.raises(errors.Invalid, match="invalid-url"):
        address(nonsense)
