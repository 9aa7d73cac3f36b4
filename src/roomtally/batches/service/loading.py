"""Snapshots for topics that are opened at once: all that ask while a read runs share the next one.

After a restart of a process with 5,000 streams on as many batches, one by one took four round trips each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from uuid import UUID

from roomtally.batches.service.reading import Progress

AT_ONCE = 25  # in one read: the largest take 4 ms each in the database, and the first must not wait long for the others
READERS = 4  # connections that loading may take of the pool's eight

Read = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Progress]]]


class Loads:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._waiting: dict[UUID, asyncio.Future[Progress | None]] = {}
        self._readers: set[asyncio.Task[None]] = set()

    async def load(self, batch_id: UUID) -> Progress | None:
        """By a read that begins after this call. None: not there or deleted. Raises what the read raises."""
        future = self._waiting.get(batch_id)
        if future is None:
            future = self._waiting[batch_id] = asyncio.get_running_loop().create_future()
        if len(self._readers) < READERS:
            task = asyncio.create_task(self._read_all(), name="snapshots")
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)
        return await asyncio.shield(future)

    async def _read_all(self) -> None:
        while part := dict(islice(self._waiting.items(), AT_ONCE)):
            for batch_id in part:
                del self._waiting[batch_id]
            try:
                found = await self._read(list(part))
            except Exception as error:
                for future in part.values():
                    future.set_exception(error)
                    future.exception()  # whoever asked may have gone
            else:
                for batch_id, future in part.items():
                    future.set_result(found.get(batch_id))
