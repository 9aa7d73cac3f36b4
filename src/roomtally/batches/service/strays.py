"""Originals in the store that no row knows: a process was killed between storing a photo and writing it down."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from roomtally import errors
from roomtally.batches.service.context import Context
from roomtally.batches.store import upkeep
from roomtally.telemetry import metrics

PREFIX = "originals/"
OLD = timedelta(hours=24)  # no upload and no form takes as long
ROUND_SECONDS = 24 * 3600.0
AGAIN_SECONDS = 3600.0  # after a store that does not list
FOREIGN_FILES = 100  # unknown files of a page, and more of them than known ones: no crash leaves so many

log = structlog.get_logger()


class Store(Protocol):
    """Where the photos lie."""

    def list_old(self, prefix: str, before: datetime) -> AsyncIterator[list[str]]:
        """Page by page the keys that begin with `prefix` and were last written before `before`."""
        ...

    async def delete(self, keys: Sequence[str]) -> None: ...

    async def delete_halves(self, before: datetime) -> int:
        """Files that were last written before `before` and never finished; returns how many."""
        ...


class Strays:
    """One page of the store a call, all pages in a day: the sweeper has more urgent things to do."""

    def __init__(self, context: Context, store: Store) -> None:
        self._context = context
        self._store = store
        self._pages: AsyncIterator[list[str]] | None = None
        self._rests_until = 0.0

    async def purge_page(self) -> int:
        """How many files were deleted. Never raises because of the store."""
        now = self._context.clock()
        if now < self._rests_until:
            return 0
        before = datetime.fromtimestamp(now, UTC) - OLD
        try:
            if self._pages is None:
                self._count(await self._store.delete_halves(before))
                self._pages = self._store.list_old(PREFIX, before)
            page = await anext(self._pages, None)
            if page is not None:
                return await self._purge(page)
        except errors.Unavailable as error:
            log.warning("strays_not_purged", error=repr(error.__cause__ or error))
            self._rest(now + AGAIN_SECONDS)
        else:
            self._rest(now + ROUND_SECONDS)
        return 0

    def _rest(self, until: float) -> None:
        self._pages, self._rests_until = None, until

    async def _purge(self, page: Sequence[str]) -> int:
        keys = {upload_id: key for key in page if (upload_id := _upload_id(key))}  # what is named otherwise is not ours
        async with self._context.pool.connection() as conn:
            unknown = await upkeep.list_unknown_uploads(conn, list(keys))
        if len(unknown) > max(FOREIGN_FILES, len(keys) - len(unknown)):
            log.error("store_of_another_database", unknown=len(unknown), known=len(keys) - len(unknown))
            return 0
        await self._store.delete([keys[upload_id] for upload_id in unknown])
        self._count(len(unknown))
        return len(unknown)

    def _count(self, deleted: int) -> None:
        metrics.PURGED.labels("file").inc(deleted)
        if deleted:
            log.info("strays_purged", count=deleted)


def _upload_id(key: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(key.removeprefix(PREFIX))
    return None
