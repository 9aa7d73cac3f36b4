"""Snapshots in Valkey, named by the event number that they hold: a stale one cannot be asked for."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from roomtally.db.valkey import Valkey

TTL_SECONDS = 600  # longer than a page is read again and again; the next number makes it useless anyway


class Named(NamedTuple):
    """A snapshot: of which batch, in which life of the database, after which event."""

    batch_id: UUID
    epoch: str
    n: int

    @property
    def key(self) -> str:
        return f"snap:{self.batch_id}:{self.epoch}:{self.n}"


class SnapshotCache:
    def __init__(self, client: Valkey) -> None:
        self._client = client

    async def find(self, names: Sequence[Named]) -> list[bytes] | None:
        """The snapshots, b"" where there is none; None where Valkey did not answer."""
        found = await self._client.guarded(self._read([name.key for name in names]), "snapshot_read")
        return None if found is None else [body or b"" for body in found]

    async def put(self, bodies: Mapping[Named, bytes]) -> None:
        await self._client.guarded(self._write(bodies), "snapshot_write")

    async def _read(self, keys: list[str]) -> list[bytes | None]:
        return cast("list[bytes | None]", await self._client.mget(keys))

    async def _write(self, bodies: Mapping[Named, bytes]) -> None:
        async with self._client.pipeline(transaction=False) as pipe:
            for name, body in bodies.items():
                pipe.set(name.key, body, ex=TTL_SECONDS)
            await pipe.execute()
