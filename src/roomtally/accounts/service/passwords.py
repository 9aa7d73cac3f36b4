"""Argon2id off the event loop, a few at a time. How many may wait for it, `line` decides."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from roomtally import errors

# The first of OWASP's parameter sets that cost 19 MiB; about 20 ms each here. Two at once: 38 MiB and no more,
# and the other cores stay with the streams.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
AT_ONCE = 2

SHORTEST, LONGEST = 10, 1000  # characters

T = TypeVar("T")


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Raises errors.Invalid where the password is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise errors.Invalid("weak-password", f"A password needs {SHORTEST} to {LONGEST} characters.")
        return await self._run(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Takes as long for None (no such user) as for a real hash, so that time does not tell who has an account."""
        right = await self._run(self._check, password_hash or self._nobody, password[:LONGEST])
        return right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args))
