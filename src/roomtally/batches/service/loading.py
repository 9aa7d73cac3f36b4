"""Reads that are shared by all who ask while the one before is under way.

After a restart of a process 5,000 streams come at once, on as many batches; one by one each took five round trips.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

AT_ONCE = 25  # in one read: the largest snapshots take 4 ms each in the database, and the first must not wait long for the others

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """`readers` reads at a time: the fewer, the more share one."""

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], readers: int) -> None:
        self._read = read
        self._most = readers
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._reading = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps no task alive

    async def ask(self, key: K) -> V | None:
        """By a read that begins after this call; None where it found nothing. Raises what the read raises."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._reading < self._most:
            self._reading += 1
            task = asyncio.create_task(self._read_all(), name="reads together")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _read_all(self) -> None:
        try:
            await self._read_parts()
        finally:
            self._reading -= (
                1  # here: a task's callbacks come later than those who ask now, and nobody would read for them
            )

    async def _read_parts(self) -> None:
        while part := dict(islice(self._waiting.items(), AT_ONCE)):
            for key in part:
                del self._waiting[key]
            try:
                found = await self._read(list(part))
            except Exception as error:
                for future in _there(part.values()):
                    future.set_exception(error)
            else:
                for key, futures in part.items():
                    for future in _there([futures]):
                        future.set_result(found.get(key))


def _there(asked: Iterable[list["asyncio.Future[V]"]]) -> Iterator["asyncio.Future[V]"]:
    """Of those who have not gone meanwhile."""
    return (future for futures in asked for future in futures if not future.done())
