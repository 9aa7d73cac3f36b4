"""What a photo costs a worker beyond decoding and looking at it: claim, fetch, thumbnail, persist, publish.

    python loadtests/bench_photo_task.py [FOLDER] [--rounds 5]

Each photo is looked at twice in turn, bare and as a whole task, so that a busy machine slows both alike. Servers are the embedded
ones with their shipped settings (fsync on), the store is a local folder, the analyzer is the bundled one on one thread.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from importlib import resources
from pathlib import Path
from uuid import UUID, uuid4

from roomtally import worker
from roomtally.analysis import decode
from roomtally.analysis.engines import create_analyzer
from roomtally.batches import service, tasks
from roomtally.broker import create_broker
from roomtally.db.migrate import migrate
from roomtally.db.pool import Pool, create_pool
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage, original_key
from roomtally.telemetry import logs, metrics


async def make_batch(context: service.Context, pool: Pool, uploads: list[UUID]) -> list[UUID]:
    user, project = uuid4(), uuid4()
    async with pool.connection() as conn:
        await conn.execute("INSERT INTO users (id, email, password_hash) VALUES (%s, %s, 'x')", [user, str(user)])
        await conn.execute("INSERT INTO projects (id, user_id, name) VALUES (%s, %s, 'bench')", [project, user])
        for upload in uploads:
            await conn.execute(
                "INSERT INTO uploads (id, user_id, storage_key, filename, content_type, bytes, expires_at)"
                " VALUES (%s, %s, %s, 'room.jpg', 'image/jpeg', 1, now() + interval '1 hour')",
                [upload, user, original_key(upload)],
            )
    progress = await service.create_batch(context, user_id=user, project_id=project, uploads=uploads)
    async with pool.connection() as conn:
        cursor = await conn.execute("SELECT id FROM photos WHERE batch_id = %s ORDER BY position", [progress.batch_id])
        return [row[0] for row in await cursor.fetchall()]


async def measure(settings: Settings, photos: list[bytes]) -> tuple[list[float], list[float]]:
    pool = create_pool(settings.database_url, 3)
    broker = create_broker(settings.redis_url, "bench")
    context, close = worker.create_context(settings, broker, pool)
    storage, analyzer = open_storage(settings.storage_url), create_analyzer(settings)
    await pool.open()
    uploads = [uuid4() for _ in photos]
    for upload, body in zip(uploads, photos, strict=True):
        await storage.put(original_key(upload), body)
    desk = tasks.Desk(context, storage, analyzer, settings, "bench", asyncio.Event())
    hands, bare, whole = tasks.PhotoWorker(desk), list[float](), list[float]()
    for photo_id, body in zip(await make_batch(context, pool, uploads), photos, strict=True):
        started = time.perf_counter()
        analyzer.analyze(decode.decode(body).image)
        between = time.perf_counter()
        await hands.process(photo_id)
        bare.append(between - started)
        whole.append(time.perf_counter() - between)
    await close()
    await broker.shutdown()
    return bare, whole


def read_photos(folder: Path | None, rounds: int) -> list[bytes]:
    source = folder or Path(str(resources.files("interior_photos")))
    photos = [path.read_bytes() for path in sorted(source.rglob("*.jp*g"))]
    return (photos * rounds)[:200]


def main() -> None:
    parser = argparse.ArgumentParser(description="What a photo costs a worker beyond decoding and looking at it.")
    parser.add_argument("folder", nargs="?", type=Path, help="JPEG photos; by default those of the test dependency")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    logs.configure("warning", "auto")
    photos = read_photos(arguments.folder, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's user must be able to walk there
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        valkey.start()
        postgres.start()
        migrate(postgres.url)
        settings = Settings(database_url=postgres.url, redis_url=valkey.url, storage_url=(folder / "photos").as_uri())
        bare, whole = asyncio.run(measure(settings, photos))
        valkey.stop()
        postgres.stop()
    report(bare[1:], whole[1:])  # the first one warms caches, threads and prepared statements


def report(bare: list[float], whole: list[float]) -> None:
    print(f"photos                     {len(bare)}")
    print(f"decode + analyze, median   {statistics.median(bare) * 1000:7.1f} ms")
    print(f"whole task, median         {statistics.median(whole) * 1000:7.1f} ms")
    print(f"beyond the bare work       {(sum(whole) / sum(bare) - 1) * 100:7.1f} %")
    for stage in ("fetch", "decode", "analyze", "thumbnail", "persist"):
        name = "roomtally_photo_stage_duration_seconds"
        total = metrics.REGISTRY.get_sample_value(f"{name}_sum", {"stage": stage}) or 0
        count = metrics.REGISTRY.get_sample_value(f"{name}_count", {"stage": stage}) or 1
        print(f"  {stage:<10} mean          {total / count * 1000:7.1f} ms")


if __name__ == "__main__":
    main()
