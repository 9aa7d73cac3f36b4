"""How often one address may try: one account, and all of them. Counted in Valkey for all processes, here while it is gone."""

import hashlib
import time

from roomtally import errors
from roomtally.db.valkey import Valkey
from roomtally.telemetry import metrics

ALLOWED = 10  # attempts at one account from one address
ALLOWED_FROM_ADDRESS = 100  # at all accounts together: the slips of an office; a list of stolen passwords is longer
WINDOW_SECONDS = 300
REMEMBERED = 10_000  # keys in this process; beyond that the oldest go


class SignInAttempts:
    """`address` is the client's as `http.address` counts it: of IPv6 the /64."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._here: dict[str, tuple[float, int]] = {}

    async def count(self, email: str, address: str) -> None:
        """Count one attempt. Raises errors.TooMany, with the seconds to wait, once there were too many.

        The address comes first: what it may not try leaves no key of the account, so keys do not grow with a flood.
        """
        await self._count(_key(address), ALLOWED_FROM_ADDRESS)
        await self._count(_key(address, email), ALLOWED)

    async def forget(self, email: str, address: str) -> None:
        """The person knew the password: earlier slips at the account do not count any more, nor this attempt for the address."""
        account, place = _key(address, email), _key(address)
        self._here.pop(account, None)
        if place in self._here:
            since, tried = self._here[place]
            self._here[place] = (since, tried - 1)
        await self._valkey.guarded(self._forget_in_valkey(account, place), "sign_in_limit")

    async def _count(self, key: str, allowed: int) -> None:
        answer = await self._valkey.guarded(self._count_in_valkey(key), "sign_in_limit")
        tried, wait = answer if answer is not None else self._count_here(key)
        if tried > allowed:
            metrics.SIGN_INS.labels("limited").inc()
            raise errors.TooMany(
                "too-many-sign-ins", f"Too many attempts; try again in {wait} seconds.", retry_after=wait
            )

    async def _count_in_valkey(self, key: str) -> tuple[int, int]:
        async with self._valkey.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, WINDOW_SECONDS, nx=True)
            pipe.ttl(key)
            tried, _, left = await pipe.execute()
        return int(tried), max(int(left), 1)

    async def _forget_in_valkey(self, account: str, place: str) -> None:
        async with self._valkey.pipeline(transaction=False) as pipe:
            pipe.delete(account)
            pipe.decr(place)
            pipe.expire(place, WINDOW_SECONDS, nx=True)  # where the window ended meanwhile, DECR made the key anew
            await pipe.execute()

    def _count_here(self, key: str) -> tuple[int, int]:
        now = time.monotonic()
        since, tried = self._here.pop(key, (now, 0))
        if now - since > WINDOW_SECONDS:
            since, tried = now, 0
        self._here[key] = (since, tried + 1)
        if len(self._here) > REMEMBERED:
            del self._here[next(iter(self._here))]
        return tried + 1, max(int(since + WINDOW_SECONDS - now), 1)


def _key(*parts: str) -> str:
    """Hashed: whose account was tried from where is nobody's business who can read the cache."""
    return "signin:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
