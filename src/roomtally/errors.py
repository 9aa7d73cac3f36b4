"""Every error that Roomtally raises on purpose.

RoomtallyError
├── Invalid               the request or the photo cannot be used as it is
├── Unauthorized          nobody is signed in
├── Forbidden             signed in, but not allowed
├── NotFound              not there, or not yours: the two are not told apart
├── Conflict              the state forbids it
├── PreconditionFailed    somebody else changed it first
├── PreconditionRequired  which version is meant must be said
├── TooLarge              more bytes, pixels or photos than allowed
├── Unsupported           a kind of content that is not handled
├── TooMany               slow down; `retry_after` seconds
└── Unavailable           not the caller's fault; `retry_after` seconds

What an error means over HTTP is decided in `http/problems.py` alone.
"""

from typing import ClassVar


class RoomtallyError(Exception):
    """`slug` names the problem for machines and never changes; `detail` tells a person what to do."""

    kind: ClassVar[str] = "error"

    def __init__(self, slug: str, detail: str, **extra: object) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug = slug
        self.detail = detail
        self.extra = extra

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with all fields, so that an error crosses a process unharmed."""
        return (_rebuild, (type(self), self.slug, self.detail, self.extra))


class Invalid(RoomtallyError):
    kind = "invalid"


class Unauthorized(RoomtallyError):
    kind = "unauthorized"


class Forbidden(RoomtallyError):
    kind = "forbidden"


class NotFound(RoomtallyError):
    kind = "not-found"


class Conflict(RoomtallyError):
    kind = "conflict"


class PreconditionFailed(RoomtallyError):
    kind = "precondition-failed"


class PreconditionRequired(RoomtallyError):
    kind = "precondition-required"


class TooLarge(RoomtallyError):
    kind = "too-large"


class Unsupported(RoomtallyError):
    kind = "unsupported"


class _Later(RoomtallyError):
    def __init__(self, slug: str, detail: str, *, retry_after: int = 1, **extra: object) -> None:
        super().__init__(slug, detail, retry_after=retry_after, **extra)
        self.retry_after = retry_after


class TooMany(_Later):
    kind = "too-many"


class Unavailable(_Later):
    kind = "unavailable"


def _rebuild(cls: type[RoomtallyError], slug: str, detail: str, extra: dict[str, object]) -> RoomtallyError:
    return cls(slug, detail, **extra)
