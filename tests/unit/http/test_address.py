"""Where a request comes from, with and without proxies."""

import pytest

from roomtally import errors
from roomtally.http.address import Addresses, networks

PROXIES = networks("127.0.0.1, ::1, 10.0.0.0/8")


def of(peer: str | None, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Addresses(PROXIES).of({"client": (peer, 1234) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # anybody can write the header
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        (
            "127.0.0.1",
            ["6.6.6.6, 198.51.100.1, 10.9.9.9"],
            "198.51.100.1",
        ),  # what stands left of the first stranger is his word
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),  # two headers are one list
        ("127.0.0.1", ["10.0.0.1"], "10.0.0.1"),
        ("127.0.0.1", ["not an address"], "127.0.0.1"),
        ("127.0.0.1", ["unknown, 198.51.100.1"], "198.51.100.1"),
        ("::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8::1", [], "2001:db8::/64"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        (None, [], ""),
        (None, ["198.51.100.1"], ""),
    ],
)
def test_the_address_is_the_first_that_nobody_we_trust_has_told_us(
    peer: str | None, forwarded: list[str], expected: str
):
    assert of(peer, *forwarded) == expected


def test_networks_that_are_none_are_refused():
    with pytest.raises(errors.Invalid, match="ROOMTALLY_TRUSTED_PROXIES"):
        networks("10.0.0.0/33")


def test_nobody_is_trusted_where_the_list_is_empty():
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}
    assert Addresses(networks("")).of(scope) == "127.0.0.1"
