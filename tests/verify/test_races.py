"""A thousand rounds of each race: held at the critical point, and free with random head starts; and the lock orders."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg_errors
from psycopg import sql
from structlog.testing import capture_logs

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.store import control
from roomtally.db.migrate import migrate
from roomtally.db.pool import Connection, Pool, create_pool, transaction
from roomtally.embedded.postgres import EmbeddedPostgres
from tests.fixtures import variations
from tests.fixtures.batches import Batch, Person, World, result
from tests.integration.batches import interleavings as meetings

ROUNDS = 1000

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.mark.parametrize("meeting", meetings.MEETINGS)
async def test_a_thousand_meetings(
    shared_world: World, shared_person: Person, meeting: Callable[[Batch], Awaitable[list[str]]]
) -> None:
    for _ in range(ROUNDS):
        assert await meeting(await shared_world.batch(shared_person, 2)) == []


# --- free races: nobody holds anybody; whatever the order was, the end must be one that some order explains ----------------


async def at_once(*calls: Awaitable[object]) -> list[object]:
    """All calls, each up to 2 ms late, with what they returned or what the product raised."""

    async def late(call: Awaitable[object]) -> object:
        await asyncio.sleep(random.random() * 0.002)
        try:
            return await call
        except errors.RoomtallyError as error:
            return error

    return list(await asyncio.gather(*(late(call) for call in calls)))


async def claim_against_cancel(batch: Batch) -> None:
    context, user = batch.world.context, batch.person.user
    claimed, _ = await at_once(
        service.claim_photo(context, batch.photos[0], worker="test"), service.cancel(context, user, batch.id)
    )
    status = (await batch.snapshot()).status
    assert status == ("CANCELLING" if claimed else "CANCELLED")
    if isinstance(claimed, service.Claimed):
        assert await service.finish_photo(context, claimed, result())
    assert (await batch.snapshot()).status == "CANCELLED"


async def two_last_photos(batch: Batch) -> None:
    context = batch.world.context
    claims = [await batch.claim(position) for position in (0, 1)]
    assert await at_once(*(service.finish_photo(context, claim, result()) for claim in claims)) == [True, True]
    snapshot = await batch.snapshot()
    assert (snapshot.status, snapshot.counts.completed) == ("COMPLETED", 2)
    assert [kind for _, kind in await batch.log()].count("batch_finished") == 1


async def finish_against_retry(batch: Batch) -> None:
    context, user = batch.world.context, batch.person.user
    await batch.fail(0)
    last = await batch.claim(1)
    await at_once(service.finish_photo(context, last, result()), service.retry_failed(context, user, batch.id))
    snapshot = await batch.snapshot()
    assert (snapshot.counts.queued, snapshot.counts.completed) == (1, 1)
    assert (snapshot.status, snapshot.run) in {("PROCESSING", 1), ("QUEUED", 2)}


async def one_photo_for_four(batch: Batch) -> None:
    context = batch.world.context
    calls = [service.claim_photo(context, batch.photos[0], worker=str(i)) for i in range(4)]
    assert sum(claimed is not None for claimed in await at_once(*calls)) == 1


async def expiry_against_a_late_finish(batch: Batch) -> None:
    context = batch.world.context
    claimed = await batch.claim(0)
    await service.give_up_claim(context, claimed)
    written, _ = await at_once(service.finish_photo(context, claimed, result()), service.sweep_once(context))
    snapshot = await batch.snapshot()
    assert snapshot.counts.completed == (1 if written else 0)
    assert snapshot.counts.processing == 0


@pytest.mark.parametrize(
    "race",
    [
        claim_against_cancel,
        two_last_photos,
        finish_against_retry,
        one_photo_for_four,
        expiry_against_a_late_finish,
    ],
)
async def test_a_thousand_free_races(
    shared_world: World, shared_person: Person, race: Callable[[Batch], Awaitable[None]]
) -> None:
    for _ in range(ROUNDS):
        batch = await shared_world.batch(shared_person, 2)
        await race(batch)
        assert await meetings.faults_of(batch) == []


# --- lock orders: many rows, the same moment, opposite orders ---------------------------------------------------------------


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """Looks for deadlocks after 20 ms, so that a broken order shows quickly."""
    server = EmbeddedPostgres(server_folder / "races", deadlock_timeout="20ms", fsync="off")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def narrow(server: EmbeddedPostgres, shared_world: World) -> AsyncIterator[World]:
    """A world on that server."""
    name = sql.Identifier(f"narrow_{uuid4().hex}")
    async with await psycopg.AsyncConnection.connect(server.url_of("postgres"), autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
    url = server.url_of(name.as_string().strip('"'))
    migrate(url)
    async with create_pool(url, 8) as pool:
        context = service.Context(
            pool=pool,
            publisher=shared_world.context.publisher,
            queue=shared_world.hints,
            cache=shared_world.context.cache,
        )
        yield World(pool, context, shared_world.hints)


async def deadlocks_of(calls: Sequence[Awaitable[object]]) -> int:
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, (errors.Conflict, pg_errors.DeadlockDetected)):
            raise answer
    return sum(isinstance(answer, pg_errors.DeadlockDetected) for answer in answers)


async def opposite_creations(world: World) -> int:
    person = await world.person()
    found = 0
    for _ in range(25):
        uploads = await world.uploads(person, 200)
        found += await deadlocks_of([world.create(person, uploads), world.create(person, uploads[::-1])])
    return found


async def six_retries(world: World) -> int:
    """All photos failed; six people press retry at once: the batch opens once."""
    batch = await world.batch(await world.person(), 200)
    found = 0
    for _ in range(25):
        await _fail_all(world.pool, batch)
        found += await deadlocks_of(
            [service.retry_failed(world.context, batch.person.user, batch.id) for _ in range(6)]
        )
    snapshot = await batch.snapshot()
    if not found:
        assert (snapshot.counts.queued, snapshot.run) == (200, 26)
    return found


async def retries_against_one_by_one(world: World) -> int:
    """Retries of all against retries of single photos."""
    batch = await world.batch(await world.person(), 100)
    found = 0
    for round_ in range(25):
        await _fail_all(world.pool, batch)
        one = [service.retry_photo(world.context, batch.person.user, batch.photos[round_ + i]) for i in range(3)]
        found += await deadlocks_of([service.retry_failed(world.context, batch.person.user, batch.id), *one])
    return found


async def _fail_all(pool: Pool, batch: Batch) -> None:
    async with transaction(pool) as conn:
        await conn.execute(
            "UPDATE photos SET status = 'ERROR', error = 'x', enqueued_at = NULL WHERE batch_id = %s", [batch.id]
        )
        await conn.execute(
            """UPDATE batches SET pending = 0, failed = total, status = 'FAILED',
                                  finished_at = coalesce(finished_at, now()) WHERE id = %s""",
            [batch.id],
        )


@pytest.mark.parametrize("duel", [opposite_creations, six_retries, retries_against_one_by_one])
async def test_no_deadlock(narrow: World, duel: Callable[[World], Awaitable[int]]) -> None:
    assert await duel(narrow) == 0


def batch_first(patch: pytest.MonkeyPatch) -> None:
    """Retries lock the batch row before the photos."""
    lock_photo = control.lock_photo

    async def both(conn: Connection, user_id: UUID, photo_id: UUID) -> control.LockedPhoto:
        await conn.execute("SELECT 1 FROM batches WHERE user_id = %s FOR NO KEY UPDATE", [user_id])
        return await lock_photo(conn, user_id, photo_id)

    patch.setattr(control, "lock_photo", both)


@pytest.mark.parametrize(
    ("duel", "broken"),
    [
        (opposite_creations, variations.uploads_unordered),
        (six_retries, variations.retry_unordered),
        (retries_against_one_by_one, batch_first),
    ],
)
async def test_a_broken_lock_order_is_found(
    narrow: World,
    monkeypatch: pytest.MonkeyPatch,
    duel: Callable[[World], Awaitable[int]],
    broken: variations.Breaker,
) -> None:
    broken(monkeypatch)
    assert await duel(narrow) > 0
