"""Which service and which account a command uses: options, else the environment (both come in as arguments), else those of `up`."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from roomtally import errors

DEMO_EMAIL = "demo@roomtally.local"
_VISIBLE = re.compile(r"[!-~]+")  # what a header carries
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Account(NamedTuple):
    """Either `token`, or `email` with `password`; `password_file`: where that was found, when nobody gave it."""

    token: str | None = None
    email: str | None = None
    password: str | None = None
    password_file: Path | None = None


def address(text: str) -> str:
    """`text` as the base of addresses; `host:port` means http. Raises errors.Invalid for what cannot be one."""
    whole = text if "://" in text else f"http://{text}"
    try:
        url = httpx.URL(whole)
    except (httpx.InvalidURL, ValueError) as error:
        raise errors.Invalid("invalid-url", f"{text!r} is not an address: {error}.") from error
    if url.scheme not in {"http", "https"} or not url.host or any(map(str.isspace, text)):
        raise errors.Invalid("invalid-url", f"{text!r} is not an address; one looks like http://127.0.0.1:8000.")
    return whole


def choose(url: str, given: Account, demo_password_file: Path) -> Account:
    """The account to use at `url`; the demo account's password never goes to another machine.

    Raises errors.Unauthorized that says what to give where there is none, errors.Invalid for a token that cannot be sent.
    """
    if given.token:
        if not _VISIBLE.fullmatch(given.token):
            raise errors.Invalid("token-unusable", "The token has a character that no token has; copy it again, whole.")
        return Account(token=given.token)
    if given.email and given.password:
        return Account(email=given.email, password=given.password)
    if given.email or given.password:
        raise errors.Unauthorized("no-account", "Give both --email and --password (or the environment variables).")
    if urlsplit(url).hostname in LOOPBACK and (password := _read(demo_password_file)):
        return Account(email=DEMO_EMAIL, password=password, password_file=demo_password_file)
    raise errors.Unauthorized(
        "no-account",
        "Give --token, or --email and --password (or ROOMTALLY_TOKEN, ROOMTALLY_EMAIL, ROOMTALLY_PASSWORD). "
        f"The demo account of `roomtally up` is used where its password is in {demo_password_file}.",
    )


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None
