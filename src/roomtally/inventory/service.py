"""Inventories of a batch and of a whole move, for their owner."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from roomtally.accounts.model import UserId
from roomtally.db.pool import Connection, Pool, transaction
from roomtally.inventory import store
from roomtally.inventory.model import FoundItem, FoundItems, Inventory
from roomtally.inventory.summary import named, summarize


class Inventories:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_batch(self, user_id: UserId, batch_id: UUID) -> Inventory:
        """So far: a running batch has one too. Raises errors.NotFound."""
        async with self._one_moment() as conn:
            return await _inventory(conn, [await store.get_batch(conn, user_id, batch_id)])

    async def of_project(self, user_id: UserId, project_id: UUID) -> Inventory:
        """All batches of the move together. Raises errors.NotFound."""
        async with self._one_moment() as conn:
            return await _inventory(conn, await store.list_batches_of_project(conn, user_id, project_id))

    async def of_photo(self, user_id: UserId, photo_id: UUID) -> FoundItems:
        """What one photo shows and where; nothing while it was not looked at. Raises errors.NotFound."""
        async with self._one_moment() as conn:
            confirmed = await store.is_confirmed(conn, user_id, photo_id)
            return FoundItems(confirmed, [named(found) for found in await store.list_found(conn, photo_id)])

    async def of_item(self, user_id: UserId, item_id: UUID) -> FoundItem:
        """One item as it is now, a removed one with a count of 0. Raises errors.NotFound."""
        async with self._pool.connection() as conn:
            return named(await store.get_found(conn, user_id, item_id))

    @asynccontextmanager
    async def _one_moment(self) -> AsyncGenerator[Connection]:
        async with transaction(self._pool) as conn:
            await store.freeze(conn)
            yield conn


async def _inventory(conn: Connection, batch_ids: list[UUID]) -> Inventory:
    return summarize(await store.list_lines(conn, batch_ids), await store.list_rooms(conn, batch_ids))
