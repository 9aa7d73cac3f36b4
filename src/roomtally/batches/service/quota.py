"""What a user may keep in the store: what is written down of it, and what is still on its way."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches.store import uploads as store
from roomtally.db.pool import Connection, Pool


class Arriving:
    """The bytes of one photo on their way in; each piece is counted before it is handed on."""

    def __init__(self, chunks: AsyncIterator[bytes], check: Callable[[], None]) -> None:
        self._chunks = chunks
        self._check = check
        self.size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks)
        self.size += len(chunk)
        try:
            self._check()
        except errors.TooLarge:
            self.size = 0  # it will not stay, and what arrives beside it is not refused for its sake
            raise
        return chunk


class Quota:
    """`most` bytes a user. What is written down never exceeds it, whoever writes at the same time.

    What arrives is not written down yet and is counted in this process alone: other processes may take in as much beside it
    before the database refuses it.
    """

    def __init__(self, pool: Pool, most: int) -> None:
        self._pool = pool
        self._most = most
        self._arriving: dict[UserId, set[Arriving]] = {}

    async def check(self, user_id: UserId, more: int) -> int:
        """How much is written down, in bytes. Raises errors.TooLarge where `more` would not fit beside it."""
        async with self._pool.connection() as conn:
            used = await store.get_used_bytes(conn, user_id)
        self._require(used, more)
        return used

    @asynccontextmanager
    async def arriving(
        self, user_id: UserId, chunks: AsyncIterator[bytes], announced: int = 0
    ) -> AsyncGenerator[Arriving]:
        """`chunks`, until they and all that arrives beside them do not fit: then they end with errors.TooLarge.

        Write down what came after the block: counted twice, what fits would be refused.
        """
        used = await self.check(user_id, announced)
        beside = self._arriving.setdefault(user_id, set())
        mine = Arriving(chunks, lambda: self._require(used, sum(one.size for one in beside)))
        beside.add(mine)
        try:
            yield mine
        finally:
            beside.discard(mine)
            if not beside:
                self._arriving.pop(user_id, None)

    async def claim(self, conn: Connection, user_id: UserId, more: int) -> None:
        """In the transaction that writes `more` bytes down: what fits now fits until it ends. Raises errors.TooLarge."""
        await store.lock_room(conn, user_id)
        self._require(await store.get_used_bytes(conn, user_id), more)

    def _require(self, used: int, more: int) -> None:
        if used + more > self._most:
            free = max(self._most - used, 0)
            raise errors.TooLarge(
                "quota-exceeded", f"Your photos may take no more room ({free} bytes are left); delete old batches."
            )
