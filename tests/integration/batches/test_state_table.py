"""Every cell of the table in `batches/model.py`, tried through the services and then against the bare statements."""

import re
from collections.abc import Awaitable, Callable
from typing import LiteralString, cast
from uuid import uuid4

import pytest

from roomtally import errors
from roomtally.batches import service
from roomtally.batches.model import Call, Decision, PhotoStatus, State, decide
from roomtally.batches.store import claims, control, corrections, moves
from roomtally.db.pool import Connection, transaction
from tests.fixtures.batches import Person, World, result
from tests.integration.batches.states import Situation, bring_to

P = PhotoStatus


def photo_of(situation: Situation, call: Call) -> PhotoStatus:
    """The status of the photo that the call is about."""
    wanted = {
        Call.RETRY_ERROR: [P.ERROR],
        Call.RETRY_OPEN: [P.PENDING, P.PROCESSING],
        Call.RETRY_DONE: [P.DONE],
        Call.CORRECT_READY: [P.DONE, P.ERROR],
        Call.CORRECT_OPEN: [P.PENDING, P.PROCESSING],
        Call.CLAIM: [P.PENDING],
    }[call]
    return next(status for status in wanted if status in situation.where)


async def make_call(world: World, situation: Situation, call: Call) -> object:
    """The service that does `call`; False or None: refused."""
    context, user, batch = world.context, situation.batch.person.user, situation.batch.id
    simple = {
        Call.PAUSE: service.pause,
        Call.RESUME: service.resume,
        Call.CANCEL: service.cancel,
        Call.RETRY_FAILED: service.retry_failed,
        Call.RETRY_NONE_FAILED: service.retry_failed,
    }
    if call in simple:
        return await simple[call](context, user, batch)
    if call is Call.DELETE:
        await service.delete(context, user, batch)
        return True
    if call is Call.END:
        assert situation.running is not None
        return await service.finish_photo(context, situation.running, result())
    photo = situation.where[photo_of(situation, call)]
    if call is Call.CLAIM:
        return await service.claim_photo(context, photo, worker="test")
    if call in {Call.CORRECT_READY, Call.CORRECT_OPEN}:
        return await service.add_item(context, user, photo, label="bed", count=1, litres=900)
    return await service.retry_photo(context, user, photo)


async def outcome(world: World, situation: Situation, call: Call) -> str:
    """What happened, in the words of the table."""
    before, run = await situation.batch.log(), await run_of(world, situation)
    try:
        answer = await make_call(world, situation, call)
    except errors.NotFound:
        said = "404"
    except errors.Conflict as conflict:
        said = f"409 {conflict.slug}"
    else:
        said = "" if answer else "refused"
    written = len(await situation.batch.log()) - len(before)
    if said:
        return said if not written else f"{said}, and yet {written} events"
    if not written:
        return "no-op"
    return "done, run + 1" if await run_of(world, situation) == run + 1 else "done"


async def run_of(world: World, situation: Situation) -> int:
    async with world.pool.connection() as conn:
        row = await (await conn.execute("SELECT run FROM batches WHERE id = %s", [situation.batch.id])).fetchone()
    assert row is not None
    return row[0]


def cells(call: Call) -> list[State]:
    return [state for state in State if decide(call, state) is not Decision.IMPOSSIBLE]


@pytest.mark.parametrize("call", Call)
async def test_services_do_what_the_table_says(shared_world: World, shared_person: Person, call: Call) -> None:
    for state in cells(call):
        situation = await bring_to(shared_world, shared_person, state, failures=call is not Call.RETRY_NONE_FAILED)
        expected = decide(call, state).value
        assert await outcome(shared_world, situation, call) == expected, f"{call} in {state}"


Force = Callable[[Connection, Situation], Awaitable[object]]
UNLOOKED = cast("LiteralString", re.sub(r"AND \(SELECT b.status .*\n", "\n", claims.CLAIM_PHOTO))


async def force_claim(conn: Connection, situation: Situation) -> object:
    """Without the look before the lock: as if the batch had closed right after it."""
    values = {"photo": situation.where[P.PENDING], "claim": uuid4(), "worker": "t", "lease": 60, "trace": None}
    return await moves.run_move_as(conn, claims.ClaimedRow, UNLOOKED, values | {"trace_id": None})


async def force_retry(conn: Connection, situation: Situation) -> object:
    photos = list(situation.where.values())
    return await control.retry_photos(conn, situation.batch.id, photos, None)


async def force_correction(conn: Connection, situation: Situation) -> object:
    photo = situation.where.get(P.PENDING) or situation.where[P.PROCESSING]
    return await corrections.add_item(conn, photo, uuid4(), label="bed", count=1, litres=1, trace=None)


async def force_end(conn: Connection, situation: Situation) -> object:
    assert situation.running is not None
    return await claims.release_photo(
        conn, situation.running.photo_id, situation.running.claim_id, first=1, longest=1, trace=None
    )


FORCED: dict[Call, Force] = {
    Call.PAUSE: lambda conn, s: control.pause_batch(conn, s.batch.id, None),
    Call.RESUME: lambda conn, s: control.resume_batch(conn, s.batch.id, None),
    Call.CANCEL: lambda conn, s: control.cancel_batch(conn, s.batch.id, None),
    Call.DELETE: lambda conn, s: control.delete_batch(conn, s.batch.person.user, s.batch.id, None),
    Call.RETRY_FAILED: force_retry,
    Call.RETRY_NONE_FAILED: force_retry,
    Call.CORRECT_OPEN: force_correction,
    Call.CLAIM: force_claim,
    Call.END: force_end,
}


@pytest.mark.parametrize("call", FORCED)
async def test_statements_refuse_by_themselves_where_the_table_says_no(
    shared_world: World, shared_person: Person, call: Call
) -> None:
    for state in cells(call):
        if decide(call, state) in {Decision.APPLY, Decision.NEW_RUN}:
            continue
        situation = await bring_to(shared_world, shared_person, state, failures=call is not Call.RETRY_NONE_FAILED)
        before = await situation.batch.log()
        try:
            async with transaction(shared_world.pool) as conn:
                written = await FORCED[call](conn, situation)
        except moves.Refused:
            written = []
        assert written == [], f"{call} in {state}"
        assert await situation.batch.log() == before


async def test_cancelling_while_nothing_runs_finishes_at_once(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 2)
    await service.cancel(shared_world.context, shared_person.user, batch.id)
    assert [kind for _, kind in await batch.log()] == ["batch_created", "batch_cancelling", "batch_finished"]


async def test_a_batch_in_cancelling_ends_cancelled_even_if_its_last_photo_completes_it(
    shared_world: World, shared_person: Person
) -> None:
    batch = await shared_world.batch(shared_person, 1)
    claimed = await batch.claim()
    await service.cancel(shared_world.context, shared_person.user, batch.id)
    assert await service.finish_photo(shared_world.context, claimed, result())
    assert (await batch.snapshot()).status == "CANCELLED"


async def test_the_last_running_photo_of_a_paused_batch_finishes_it(shared_world: World, shared_person: Person) -> None:
    batch = await shared_world.batch(shared_person, 1)
    claimed = await batch.claim()
    await service.pause(shared_world.context, shared_person.user, batch.id)
    assert await service.finish_photo(shared_world.context, claimed, result())
    after = await batch.snapshot()
    assert (after.status, after.paused) == ("COMPLETED", False)
