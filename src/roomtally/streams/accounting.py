"""How many streams each user has over all processes, counted in Valkey so that a process that dies takes its share with it.

Each process keeps one hash, user -> streams, which lives 5 s and is renewed every 1.5 s. A user's count is the sum over the
hashes that live. What this process knows is kept here too, and written anew whenever Valkey has forgotten it.

One exchange with Valkey is on its way at a time; all that comes meanwhile goes with the next. So a storm of opens takes one
connection, and nothing is overtaken.
"""

import asyncio
import secrets
from collections import Counter
from itertools import islice
from typing import NamedTuple

import msgspec
import structlog
from redis.asyncio.client import Pipeline

from roomtally.db.valkey import Valkey
from roomtally.telemetry import stream_metrics

LIFE_SECONDS = 5.0  # of a hash that nobody renews
RENEW_SECONDS = 1.5  # two renewals may be missed
AT_ONCE = 500  # claims, and users whose count changed, in one exchange: about 1 ms of Valkey's time

PREFIX = "{roomtally:streams}"  # braces: one slot in a cluster
PROCESSES = f"{PREFIX}:processes"
OPERATION, RENEWAL = "stream_accounting", "stream_renewal"  # a Valkey that is full refuses the one and takes the other

# KEYS: processes, own hash. ARGV: life in ms, JSON list of [user, own count with the new stream, limit].
# Returns for each the count over all processes with the new stream; beyond the limit nothing is written.
# One call for all: for a storm of opens a call each took 20 us of the process that they come to, more than the rest of counting.
CLAIM = """
local others, totals, written = {}, {}, false
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if key ~= KEYS[2] then
    if redis.call('EXISTS', key) == 1 then
      others[#others + 1] = key
    else
      redis.call('SREM', KEYS[1], key)
    end
  end
end
for at, claim in ipairs(cjson.decode(ARGV[2])) do
  local user, sum = claim[1], claim[2]
  for _, key in ipairs(others) do
    sum = sum + (tonumber(redis.call('HGET', key, user)) or 0)
  end
  if sum <= claim[3] then
    redis.call('HSET', KEYS[2], user, claim[2])
    written = true
  end
  totals[at] = sum
end
if written then
  redis.call('SADD', KEYS[1], KEYS[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return totals"""

log = structlog.get_logger()


class Claim(NamedTuple):
    """`own` is this process's count with the new stream; `total` becomes that of all processes."""

    user: str
    own: int
    limit: int
    total: "asyncio.Future[int]"


class Accounting:
    """`claim` and `release` one stream of a user. While Valkey is away only this process counts. `key`: of its hash."""

    def __init__(self, client: Valkey) -> None:
        self._valkey = client
        self.key = f"{PREFIX}:{secrets.token_hex(8)}"
        self._here: Counter[str] = Counter()
        self._claims: list[Claim] = []
        self._untold: set[str] = set()
        self._turn = asyncio.Lock()
        self._talking: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._renewing = asyncio.create_task(self._renew_for_ever(), name="stream accounting renewal")

    async def stop(self) -> None:
        """What this process had is given back at once."""
        tasks = [task for task in (self._renewing, self._talking) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._valkey.guarded(self._valkey.delete(self.key), OPERATION)

    async def claim(self, user: str, limit: int) -> bool:
        """False, and nothing is counted, where the user would have more than `limit` streams. Takes half a second at most."""
        self._here[user] += 1
        try:
            allowed = await self._total(user, limit) <= limit
        except BaseException:
            self.release(user)
            raise
        if not allowed:
            self.release(user)
        return allowed

    def release(self, user: str) -> None:
        self._here[user] -= 1
        if not self._here[user]:
            del self._here[user]
        self._untold.add(user)
        self._talk()

    async def _total(self, user: str, limit: int) -> int:
        if self._valkey.away:
            self._untold.add(user)
            return self._here[user]
        claim = Claim(user, self._here[user], limit, asyncio.get_running_loop().create_future())
        self._claims.append(claim)
        self._talk()
        return await claim.total

    # --- what Valkey knows

    def _talk(self) -> None:
        if self._talking is None and not self._valkey.away:
            self._talking = asyncio.create_task(self._exchange_all(), name="stream accounting")

    async def _exchange_all(self) -> None:
        try:
            told = True
            while told and (self._claims or self._untold):
                async with self._turn:
                    told = await self._exchange()
        except Exception:
            stream_metrics.STREAM_FAILURES.labels("accounting").inc()
            log.exception("stream_accounting_failed")
            self._give_up()
        finally:
            self._talking = None

    async def _exchange(self) -> bool:
        """False: Valkey did not hear it."""
        told = list(islice(self._untold, AT_ONCE))
        self._untold.difference_update(told)
        claims = self._claims[:AT_ONCE]
        async with self._valkey.pipeline(transaction=False) as pipe:
            if told:
                self._write(pipe, told)
            if claims:
                asked = msgspec.json.encode([(claim.user, claim.own, claim.limit) for claim in claims])
                pipe.eval(CLAIM, 2, PROCESSES, self.key, str(int(LIFE_SECONDS * 1000)), asked)
            answers = await self._valkey.guarded(pipe.execute(), OPERATION)
        if answers is None:
            self._untold.update(told)
            self._give_up()
            return False
        del self._claims[: len(claims)]
        for claim, total in zip(claims, answers[-1] if claims else (), strict=True):
            _settle(claim, int(total))
        return True

    def _write(self, pipe: "Pipeline", users: list[str]) -> None:
        """Absolute counts: whatever was lost or written twice before, they are right afterwards."""
        if gone := [user for user in users if not self._here[user]]:
            pipe.hdel(self.key, *gone)
        if present := [part for user in users if self._here[user] for part in (user, self._here[user])]:
            pipe.hset(self.key, items=present)
        pipe.pexpire(self.key, int(LIFE_SECONDS * 1000))
        pipe.sadd(PROCESSES, self.key)

    def _give_up(self) -> None:
        """Everybody who waits is let in by what is known here; the next renewal tells Valkey of them."""
        waiting, self._claims = self._claims, []
        for claim in waiting:
            self._untold.add(claim.user)
            _settle(claim, claim.own)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                async with self._turn:
                    await self._renew()
            except Exception:
                stream_metrics.STREAM_FAILURES.labels("accounting").inc()
                log.exception("stream_accounting_failed")

    async def _renew(self) -> None:
        if not self._here and not self._untold:
            return
        life = int(LIFE_SECONDS * 1000)
        renewed = await self._valkey.guarded(self._valkey.pexpire(self.key, life), RENEWAL)
        if renewed is not None and not renewed:
            self._untold.update(self._here)  # emptied, or away for longer than the hash lives
        if renewed is not None and self._untold:
            self._talk()


def _settle(claim: Claim, total: int) -> None:
    if not claim.total.done():  # its client may have left
        claim.total.set_result(total)
