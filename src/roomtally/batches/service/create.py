"""Making a batch: uploads bound, photos and first event written in one transaction, then hints."""

import hashlib
from collections.abc import Sequence
from uuid import UUID, uuid4

from roomtally import errors
from roomtally.batches.service.context import Context, free_hints, publish
from roomtally.batches.service.reading import Progress, read_progress
from roomtally.batches.store import create
from roomtally.batches.store.moves import Logged
from roomtally.db import idempotency
from roomtally.db.pool import transaction
from roomtally.telemetry import tracing


async def create_batch(
    context: Context,
    *,
    user_id: UUID,
    project_id: UUID,
    uploads: Sequence[UUID],
    idempotency_key: str | None = None,
    fingerprint: bytes | None = None,
) -> Progress:
    """The snapshot of the new batch, or of the one that the same `idempotency_key` made before.

    `fingerprint` tells requests apart that share a key; by default it is made of the project and the uploads.
    Raises Invalid, TooLarge, NotFound (project) and Conflict (an upload that cannot be used, a key used otherwise).
    """
    _require_usable(uploads, context.max_photos)
    fingerprint = fingerprint or _fingerprint(project_id, uploads)
    batch_id, photos, trace = uuid4(), [uuid4() for _ in uploads], tracing.current_traceparent()
    hinted = await free_hints(context) > 0
    events: list[Logged] = []
    async with transaction(context.pool) as conn:
        mine = batch_id
        if idempotency_key is not None:
            mine = await idempotency.claim(conn, user_id, idempotency_key, fingerprint, batch_id)
        if mine == batch_id:
            events = await create.create_batch(
                conn,
                batch_id=batch_id,
                user_id=user_id,
                project_id=project_id,
                uploads=uploads,
                photos=photos,
                hinted=hinted,
                trace=trace,
            )
    await publish(context, events, trace)
    if events and hinted:
        await context.queue.hint(photos, trace)
    return await read_progress(context, user_id, mine)


def _require_usable(uploads: Sequence[UUID], most: int) -> None:
    if not uploads:
        raise errors.Invalid("no-photos", "A batch needs at least one photo; upload one and name it in `uploads`.")
    if len(uploads) > most:
        raise errors.TooLarge(
            "too-many-photos", f"A batch holds {most} photos at most; make several batches of these {len(uploads)}."
        )
    if len(set(uploads)) < len(uploads):
        raise errors.Invalid("upload-repeated", "An upload is named twice; name each once.")


def _fingerprint(project_id: UUID, uploads: Sequence[UUID]) -> bytes:
    return hashlib.sha256(b"".join(part.bytes for part in (project_id, *uploads))).digest()
