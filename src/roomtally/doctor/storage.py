"""The photo store: is it there and the right one, does it give back what was put, is there room. A probe is written and removed."""

import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from roomtally import errors
from roomtally.doctor.finding import Finding, fail, ok, warn
from roomtally.settings import GIB, Settings
from roomtally.storage.photos import MARKER, PhotoStorage, open_storage

PART = "storage"
PROBE = bytes(range(256)) * 256  # 64 KiB
LEAST_FREE_BYTES = 2 * GIB  # a form of 200 photos of 10 MB
GIVE_BACK = "Mount the folder, or give the process its credentials; see docs/operations.md, object storage."


async def examine(settings: Settings) -> AsyncGenerator[Finding]:
    folder = folder_of(settings.storage_url)
    if folder and not folder.is_dir():  # opening it would make it
        yield fail(PART, f"{folder} is not there", "Mount it; on the very first start the service makes it.")
        return
    try:
        storage = open_storage(settings.storage_url)
        marked = await storage.is_marked()
        async for finding in _look(storage, marked=marked):
            yield finding
    except errors.Invalid as error:
        yield fail(PART, error.detail, "One looks like file:///srv/photos or s3://bucket.")
    except errors.RoomtallyError as error:
        yield fail(PART, f"does not answer: {error.__cause__ or error.detail}", GIVE_BACK)
    if folder:
        yield _room(folder)


def folder_of(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


async def _look(storage: PhotoStorage, *, marked: bool) -> AsyncGenerator[Finding]:
    if marked:
        yield ok(PART, "has its marker")
    elif await storage.holds_photos():
        yield warn(
            PART, f"holds photos and no marker ({MARKER})", "The next start of a web process makes it; start one."
        )
    else:
        yield fail(
            PART,
            f"has no marker ({MARKER}) and no photos",
            "Is it the right one, and mounted? A new one gets its marker when a web process starts for the first time.",
        )
        return
    if marked or not storage.is_folder:
        yield await _probe(storage)


async def _probe(storage: PhotoStorage) -> Finding:
    """Outside of where photos lie: a probe that is left behind is in nobody's way."""
    key, before = f"doctor/{uuid4()}", time.perf_counter()
    try:
        await storage.put(key, PROBE)
        found = await storage.get(key)
    finally:
        await storage.delete([key])
    took = f"{(time.perf_counter() - before) * 1000:.0f} ms"
    if found != PROBE:
        return fail(PART, "gives back other bytes than were put", "Do not use it; see the health of its disks.")
    return ok(PART, f"a probe was written, read and removed in {took}")


def _room(folder: Path) -> Finding:
    left = shutil.disk_usage(folder).free
    says = f"{left / GIB:.1f} GiB are free in {folder}"
    return ok(PART, says) if left >= LEAST_FREE_BYTES else warn(PART, says, "Give it more room before uploads fail.")
