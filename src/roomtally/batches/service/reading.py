"""Reading batches: the snapshot by way of its number and the cache, lists, files, and what opens a stream."""

from collections.abc import Container, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from roomtally import errors
from roomtally.accounts.model import Credential, CredentialKind
from roomtally.accounts.service.sessions import not_signed_in
from roomtally.batches import events
from roomtally.batches.cache import Named, SnapshotCache
from roomtally.batches.service.context import Context
from roomtally.batches.service.loading import Together
from roomtally.batches.store import opening, reads
from roomtally.batches.store.opening import Opened
from roomtally.batches.store.reads import BatchRow, PhotoFile
from roomtally.db.pool import Pool
from roomtally.streams.ids import EventId
from roomtally.telemetry import metrics


class Progress(msgspec.Struct, frozen=True):
    """The snapshot of a batch after event `n` as JSON; `body` is None where the reader knows it already."""

    batch_id: UUID
    user_id: UUID
    n: int
    epoch: str
    finished: bool
    body: bytes | None

    @property
    def event_id(self) -> EventId:
        return EventId(self.epoch, self.n)


async def read_progress(context: Context, user_id: UUID, batch_id: UUID, known: EventId | None = None) -> Progress:
    """Raises NotFound where it is not there, deleted or somebody else's."""
    async with context.pool.connection() as conn:
        head = await reads.find_head(conn, batch_id)
    if head is None or head.user_id != user_id:
        raise batch_not_found()
    if known == EventId(head.epoch, head.n):
        return Progress(batch_id, head.user_id, head.n, head.epoch, head.finished, None)
    progress = (await load_at(context.pool, context.cache, [head])).get(batch_id)
    if progress is None:
        raise batch_not_found()
    return progress


async def read_opened(
    context: Context, credential: Credential, batch_id: UUID, known: Container[EventId] = ()
) -> tuple[Progress, UUID]:
    """As read_progress, with the session checked in the same query: what is asked again and again costs one round trip.

    `known`: the versions that the reader has. Also returns the id of the credential. Raises Unauthorized, NotFound.
    """
    [opened] = await open_streams(context, credential, [batch_id])
    if opened.last_event is None:
        raise batch_not_found()
    head = reads.Head(batch_id, opened.last_event, opened.epoch, opened.user_id, bool(opened.finished))
    if EventId(head.epoch, head.n) in known:
        return Progress(batch_id, head.user_id, head.n, head.epoch, head.finished, None), opened.credential_id
    progress = (await load_at(context.pool, context.cache, [head])).get(batch_id)
    if progress is None:
        raise batch_not_found()
    return progress, opened.credential_id


async def load(pool: Pool, cache: SnapshotCache, batch_ids: Sequence[UUID]) -> dict[UUID, Progress]:
    """Whoever they belong to. Without those that are not there or deleted."""
    async with pool.connection() as conn:
        heads = await reads.list_heads(conn, batch_ids)
    return await load_at(pool, cache, heads)


async def load_at(pool: Pool, cache: SnapshotCache, heads: Sequence[reads.Head]) -> dict[UUID, Progress]:
    """The snapshots at `heads` or, where they are not cached, newer ones."""
    if not heads:
        return {}
    cached = await cache.find([Named(head.batch_id, head.epoch, head.n) for head in heads])
    found = {
        head.batch_id: Progress(head.batch_id, head.user_id, head.n, head.epoch, head.finished, body)
        for head, body in zip(heads, cached or (), strict=cached is not None)
        if body
    }
    metrics.SNAPSHOT_READS.labels("cache").inc(len(found))
    missing = [head.batch_id for head in heads if head.batch_id not in found]
    if missing:
        read = await _read(pool, missing)
        if cached is not None:  # else Valkey does not answer: once is enough to wait for it
            await cache.put({Named(p.batch_id, p.epoch, p.n): p.body for p in read if p.body})
        found |= {progress.batch_id: progress for progress in read}
    return found


async def _read(pool: Pool, batch_ids: Sequence[UUID]) -> list[Progress]:
    metrics.SNAPSHOT_READS.labels("database").inc(len(batch_ids))
    async with pool.connection() as conn:
        rows = await reads.list_snapshots(conn, batch_ids)
    return [
        Progress(row.batch_id, row.user_id, row.n, row.epoch, row.finished, bytes(events.compact(row.body)))
        for row in rows
    ]


async def list_batches(
    context: Context,
    user_id: UUID,
    *,
    project_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[BatchRow]:
    async with context.pool.connection() as conn:
        return await reads.list_batches(conn, user_id, project_id, before, limit)


async def get_photo_file(context: Context, user_id: UUID, photo_id: UUID) -> PhotoFile:
    """Raises NotFound where it is not there, deleted or somebody else's."""
    async with context.pool.connection() as conn:
        return await reads.get_photo_file(conn, user_id, photo_id)


async def open_streams(context: Context, credential: Credential, batch_ids: Sequence[UUID]) -> list[Opened]:
    """One row a batch, in order. Raises Unauthorized where the credential is not known, over or revoked."""
    async with context.pool.connection() as conn:
        [rows] = await opening.open_streams(
            conn, credential.kind, [opening.Ask(credential.token_hash, tuple(batch_ids))]
        )
    return _known(credential, rows)


class Openings:
    """The same for streams, which come by the thousand: those who come while a query runs share the next one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        kinds = (CredentialKind.SESSION, CredentialKind.TOKEN)
        self._together = {kind: Together(partial(self._read, kind), readers=2) for kind in kinds}

    async def open(self, credential: Credential, batch_ids: Sequence[UUID]) -> list[Opened]:
        """One row a batch, in order. Raises Unauthorized. A ticket is asked for alone: it opens one stream."""
        together = self._together.get(credential.kind)
        if together is None:
            return await open_streams(self._context, credential, batch_ids)
        return _known(credential, await together.ask(opening.Ask(credential.token_hash, tuple(batch_ids))))

    async def _read(self, kind: CredentialKind, asks: Sequence[opening.Ask]) -> dict[opening.Ask, list[Opened]]:
        async with self._context.pool.connection() as conn:
            return dict(zip(asks, await opening.open_streams(conn, kind, asks), strict=True))


def _known(credential: Credential, rows: list[Opened] | None) -> list[Opened]:
    if not rows:
        raise not_signed_in(credential)
    return rows


def batch_not_found() -> errors.NotFound:
    return errors.NotFound("batch-not-found", "There is no such batch.")
