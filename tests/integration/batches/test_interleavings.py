"""The meetings of two calls, and that each check finds the rule that was left out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from psycopg import errors as pg_errors

from roomtally.batches import service
from roomtally.batches.store import control
from roomtally.db.pool import transaction
from roomtally.telemetry import metrics
from tests.fixtures import variations
from tests.fixtures.batches import Batch, Person, World
from tests.fixtures.waiting import until
from tests.integration.batches import interleavings as meetings

Meeting = Callable[[Batch], Awaitable[list[str]]]


@pytest.mark.parametrize("meeting", meetings.MEETINGS)
async def test_nothing_is_wrong_after_a_meeting(shared_world: World, shared_person: Person, meeting: Meeting) -> None:
    for _ in range(5):
        assert await meeting(await shared_world.batch(shared_person, 2)) == []


@pytest.mark.parametrize(
    ("meeting", "broken"),
    [
        (meetings.claim_against_cancel, variations.claim_unchecked),
        (meetings.claim_against_cancel, variations.claim_not_rolled_back),
        (meetings.claim_against_pause, variations.claim_unchecked),
        (meetings.claim_against_pause, variations.claim_not_rolled_back),
        (meetings.two_last_photos, variations.count_star),
        (meetings.finish_against_retry, variations.count_star),
        (meetings.retry_behind_a_held_photo, variations.retry_backwards),
        (meetings.retry_behind_a_held_photo, variations.retry_as_stored),
    ],
)
async def test_a_broken_rule_is_found(
    shared_world: World,
    shared_person: Person,
    monkeypatch: pytest.MonkeyPatch,
    meeting: Meeting,
    broken: variations.Breaker,
) -> None:
    batch = await shared_world.batch(shared_person, 2)
    broken(monkeypatch)
    try:
        faults = await meeting(batch)
    except pg_errors.IntegrityError as error:  # a CHECK of the schema found it first
        faults = [str(error)]
    assert faults


async def test_a_refused_claim_is_no_error_and_is_counted(shared_world: World, shared_person: Person) -> None:
    def refusals() -> float:
        return metrics.REGISTRY.get_sample_value("roomtally_claims_total", {"outcome": "refused"}) or 0

    batch, before = await shared_world.batch(shared_person, 1), refusals()
    async with transaction(shared_world.pool) as conn:
        await control.pause_batch(conn, batch.id, None)
        claim = asyncio.create_task(service.claim_photo(shared_world.context, batch.photos[0], worker="test"))
        await until(lambda: meetings.somebody_waits(conn))
    assert await claim is None
    assert refusals() == before + 1
