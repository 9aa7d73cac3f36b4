"""Originals without what cameras hide in them: place, time, device, owner, the small preview of what was cropped away.

The picture's own bytes stay as they are; only what surrounds them goes. Pure functions over bytes.
"""

from collections.abc import Callable

from roomtally import errors
from roomtally.storage.metadata.chunks import strip_png, strip_webp
from roomtally.storage.metadata.heif import strip_heif
from roomtally.storage.metadata.jpeg import strip_jpeg

_STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": strip_jpeg,
    "image/png": strip_png,
    "image/webp": strip_webp,
    "image/heic": strip_heif,
    "image/avif": strip_heif,
}


def strip_metadata(body: bytes, content_type: str) -> bytes:
    """Raises errors.Unsupported for types, and for broken files, whose hidden data cannot be found."""
    stripper = _STRIPPERS.get(content_type)
    try:
        if stripper:
            return stripper(body)
    except (IndexError, ValueError) as error:
        raise _cannot_clean() from error
    raise _cannot_clean()


def _cannot_clean() -> errors.Unsupported:
    return errors.Unsupported(
        "original-not-served", "This file cannot be freed of its hidden data, so it is not given out again."
    )
