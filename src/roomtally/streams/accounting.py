"""How many streams each user has over all processes, counted in Valkey so that a process that dies takes its share with it.

Each process keeps one hash, user -> streams, which lives 5 s and is renewed every 1.5 s. A user's count is the sum over the
hashes that live. What this process knows is kept here too, and written anew whenever Valkey has forgotten it.
"""

import asyncio
import secrets
from collections import Counter
from itertools import islice

import structlog
from redis.asyncio import Redis

from roomtally.db import valkey
from roomtally.telemetry import metrics

LIFE_SECONDS = 5.0  # of a hash that nobody renews
RENEW_SECONDS = 1.5  # two renewals may be missed
FLUSH_SECONDS = 0.01  # closes are told together: a page that is loaded again takes longer to come back
FIELDS_PER_COMMAND = 1000

PREFIX = "{roomtally:streams}"  # braces: one slot in a cluster
PROCESSES = f"{PREFIX}:processes"

# KEYS: processes, own hash. ARGV: own hash, user, own count with the new stream, limit, life in ms.
# Returns the count with the new stream; beyond the limit nothing is written.
CLAIM = """
local sum = tonumber(ARGV[3])
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if key ~= ARGV[1] then
    if redis.call('EXISTS', key) == 1 then
      sum = sum + (tonumber(redis.call('HGET', key, ARGV[2])) or 0)
    else
      redis.call('SREM', KEYS[1], key)
    end
  end
end
if sum <= tonumber(ARGV[4]) then
  redis.call('SADD', KEYS[1], ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return sum"""

log = structlog.get_logger()


class Accounting:
    """`claim` and `release` one stream of a user. While Valkey is `away` only this process counts. `key`: of its hash."""

    def __init__(self, client: Redis) -> None:
        self._valkey = client
        self.key = f"{PREFIX}:{secrets.token_hex(8)}"
        self._claim = client.register_script(CLAIM)
        self._here: Counter[str] = Counter()
        self._untold: set[str] = set()
        self.away = False
        self._flushing: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._renewing = asyncio.create_task(self._renew_for_ever(), name="stream accounting")

    async def stop(self) -> None:
        """What this process had is given back at once."""
        tasks = [task for task in (self._renewing, self._flushing) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self.away:
            await valkey.guarded(self._valkey.delete(self.key), "stream_accounting")

    async def claim(self, user: str, limit: int) -> bool:
        """False, and nothing is counted, where the user would have more than `limit` streams. Takes 250 ms at most."""
        self._here[user] += 1
        try:
            total = await self._count(user, limit)
        except BaseException:
            self.release(user)
            raise
        if total > limit:
            self.release(user)
            return False
        return True

    def release(self, user: str) -> None:
        self._here[user] -= 1
        if not self._here[user]:
            del self._here[user]
        self._tell(user)

    async def _count(self, user: str, limit: int) -> int:
        if self.away:
            return self._here[user]
        written = self._here[user]
        arguments = [self.key, user, written, limit, int(LIFE_SECONDS * 1000)]
        answer = await valkey.guarded(self._claim(keys=[PROCESSES, self.key], args=arguments), "stream_accounting")
        if answer is None:
            self._lose()
            return self._here[user]
        if self._here[user] != written:  # another came or went meanwhile, and the order of arrival is anybody's guess
            self._tell(user)
        return int(answer)

    # --- what Valkey knows

    def _lose(self) -> None:
        """Nobody waits 250 ms for Valkey again before the renewal finds it back."""
        self.away = True

    def _tell(self, user: str) -> None:
        self._untold.add(user)
        if self._flushing is None and not self.away:
            self._flushing = asyncio.create_task(self._flush_soon(), name="stream accounting flush")

    async def _flush_soon(self) -> None:
        try:
            while self._untold and not self.away:
                await asyncio.sleep(FLUSH_SECONDS)
                await self._flush()
        except Exception:
            metrics.STREAM_FAILURES.labels("accounting").inc()
            log.exception("stream_accounting_failed")
        finally:
            self._flushing = None

    async def _flush(self) -> None:
        """Absolute counts, so that a repeated or overtaken write is put right by the next."""
        told = {user: self._here[user] for user in islice(self._untold, FIELDS_PER_COMMAND)}
        self._untold.difference_update(told)
        if await self._write(told):
            self._untold.update(user for user, count in told.items() if self._here[user] != count)

    async def _write(self, counts: dict[str, int]) -> bool:
        gone = [user for user, count in counts.items() if not count]
        async with self._valkey.pipeline(transaction=False) as pipe:
            if gone:
                pipe.hdel(self.key, *gone)
            if present := [part for user, count in counts.items() if count for part in (user, count)]:
                pipe.hset(self.key, items=present)
            pipe.pexpire(self.key, int(LIFE_SECONDS * 1000))
            pipe.sadd(PROCESSES, self.key)
            answer = await valkey.guarded(pipe.execute(), "stream_accounting")
        if answer is None:
            self._lose()
        return answer is not None

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._renew()
            except Exception:
                metrics.STREAM_FAILURES.labels("accounting").inc()
                log.exception("stream_accounting_failed")

    async def _renew(self) -> None:
        if not self._here and not self.away:
            return
        renewed = await valkey.guarded(self._valkey.pexpire(self.key, int(LIFE_SECONDS * 1000)), "stream_accounting")
        if renewed is None:
            self._lose()
        elif not renewed or self.away:
            await self._write_all()

    async def _write_all(self) -> None:
        """After an outage or an emptied Valkey: everything that is known here."""
        self._untold.clear()
        await valkey.guarded(self._valkey.delete(self.key), "stream_accounting")
        users = iter(list(self._here))
        self.away = False
        while part := list(islice(users, FIELDS_PER_COMMAND)):
            if not await self._write({user: self._here[user] for user in part}):
                return
