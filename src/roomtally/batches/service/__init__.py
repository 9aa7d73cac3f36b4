"""What can be done with batches. Each call opens its own transaction and tells the bus after the commit."""

from roomtally.batches.service.context import Context, Hints
from roomtally.batches.service.control import cancel, delete, pause, resume, retry_failed, retry_photo
from roomtally.batches.service.corrections import Corrected, add_item, correct_item, remove_item
from roomtally.batches.service.create import create_batch
from roomtally.batches.service.feed import BatchDocument, BatchFeed
from roomtally.batches.service.reading import Progress, get_photo_file, list_batches, open_streams, read_progress
from roomtally.batches.service.sweeping import Files, Purged, Swept, prune_events, purge_once, sweep_once
from roomtally.batches.service.work import (
    Claimed,
    claim_photo,
    fail_photo,
    finish_photo,
    give_up_claim,
    release_photo,
    renew_claim,
)
from roomtally.batches.store.claims import Result
from roomtally.batches.store.corrections import Correction
from roomtally.batches.store.opening import Opened
from roomtally.batches.store.reads import BatchRow, PhotoFile
from roomtally.db.pool import DATABASE_AWAY

__all__ = [
    "DATABASE_AWAY",
    "BatchDocument",
    "BatchFeed",
    "BatchRow",
    "Claimed",
    "Context",
    "Corrected",
    "Correction",
    "Files",
    "Hints",
    "Opened",
    "PhotoFile",
    "Progress",
    "Purged",
    "Result",
    "Swept",
    "add_item",
    "cancel",
    "claim_photo",
    "correct_item",
    "create_batch",
    "delete",
    "fail_photo",
    "finish_photo",
    "get_photo_file",
    "give_up_claim",
    "list_batches",
    "open_streams",
    "pause",
    "prune_events",
    "purge_once",
    "read_progress",
    "release_photo",
    "remove_item",
    "renew_claim",
    "resume",
    "retry_failed",
    "retry_photo",
    "sweep_once",
]
