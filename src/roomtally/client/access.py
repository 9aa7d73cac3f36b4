"""Which account a command uses: options, else the environment (both come in as arguments), else the demo account of `up`."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from roomtally import errors

DEMO_EMAIL = "demo@roomtally.local"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Account(NamedTuple):
    """Either `token`, or `email` with `password`."""

    token: str | None = None
    email: str | None = None
    password: str | None = None


def choose(url: str, given: Account, demo_password_file: Path) -> Account:
    """The account to use at `url`; the demo account's password never goes to another machine.

    Raises errors.Unauthorized that says what to give where there is none.
    """
    if given.token:
        return Account(token=given.token)
    if given.email and given.password:
        return Account(email=given.email, password=given.password)
    if given.email or given.password:
        raise errors.Unauthorized("no-account", "Give both --email and --password (or the environment variables).")
    if urlsplit(url).hostname in LOOPBACK and (password := _read(demo_password_file)):
        return Account(email=DEMO_EMAIL, password=password)
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
