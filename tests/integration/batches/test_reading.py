"""Reading: numbers, cache, lists, files, the start of a stream and what the hub asks."""

import asyncio
import gc
import hashlib
import time
from typing import cast
from uuid import UUID, uuid4

import pytest
import redis.asyncio as redis

from roomtally import errors
from roomtally.accounts.model import Credential, CredentialKind
from roomtally.batches import service
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.streams import bus
from roomtally.streams.ids import EventId
from roomtally.telemetry import metrics
from tests.fixtures.batches import Person, World


def reads_from(source: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_snapshot_reads_total", {"source": source}) or 0


async def sign_in(world: World, person: Person, kind: CredentialKind) -> tuple[UUID, Credential]:
    id_, hashed = uuid4(), hashlib.sha256(uuid4().bytes).digest()
    if kind is CredentialKind.TICKET:
        return await ticket(world, person, hashed, CredentialKind.SESSION)
    async with world.pool.connection() as conn:
        if kind is CredentialKind.SESSION:
            await conn.execute(
                "INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES (%s, %s, %s, now() + interval '1 hour')",
                [id_, person.user, hashed],
            )
        else:
            await conn.execute(
                "INSERT INTO api_tokens (id, user_id, name, token_hash) VALUES (%s, %s, 'script', %s)",
                [id_, person.user, hashed],
            )
    return id_, Credential(kind, hashed)


async def ticket(
    world: World, person: Person, hashed: bytes, of: CredentialKind, seconds: int = 60
) -> tuple[UUID, Credential]:
    """Of a new session or token, whose id is what opening tells."""
    id_, _ = await sign_in(world, person, of)
    async with world.pool.connection() as conn:
        await conn.execute(
            "INSERT INTO stream_tickets VALUES (%s, %s, now() + %s * interval '1 second')", [hashed, id_, seconds]
        )
    return id_, Credential(CredentialKind.TICKET, hashed)


async def test_a_reader_who_knows_the_number_gets_no_body(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    first = await service.read_progress(shared_world.context, shared_person.user, batch.id)
    known = first.event_id
    again = await service.read_progress(shared_world.context, shared_person.user, batch.id, known)
    assert (again.n, again.body) == (1, None)
    await batch.claim()
    newer = await service.read_progress(shared_world.context, shared_person.user, batch.id, known)
    assert newer.n == 2
    assert newer.body is not None
    other_life = EventId("0" * 12, 2)
    assert (
        await service.read_progress(shared_world.context, shared_person.user, batch.id, other_life)
    ).body is not None


async def test_the_second_read_comes_from_the_cache_and_never_a_stale_one(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    before = reads_from("cache"), reads_from("database")
    snapshots = [await batch.snapshot() for _ in range(3)]  # the answer to the creation has filled the cache
    assert (reads_from("cache"), reads_from("database")) == (before[0] + 3, before[1])
    await batch.finish(0)
    newest = await batch.snapshot()
    assert newest.n == 4
    assert {snapshot.n for snapshot in snapshots} == {1}
    assert reads_from("database") == before[1] + 1


async def test_without_valkey_everything_still_reads(
    world: World, person: Person, shared_valkey: EmbeddedValkey
) -> None:
    batch = await world.batch(person, 1)
    shared_valkey.kill()
    try:
        await batch.finish(0)
        assert (await batch.snapshot()).status == "COMPLETED"
    finally:
        shared_valkey.start()


async def test_lists_are_pages_newest_first(shared_world: World, shared_person: Person) -> None:
    made = [await shared_world.batch(shared_person, 1) for _ in range(5)]
    deleted = await shared_world.batch(shared_person, 1)
    await service.delete(shared_world.context, shared_person.user, deleted.id)
    found: list[UUID] = []
    before = None
    while page := await service.list_batches(shared_world.context, shared_person.user, before=before, limit=2):
        found += [row.id for row in page]
        before = page[-1].created_at, page[-1].id
    assert found == [batch.id for batch in made[::-1]]
    assert await service.list_batches(shared_world.context, shared_person.user, project_id=uuid4()) == []


@pytest.mark.parametrize("kind", CredentialKind)
async def test_opening_tells_rights_numbers_and_states_in_the_order_asked(
    shared_world: World, shared_person: Person, kind: CredentialKind
) -> None:
    id_, credential = await sign_in(shared_world, shared_person, kind)
    mine = await shared_world.batch(shared_person, 1)
    theirs = await shared_world.batch(await shared_world.person(), 1)
    await mine.finish(0)
    asked = [theirs.id, mine.id, uuid4()]
    rows = await service.open_streams(shared_world.context, credential, asked)
    assert [(row.batch_id, row.last_event, row.status) for row in rows] == [
        (asked[0], None, None),
        (asked[1], 4, "COMPLETED"),
        (asked[2], None, None),
    ]
    assert {(row.credential_id, row.user_id) for row in rows} == {(id_, shared_person.user)}


async def test_opening_with_what_is_over_is_unauthorized(shared_world: World, shared_person: Person) -> None:
    _, session = await sign_in(shared_world, shared_person, CredentialKind.SESSION)
    _, token = await sign_in(shared_world, shared_person, CredentialKind.TOKEN)
    async with shared_world.pool.connection() as conn:
        await conn.execute("UPDATE sessions SET expires_at = now() WHERE user_id = %s", [shared_person.user])
        await conn.execute("UPDATE api_tokens SET deleted_at = now() WHERE user_id = %s", [shared_person.user])
    unknown = Credential(CredentialKind.SESSION, b"unknown")
    for credential in (session, token, unknown, Credential(CredentialKind.TOKEN, session.token_hash)):
        with pytest.raises(errors.Unauthorized):
            await service.open_streams(shared_world.context, credential, [uuid4()])


@pytest.mark.parametrize("of", [CredentialKind.SESSION, CredentialKind.TOKEN])
async def test_a_ticket_opens_once(shared_world: World, shared_person: Person, of: CredentialKind) -> None:
    batch = await shared_world.batch(shared_person, 1)
    id_, credential = await ticket(shared_world, shared_person, uuid4().bytes, of)
    [opened] = await service.open_streams(shared_world.context, credential, [batch.id])
    assert (opened.credential_id, opened.last_event) == (id_, 1)
    with pytest.raises(errors.Unauthorized, match="invalid-ticket"):
        await service.open_streams(shared_world.context, credential, [batch.id])


async def test_a_ticket_of_what_is_over_opens_nothing(shared_world: World, shared_person: Person) -> None:
    _, late = await ticket(shared_world, shared_person, uuid4().bytes, CredentialKind.SESSION, seconds=0)
    session, of_session = await ticket(shared_world, shared_person, uuid4().bytes, CredentialKind.SESSION)
    token, of_token = await ticket(shared_world, shared_person, uuid4().bytes, CredentialKind.TOKEN)
    async with shared_world.pool.connection() as conn:
        await conn.execute("DELETE FROM sessions WHERE id = %s", [session])
        await conn.execute("UPDATE api_tokens SET deleted_at = now() WHERE id = %s", [token])
    for credential in (late, of_session, of_token):
        with pytest.raises(errors.Unauthorized, match="invalid-ticket"):
            await service.open_streams(shared_world.context, credential, [uuid4()])


async def test_the_sweep_tells_only_what_differs(shared_world: World, shared_person: Person) -> None:
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    session, _ = await sign_in(shared_world, shared_person, CredentialKind.SESSION)
    token, _ = await sign_in(shared_world, shared_person, CredentialKind.TOKEN)
    over = uuid4()
    moved, still, gone = [await shared_world.batch(shared_person, 1) for _ in range(3)]
    await moved.claim()
    await service.delete(shared_world.context, shared_person.user, gone.id)
    sweep = await feed.sweep({moved.id: 1, still.id: 1, gone.id: 1}, [session, token, over])
    assert sweep.changed == {moved.id: 2}
    assert sweep.missing == {gone.id}
    assert sweep.ended == {over}
    assert sweep.epoch == (await still.snapshot()).event_id.partition("-")[0]


async def test_the_sweep_asks_for_credentials_without_topics_and_in_chunks(shared_world: World) -> None:
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    over = uuid4()
    assert (await feed.sweep({}, [over])).ended == {over}
    many = {uuid4(): 1 for _ in range(1200)}
    assert (await feed.sweep(many, [])).missing == set(many)


async def test_other_tasks_run_while_a_long_question_is_written(shared_world: World, shared_person: Person) -> None:
    """By the thread's own CPU: the process may have to wait for its core."""
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    session, _ = await sign_in(shared_world, shared_person, CredentialKind.SESSION)
    asking, longest = asyncio.create_task(feed.sweep({}, [session] * 50_000)), 0.0
    gc.disable()
    try:
        while not asking.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
    finally:
        gc.enable()
    assert not (await asking).ended
    assert longest < 0.005  # all at once took 12 ms


async def test_the_log_of_many_batches_starts_after_what_is_known(shared_world: World, shared_person: Person) -> None:
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    one, two, quiet = [await shared_world.batch(shared_person, 1) for _ in range(3)]
    await one.finish(0)
    await two.claim(0)
    log = await feed.log({one.id: 2, two.id: 0, quiet.id: 1})
    assert [(event.n, event.type) for event in log[one.id]] == [(3, "photo_done"), (4, "batch_finished")]
    assert [event.n for event in log[two.id]] == [1, 2]
    assert quiet.id not in log
    assert all(event.committed_at for event in log[one.id])


async def test_a_deleted_batch_is_a_deleted_document(shared_world: World, shared_person: Person) -> None:
    feed = service.BatchFeed(shared_world.pool, shared_world.context.cache)
    batch = await shared_world.batch(shared_person, 1)
    document = await feed.snapshot(batch.id)
    assert document is not None
    assert not document.deleted
    await service.delete(shared_world.context, shared_person.user, batch.id)
    [event] = (await feed.log({batch.id: 1}))[batch.id]
    assert document.fold(event).deleted
    assert await feed.snapshot(batch.id) is None


async def test_one_message_carries_all_events_of_a_transaction(world: World, person: Person, valkey: str) -> None:
    batch = await world.batch(person, 1)
    client = redis.Redis.from_url(valkey)  # pyright: ignore[reportUnknownMemberType] -- its **kwargs have no type
    async with client, client.pubsub() as listener:
        await listener.subscribe(bus.channel(batch.id))
        await listener.get_message(timeout=1)
        await batch.finish(0)
        heard = [
            cast("dict[str, bytes]", await listener.get_message(timeout=1, ignore_subscribe_messages=True))
            for _ in range(2)
        ]
    messages = [bus.decode(message["data"]) for message in heard]
    assert [[event.type for event in events] for _, events in messages] == [
        ["photo_claimed"],
        ["photo_done", "batch_finished"],
    ]
    assert all(event.committed_at for _, events in messages for event in events)
