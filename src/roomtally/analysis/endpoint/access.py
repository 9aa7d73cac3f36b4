"""The endpoint's address and key, looked at before the first photo: a wrong one fails every photo in the same way."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from roomtally import errors

_VISIBLE: Final = re.compile(r"[!-~]+")  # what a header carries without doubt


def completions_url(base: str | None) -> str:
    """Where questions go. Raises errors.Invalid for a `base` that no request can be sent to."""
    try:
        parts = urlsplit(base or "")
    except ValueError as error:
        raise unusable_url(str(error)) from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise errors.Invalid(
            "openai-base-url-missing",
            "ROOMTALLY_ANALYZER is openai: set ROOMTALLY_OPENAI_BASE_URL to the address before /chat/completions.",
        )
    if reason := _why_unusable(f"{base}", parts):
        raise unusable_url(reason)
    return f"{base}".rstrip("/") + "/chat/completions"


def _why_unusable(base: str, parts: SplitResult) -> str | None:
    if not base.isprintable() or " " in base:
        return "an address has no spaces and no control characters"
    try:
        port, host = parts.port, (parts.hostname or "").encode("idna")
    except UnicodeError:
        return "its host is no name that can be looked up"
    except ValueError as error:  # of the port
        return f"{error}"
    if not host:
        return "it names no host"
    return "a port is 1 to 65535" if port == 0 else None


def unusable_url(why: str) -> errors.Invalid:
    """The address is not repeated: some have a password in them."""
    return errors.Invalid("openai-base-url-invalid", f"ROOMTALLY_OPENAI_BASE_URL cannot be used: {why}.")


def checked_key(key: str | None) -> str | None:
    """Raises errors.Invalid for a key that no header can carry; the key itself is not repeated."""
    if key is not None and not _VISIBLE.fullmatch(key):
        raise errors.Invalid(
            "openai-api-key-invalid",
            "ROOMTALLY_OPENAI_API_KEY has a character that no key has: only visible ASCII can be sent, without spaces.",
        )
    return key
