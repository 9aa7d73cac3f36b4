"""The quota of a user, where much comes at the same moment: to one process and to several."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches.service.forms import BatchForm
from roomtally.batches.service.uploads import UploadLimits, Uploads
from roomtally.settings import Settings
from roomtally.storage.photos import open_storage
from tests.fixtures.batches import Person, World
from tests.fixtures.workers import jpeg
from tests.integration.batches.taking import Part, allowed, files

PHOTO = jpeg()
Process: TypeAlias = Callable[[int], Uploads]


@pytest.fixture
def process(world: World, settings: Settings) -> Process:
    """One more process, where so many photos are all that fits."""

    def start(photos: int) -> Uploads:
        limits = UploadLimits(photo_bytes=25 << 20, quota_bytes=photos * len(PHOTO), hours=24)
        return Uploads(world.pool, open_storage(settings.storage_url), limits)

    return start


async def kept(world: World) -> int:
    [(used,)] = await world.ask("SELECT coalesce(sum(bytes), 0)::int FROM uploads")
    return used


def chunks(*photos: bytes) -> AsyncIterator[bytes]:
    return aiter(Part("photos", "a.jpg", *photos))


async def test_uploads_at_the_same_time_keep_no_more_than_the_quota(
    world: World, person: Person, settings: Settings, process: Process
) -> None:
    """Each of them found room when it was asked first."""
    user = UserId(person.user)
    tries = [process(3).receive(user, "a.jpg", chunks(PHOTO), len(PHOTO), None) for _ in range(16)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    refusals = [end for end in ended if isinstance(end, errors.TooLarge)]
    assert {refusal.slug for refusal in refusals} == {"quota-exceeded"}
    assert (len(refusals), await kept(world)) == (13, 3 * len(PHOTO))
    assert len(files(settings)) == 3


async def test_keys_and_room_are_taken_in_one_order(world: World, person: Person, process: Process) -> None:
    """Else two that share a key and a user would wait for each other."""
    user, uploads = UserId(person.user), process(8)
    tries = [uploads.receive(user, "a.jpg", chunks(PHOTO), None, f"key-{n % 2}") for n in range(8)]
    assert len(set(await asyncio.gather(*tries))) == 2
    assert await kept(world) == 2 * len(PHOTO)


async def test_a_repeat_needs_no_room(world: World, person: Person, settings: Settings, process: Process) -> None:
    """It was the photo itself that filled the quota; what is new is refused."""
    user, uploads = UserId(person.user), process(1)
    first = await uploads.receive(user, "a.jpg", chunks(PHOTO), len(PHOTO), "key")
    assert await uploads.receive(user, "a.jpg", chunks(PHOTO), len(PHOTO), "key") == first
    with pytest.raises(errors.Conflict, match="idempotency-key-reused"):
        await uploads.receive(user, "b.jpg", chunks(PHOTO), len(PHOTO), "key")
    with pytest.raises(errors.TooLarge, match="quota-exceeded"):
        await uploads.receive(user, "a.jpg", chunks(PHOTO), len(PHOTO), "another key")
    assert (await kept(world), len(files(settings))) == (len(PHOTO), 1)


async def test_what_is_on_its_way_counts_and_what_is_refused_does_not(
    world: World, person: Person, settings: Settings, process: Process
) -> None:
    user, uploads = UserId(person.user), process(2)
    there, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PHOTO
        there.set()
        await go_on.wait()

    first = asyncio.create_task(uploads.receive(user, "a.jpg", slow(), None, None))
    await there.wait()
    asked: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for n in range(100):
            asked.append(n)
            yield PHOTO

    with pytest.raises(errors.TooLarge, match="quota-exceeded"):
        await uploads.receive(user, "b.jpg", endless(), None, None)
    assert len(asked) == 2  # refused as its bytes arrived, by those of the other; nothing of either is written down
    await uploads.receive(user, "c.jpg", chunks(PHOTO), None, None)
    go_on.set()
    await first
    assert (await kept(world), len(files(settings))) == (2 * len(PHOTO), 2)


async def test_a_form_of_unknown_size_is_refused_at_the_photo_that_does_not_fit(
    world: World, person: Person, settings: Settings, process: Process
) -> None:
    sent: list[int] = []

    async def parts() -> AsyncIterator[Part]:
        yield Part("projectId", None, str(person.project).encode())
        for n in range(6):
            sent.append(n)
            yield Part("photos", f"{n}.jpg", PHOTO)

    with pytest.raises(errors.TooLarge, match="quota-exceeded"):
        await BatchForm(world.context, process(3), UserId(person.user), None).receive(parts(), allowed)
    assert len(sent) == 4
    assert (await kept(world), files(settings)) == (0, [])


async def test_forms_at_the_same_time_have_one_photo_each_beyond_the_quota_in_the_store(
    world: World, person: Person, settings: Settings, process: Process
) -> None:
    """In two processes, of which neither knows what arrives at the other. They go photo by photo, together."""
    meeting, most = asyncio.Barrier(2), 0

    async def parts() -> AsyncIterator[Part]:
        nonlocal most
        yield Part("projectId", None, str(person.project).encode())
        for n in range(3):
            await asyncio.wait_for(meeting.wait(), 10)
            yield Part("photos", f"{n}.jpg", PHOTO)
            most = max(most, len(files(settings)))

    async def send() -> str:
        try:
            await BatchForm(world.context, process(3), UserId(person.user), None).receive(parts(), allowed)
        except errors.TooLarge as refusal:
            return refusal.slug
        finally:
            await meeting.abort()
        return "made"

    ended = await asyncio.gather(send(), send(), return_exceptions=True)
    assert "quota-exceeded" in ended
    assert most <= 3 + 2
    assert await kept(world) <= 3 * len(PHOTO)


async def test_a_form_with_a_key_keeps_what_its_batch_took(
    world: World, person: Person, settings: Settings, process: Process
) -> None:
    """What counts against the quota, and what keeps the files from being taken for strays; sent again it leaves nothing more."""

    async def parts() -> AsyncIterator[Part]:
        yield Part("projectId", None, str(person.project).encode())
        yield Part("photos", "a.jpg", PHOTO)

    for _ in range(2):
        await BatchForm(world.context, process(3), UserId(person.user), "key").receive(parts(), allowed)
        assert (await kept(world), len(files(settings))) == (len(PHOTO), 1)
