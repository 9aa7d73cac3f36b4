"""How often one address may try one account: counted in Valkey for all processes, here alone while Valkey is gone."""

import hashlib
import time

from redis.asyncio import Redis

from roomtally import errors
from roomtally.db.valkey import guarded
from roomtally.telemetry import metrics

ALLOWED = 10  # attempts
WINDOW_SECONDS = 300
REMEMBERED = 10_000  # keys in this process; beyond that the oldest go


class SignInAttempts:
    def __init__(self, valkey: "Redis") -> None:
        self._valkey = valkey
        self._here: dict[str, tuple[float, int]] = {}

    async def count(self, email: str, address: str) -> None:
        """Count one attempt. Raises errors.TooMany, with the seconds to wait, once there were too many."""
        key = _key(email, address)
        answer = await guarded(self._count_in_valkey(key), "sign_in_limit")
        tried, wait = answer if answer is not None else self._count_here(key)
        if tried > ALLOWED:
            metrics.SIGN_INS.labels("limited").inc()
            raise errors.TooMany(
                "too-many-sign-ins", f"Too many attempts; try again in {wait} seconds.", retry_after=wait
            )

    async def forget(self, email: str, address: str) -> None:
        """The person knew the password: earlier slips do not count any more."""
        key = _key(email, address)
        self._here.pop(key, None)
        await guarded(self._valkey.delete(key), "sign_in_limit")

    async def _count_in_valkey(self, key: str) -> tuple[int, int]:
        async with self._valkey.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, WINDOW_SECONDS, nx=True)
            pipe.ttl(key)
            tried, _, left = await pipe.execute()
        return int(tried), max(int(left), 1)

    def _count_here(self, key: str) -> tuple[int, int]:
        now = time.monotonic()
        since, tried = self._here.pop(key, (now, 0))
        if now - since > WINDOW_SECONDS:
            since, tried = now, 0
        self._here[key] = (since, tried + 1)
        if len(self._here) > REMEMBERED:
            del self._here[next(iter(self._here))]
        return tried + 1, max(int(since + WINDOW_SECONDS - now), 1)


def _key(email: str, address: str) -> str:
    """Hashed: whose account was tried from where is nobody's business who can read the cache."""
    return "signin:" + hashlib.sha256(f"{email}\n{address}".encode()).hexdigest()[:32]
