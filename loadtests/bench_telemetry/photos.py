"""Photos of a batch, one after the other as a worker does, in a process of its own; on stdout the CPU seconds of each.

The settings come from the environment, as a worker's do. The engine here finds one sofa at once: what looking costs is the same
with and without telemetry, and fifty times what is to be told.
"""

import asyncio
import io
import json
import os
import sys
import time
from uuid import uuid4

from opentelemetry.trace import SpanKind
from PIL import Image

from loadtests.bench_photo_task import make_batch
from roomtally import settings as configuration
from roomtally import worker
from roomtally.analysis.model import Analysis, Box, Found
from roomtally.batches import tasks
from roomtally.broker import create_broker
from roomtally.db.pool import create_pool
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage, original_key
from roomtally.telemetry import process, tracing

COUNT = int(os.environ.get("PHOTOS", "120"))
WARM_UP = 20  # connections, threads, prepared statements
SOFA = Analysis("living_room", 0.9, (Found("sofa", 1, 0.8, (Box(0, 0, 1, 1),)),))


class Quick:
    name = "quick"

    def analyze(self, image: Image.Image) -> Analysis:
        del image
        return SOFA


async def measure(settings: Settings) -> list[float]:
    """CPU seconds of this process for each photo, its threads included."""
    pool, broker = create_pool(settings.database_url, 3), create_broker(settings.redis_url, "bench")
    context, close = worker.create_context(settings, broker, pool)
    storage = open_storage(settings.storage_url)
    if not await storage.is_marked():
        await storage.mark()
    await pool.open()
    uploads = [uuid4() for _ in range(COUNT)]
    for upload in uploads:
        await storage.put(original_key(upload), _picture())
    hands = tasks.PhotoWorker(tasks.Desk(context, storage, Quick(), settings, "bench", asyncio.Event()))
    spent: list[float] = []
    for photo_id in await make_batch(context, pool, uploads):
        before = time.process_time()
        with tracing.span("process", SpanKind.CONSUMER):  # as the task's own
            await hands.process(photo_id)
        spent.append(time.process_time() - before)
    await close()
    await broker.shutdown()
    return spent[WARM_UP:]


def _picture() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (160, 120), "white").save(body, "JPEG")
    return body.getvalue()


def main() -> None:
    settings = configuration.load(os.environ)
    process.start(settings, "worker")
    sys.stdout.write(json.dumps(asyncio.run(measure(settings))))


if __name__ == "__main__":
    main()
