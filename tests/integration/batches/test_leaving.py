"""A request whose task is cancelled (the server stops, a time limit): nothing half-made stays, in the store or the database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from roomtally.accounts.model import UserId
from roomtally.batches.service.forms import BatchForm
from roomtally.batches.service.uploads import UploadLimits, Uploads
from roomtally.db.pool import transaction
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage
from tests.fixtures.batches import Person, World
from tests.fixtures.waiting import until
from tests.fixtures.workers import jpeg
from tests.integration.batches.interleavings import somebody_waits
from tests.integration.batches.taking import Part, allowed, files


@pytest.fixture
def uploads(world: World, settings: Settings) -> Uploads:
    limits = UploadLimits(photo_bytes=25 << 20, quota_bytes=1 << 30, hours=24)
    return Uploads(world.pool, open_storage(settings.storage_url), limits)


async def nothing_stays(world: World, settings: Settings) -> bool:
    async with world.pool.connection() as conn:
        row = await (
            await conn.execute("SELECT (SELECT count(*) FROM uploads) + (SELECT count(*) FROM batches)")
        ).fetchone()
    return row == (0,) and not files(settings)


async def end(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_form_that_is_cancelled_between_two_photos(
    world: World, person: Person, settings: Settings, uploads: Uploads
) -> None:
    reached = asyncio.Event()

    async def parts() -> AsyncIterator[Part]:
        yield Part("photos", "a.jpg", jpeg())
        yield Part("photos", "b.jpg", jpeg())
        reached.set()
        await asyncio.Event().wait()

    form = BatchForm(world.context, uploads, UserId(person.user), None)
    task = asyncio.ensure_future(form.receive(parts(), allowed))
    await reached.wait()
    assert len(files(settings)) == 2
    await end(task)
    assert await nothing_stays(world, settings)


async def test_a_form_that_is_cancelled_in_the_middle_of_a_photo(
    world: World, person: Person, settings: Settings, uploads: Uploads
) -> None:
    async def parts() -> AsyncIterator[Part]:
        yield Part("photos", "a.jpg", jpeg())
        yield Part("photos", "b.jpg", jpeg(), bytes(3 << 20), stalls=True)

    form = BatchForm(world.context, uploads, UserId(person.user), None)
    task = asyncio.ensure_future(form.receive(parts(), allowed))
    await until(lambda: len(files(settings)) >= 2, what="the second photo is not on its way")
    await end(task)
    await until(lambda: nothing_stays(world, settings))


async def test_a_form_that_is_cancelled_while_it_becomes_a_batch(
    world: World, person: Person, settings: Settings, uploads: Uploads
) -> None:
    """The photos are written down already, and the batch waits for its uploads, which somebody holds."""

    async def parts() -> AsyncIterator[Part]:
        yield Part("projectId", None, str(person.project).encode())
        yield Part("photos", "a.jpg", jpeg())

    form = BatchForm(world.context, uploads, UserId(person.user), None)
    async with transaction(world.pool) as holder:
        await holder.execute("SELECT FROM projects FOR UPDATE")  # which the batch's foreign key asks for
        task = asyncio.ensure_future(form.receive(parts(), allowed))
        await until(lambda: somebody_waits(holder), what="the batch does not wait")
        await end(task)
    assert await nothing_stays(world, settings)


async def test_an_upload_that_is_cancelled_while_it_is_written_down(
    world: World, person: Person, settings: Settings, uploads: Uploads
) -> None:
    async with transaction(world.pool) as holder:
        await holder.execute("SELECT FROM users FOR UPDATE")  # which the upload's foreign key asks for
        chunks = aiter(Part("photos", "a.jpg", jpeg()))
        task = asyncio.ensure_future(uploads.receive(UserId(person.user), "a.jpg", chunks, None, None))
        await until(lambda: somebody_waits(holder), what="the upload does not wait")
        assert len(files(settings)) == 1
        await end(task)
    assert await nothing_stays(world, settings)
