"""Entity tags: `ETag`, `If-None-Match`."""

VARY = "Cookie, Authorization"


def write_etag(value: object) -> str:
    return f'"{value}"'


def list_etags(header: str | None) -> list[str]:
    """The values that an If-None-Match header names, without quotes; weak ones count as strong."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in (header or "").split(",") if tag.strip()]


def reading_headers(etag: object) -> dict[str, str]:
    """For what a client may keep but must ask about each time, and that differs between users."""
    return {"ETag": write_etag(etag), "Cache-Control": "private, no-cache", "Vary": VARY}
