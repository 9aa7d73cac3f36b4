"""How long the endpoint asks to be left alone."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_SECONDS: Final = 3600.0  # whatever more is asked for: the sweeper's pauses are shorter anyway


def retry_after(text: str) -> float | None:
    """Seconds, 0 to LONGEST_SECONDS, of a `Retry-After` header in either of its forms; None for what is neither."""
    seconds = float(text) if text.isascii() and text.isdecimal() else _until(text)
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_SECONDS)


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser's ways with what is no date
        return None
