"""Batches in every state of the table, brought there by calls alone."""

from dataclasses import dataclass
from uuid import UUID

from roomtally.batches import service
from roomtally.batches.model import PhotoStatus, State
from tests.fixtures.batches import Batch, Person, World

DONE, ERROR, PROCESSING = PhotoStatus.DONE, PhotoStatus.ERROR, PhotoStatus.PROCESSING

# How the photos of a batch of 4 end before the last call; those that are not named stay PENDING.
PLANS: dict[State, list[PhotoStatus]] = {
    State.QUEUED: [DONE, ERROR, ERROR, ERROR],
    State.PROCESSING: [DONE, ERROR, PROCESSING],
    State.PAUSED: [DONE, ERROR, PROCESSING],
    State.CANCELLING: [DONE, ERROR, PROCESSING],
    State.CANCELLED: [DONE, ERROR],
    State.COMPLETED: [DONE, DONE, DONE, DONE],
    State.PARTIAL: [DONE, ERROR, ERROR, ERROR],
    State.FAILED: [ERROR, ERROR, ERROR, ERROR],
    State.DELETED: [DONE, ERROR, PROCESSING],
}


@dataclass
class Situation:
    """A batch in a state, with one photo of each status that occurs in it."""

    batch: Batch
    where: dict[PhotoStatus, UUID]
    running: service.Claimed | None


async def bring_to(world: World, person: Person, state: State, *, failures: bool = True) -> Situation:
    """`failures=False`: no photo of it is in ERROR."""
    plan = [status for status in PLANS[state] if failures or status is not ERROR]
    if state is State.QUEUED and not failures:
        plan = []
    batch = await world.batch(person, 4)
    running = await _end_photos(batch, plan)
    await _last_call(world, batch, state, plan)
    where = {PhotoStatus(photo.status): photo.id for photo in await _photos(world, batch)}
    return Situation(batch, where, running)


async def _end_photos(batch: Batch, plan: list[PhotoStatus]) -> service.Claimed | None:
    running = None
    for position, status in enumerate(plan):
        if status is DONE:
            await batch.finish(position)
        elif status is ERROR:
            await batch.fail(position)
        else:
            running = await batch.claim(position)
    return running


async def _last_call(world: World, batch: Batch, state: State, plan: list[PhotoStatus]) -> None:
    user = batch.person.user
    if state is State.QUEUED and plan:  # opened again by a retry, nothing claimed yet
        await service.retry_photo(world.context, user, batch.photos[1])
    if state is State.PAUSED:
        await service.pause(world.context, user, batch.id)
    if state in {State.CANCELLING, State.CANCELLED}:
        await service.cancel(world.context, user, batch.id)
    if state is State.DELETED:
        await service.delete(world.context, user, batch.id)


@dataclass
class Row:
    id: UUID
    status: str


async def _photos(world: World, batch: Batch) -> list[Row]:
    async with world.pool.connection() as conn:
        cursor = await conn.execute("SELECT id, status FROM photos WHERE batch_id = %s", [batch.id])
        return [Row(*row) for row in await cursor.fetchall()]
