"""Whether the photo store is the one that the database speaks of."""

from roomtally.batches.service.context import Context
from roomtally.batches.store import uploads
from roomtally.storage.photos import PhotoStorage


async def settle(context: Context, storage: PhotoStorage) -> bool:
    """Mark the store on the first start; whether it is there now.

    A store without a marker is new only where the database knows no photo, or it holds some (it is older than the marker).
    Otherwise it has vanished, and a marker would turn all its photos into lost ones.
    """
    if not await storage.is_marked():
        async with context.pool.connection() as conn:
            is_first = not await uploads.has_uploads(conn)
        if is_first or await storage.holds_photos():
            await storage.mark()
    return await storage.is_there()
