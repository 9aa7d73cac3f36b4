"""Snapshot + events, folded by `reduce`, is what SQL says: for random histories and for messages doubled, late and lost."""

import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.events import BatchEvent, Gap, decode_event, reduce
from roomtally.batches.model import FoundItem, Snapshot
from roomtally.batches.store import reads
from roomtally.db.pool import Pool
from tests.fixtures.batches import Batch, Person, World, decode_snapshot, result

LABELS = ["armchair", "bed", "box", "Tisch", "Öfen"]
ROOMS = ["bedroom", "kitchen"]
PHOTOS = 2

photos = st.integers(0, PHOTOS - 1)
items = st.lists(
    st.builds(FoundItem, label=st.sampled_from(LABELS), count=st.integers(1, 3), litres=st.sampled_from([1, 125, 333])),
    max_size=3,
    unique_by=lambda item: item.label,
)
steps = st.one_of(
    st.tuples(st.just("claim"), photos),
    st.tuples(st.just("claim"), photos),
    st.tuples(st.just("done"), photos, items, st.sampled_from(ROOMS)),
    st.tuples(st.just("done"), photos, items, st.sampled_from(ROOMS)),
    st.tuples(st.just("failed"), photos),
    st.tuples(st.just("released"), photos),
    st.tuples(st.just("expired"), photos),
    st.tuples(st.sampled_from(["pause", "resume", "resume", "cancel", "retry-failed"])),
    st.tuples(st.just("retry"), photos),
    st.tuples(st.just("add"), photos, st.sampled_from(LABELS), st.integers(1, 3)),
    st.tuples(st.just("correct"), photos, st.sampled_from([None, *LABELS]), st.integers(0, 3)),
    st.tuples(st.just("correct"), photos, st.none(), st.just(0)),
)
Step = tuple[object, ...]


class History:
    """Plays steps on a batch; what the state forbids is passed over."""

    def __init__(self, world: World, batch: Batch) -> None:
        self.world, self.batch = world, batch
        self.running: dict[object, service.Claimed] = {}
        self.truth: dict[int, Snapshot] = {}
        self.steps: dict[object, Callable[..., Awaitable[object]]] = {
            "claim": self._claim,
            "done": self._done,
            "failed": self._failed,
            "released": self._released,
            "expired": self._expired,
            "pause": partial(self._person, service.pause),
            "resume": partial(self._person, service.resume),
            "cancel": partial(self._person, service.cancel),
            "retry-failed": partial(self._person, service.retry_failed),
            "retry": self._retry,
            "add": self._add,
            "correct": self._correct,
        }

    async def play(self, step: Step) -> None:
        try:
            await self.steps[step[0]](*step[1:])
        except (errors.Conflict, errors.PreconditionFailed):
            return
        snapshot = await self.batch.snapshot()
        self.truth[snapshot.n] = snapshot

    async def _claim(self, photo: int) -> service.Claimed | None:
        claimed = await service.claim_photo(self.world.context, self.batch.photos[photo], worker="test")
        if claimed:
            self.running[photo] = claimed
        return claimed

    async def _take(self, photo: int) -> service.Claimed | None:
        claimed = self.running.get(photo) or await self._claim(photo)
        self.running.pop(photo, None)
        return claimed

    async def _done(self, photo: int, found: Sequence[FoundItem], room: str) -> None:
        if claimed := await self._take(photo):
            assert await service.finish_photo(self.world.context, claimed, result(*found, room=room))

    async def _failed(self, photo: int) -> None:
        if claimed := await self._take(photo):
            assert await service.fail_photo(self.world.context, claimed, "not a photo")

    async def _released(self, photo: int) -> None:
        if claimed := await self._take(photo):
            assert await service.release_photo(self.world.context, claimed)

    async def _expired(self, photo: int) -> None:
        if claimed := await self._take(photo):
            await service.give_up_claim(self.world.context, claimed)
            await service.sweep_once(self.world.context)

    async def _person(self, call: Callable[[service.Context, UUID, UUID], Awaitable[object]]) -> None:
        await call(self.world.context, self.batch.person.user, self.batch.id)

    async def _retry(self, photo: int) -> None:
        await service.retry_photo(self.world.context, self.batch.person.user, self.batch.photos[photo])

    async def _add(self, photo: int, label: str, count: int) -> None:
        user = self.batch.person.user
        await service.add_item(self.world.context, user, self.batch.photos[photo], label=label, count=count, litres=700)

    async def _correct(self, photo: int, label: str | None, count: int) -> None:
        async with self.world.pool.connection() as conn:
            query = "SELECT id, version FROM items WHERE photo_id = %s ORDER BY label LIMIT 1"
            row = await (await conn.execute(query, [self.batch.photos[photo]])).fetchone()
        if row:
            correction = service.Correction(label=label, count=count)
            user = self.batch.person.user
            await service.correct_item(self.world.context, user, row[0], version=row[1], correction=correction)


async def read_events(pool: Pool, batch: UUID) -> list[BatchEvent]:
    async with pool.connection() as conn:
        rows = await reads.read_log(conn, {batch: 0}, 1000)
    return [decode_event(row.n, row.run, row.type, row.payload) for row in rows]


def deliver(first: Snapshot, log: Sequence[BatchEvent], messages: Sequence[BatchEvent]) -> dict[int, Snapshot]:
    """What a viewer shows, by number, who gets `messages` and reads the log where one is missing."""
    state, shown = first, {first.n: first}
    for message in messages:
        try:
            state = reduce(state, message)
        except Gap as gap:
            for event in log[gap.known : gap.n]:
                state = reduce(state, event)
                shown[state.n] = state
        shown[state.n] = state
    return shown


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=15, max_size=40), seed=st.integers(0, 2**32))
async def test_any_delivery_of_any_history_shows_what_the_database_shows(
    shared_world: World, shared_person: Person, history: list[Step], seed: int
) -> None:
    batch = await shared_world.batch(shared_person, PHOTOS)
    first = await batch.snapshot()
    played = History(shared_world, batch)
    for step in history:
        await played.play(step)
    log = await read_events(shared_world.pool, batch.id)
    assert [event.n for event in log] == list(range(1, len(log) + 1))

    shuffled = random.Random(seed)
    messages = sorted(log + log, key=lambda event: event.n + shuffled.uniform(-3, 3))  # doubled and late
    messages = [event for event in messages if shuffled.random() > 0.3] + log[-1:]  # and lost
    shown = deliver(first, log, messages)

    last = await batch.snapshot()
    assert shown[max(shown)] == last
    for n, snapshot in played.truth.items():
        assert shown[n] == snapshot


async def test_the_document_of_the_hub_encodes_to_the_same_snapshot(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 2)
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    document = await feed.snapshot(batch.id)
    assert document is not None
    body = document.progress(None)
    assert decode_snapshot(body) == await batch.snapshot()
    assert body == msgspec.json.format(body, indent=-1)  # as it was read, without the blanks
    await batch.finish(0, [FoundItem(label="bed", count=1, litres=900)])
    await batch.fail(1)
    for event in (await feed.log({batch.id: document.n}))[batch.id]:
        document = document.fold(event)
    assert decode_snapshot(document.progress(None)) == await batch.snapshot()
    stamped = msgspec.json.decode(document.progress(1.5))
    assert stamped.pop("committedAt") == 1500
    assert document.finished
    complete = msgspec.json.decode(document.complete(None))
    assert complete == {key: value for key, value in stamped.items() if key in complete}
    assert complete["inventorySummary"]["totalItems"] == 1
