"""Snapshots in Valkey, named by the event number that they hold: a stale one cannot be asked for."""

from typing import cast
from uuid import UUID

import redis.asyncio as redis

from roomtally.db.valkey import guarded

TTL_SECONDS = 600  # longer than a page is read again and again; the next number makes it useless anyway


class SnapshotCache:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    async def find(self, batch_id: UUID, epoch: str, n: int) -> bytes | None:
        """The snapshot at event `n`, b"" where there is none, None where Valkey did not answer."""
        return await guarded(self._read(_key(batch_id, epoch, n)), "snapshot_read")

    async def put(self, batch_id: UUID, epoch: str, n: int, body: bytes) -> None:
        await guarded(self._client.set(_key(batch_id, epoch, n), body, ex=TTL_SECONDS), "snapshot_write")

    async def _read(self, key: str) -> bytes:
        return cast("bytes | None", await self._client.get(key)) or b""


def _key(batch_id: UUID, epoch: str, n: int) -> str:
    return f"snap:{batch_id}:{epoch}:{n}"
