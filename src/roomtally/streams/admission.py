"""Who may open a stream now: not too fast from one address, not when this process is full, not too many of one user."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import msgspec

from roomtally import errors, settings
from roomtally.streams.accounting import LIFE_SECONDS, Accounting
from roomtally.telemetry import stream_metrics

BURST_SECONDS = 4.0  # worth of opens that an address may have at once: all tabs of an office after a restart
REMEMBERED = 50_000  # addresses, about 10 MB; beyond that the one that was quiet for longest is forgotten
# Who leaves gives the place back at once, and a process that dies within this time.
USER_RETRY_SECONDS = int(LIFE_SECONDS)


class House(Protocol):
    """The hub, as admission sees it."""

    draining: bool

    def refuse_when_full(self) -> None:
        """Raises errors.Unavailable."""
        ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Zero: no limit."""

    user_streams: int = 20
    address_opens: float = 50.0  # a second

    @classmethod
    def of(cls, values: settings.Settings) -> "Limits":
        return cls(user_streams=values.user_streams, address_opens=values.address_opens)


class Lease:
    """One stream or long-poll of a user; given back once, however often it is asked."""

    __slots__ = ("_release", "_user")

    def __init__(self, user: str, release: Callable[[str], None]) -> None:
        self._user, self._release = user, release

    def release(self) -> None:
        user, self._user = self._user, ""
        if user:
            self._release(user)


class Admission:
    def __init__(self, limits: Limits, accounting: Accounting, house: House) -> None:
        self._limits = limits
        self._accounting = accounting
        self._house = house
        self._opens = Buckets(limits.address_opens, limits.address_opens * BURST_SECONDS)

    def knock(self, address: str) -> None:
        """Before anything is asked of the database. Raises TooMany, Unavailable.

        A draining process is never full: a refusal keeps plain EventSource clients away for good.
        """
        wait = self._opens.take(address)
        if wait:
            stream_metrics.STREAMS_REFUSED.labels("address").inc()
            raise errors.TooMany(
                "too-many-opens",
                "Streams are opened too fast from your address; wait before you try again.",
                retry_after=int(wait) + 1,
            )
        if not self._house.draining:
            self._house.refuse_when_full()

    async def lease(self, user_id: UUID) -> Lease:
        """One more stream for this user. Raises TooMany. Whoever has the lease must release it."""
        user = str(user_id)
        limit = self._limits.user_streams
        if not limit or self._house.draining:
            return Lease("", self._accounting.release)
        if not await self._accounting.claim(user, limit):
            stream_metrics.STREAMS_REFUSED.labels("user").inc()
            raise errors.TooMany(
                "too-many-streams",
                f"You have {limit} streams open, which is the most; close one first.",
                retry_after=USER_RETRY_SECONDS,
            )
        return Lease(user, self._accounting.release)


class Buckets:
    """A token bucket per key: `rate` a second, `burst` at once. Rate 0: no limit."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, max(burst, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float | None = None) -> float:
        """0 where one may go; else the seconds until one might."""
        if not self._rate:
            return 0.0
        now = time.monotonic() if now is None else now
        left, since = self._buckets.pop(key, (self._burst, now))
        left = min(left + (now - since) * self._rate, self._burst)
        allowed = left >= 1.0
        self._buckets[key] = (left - allowed, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._rate
