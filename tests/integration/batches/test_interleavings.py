"""The meetings of two calls, and that each check finds the rule that was left out."""

from collections.abc import Awaitable, Callable

import pytest
from psycopg import errors as pg_errors

from tests.fixtures import variations
from tests.fixtures.batches import Batch, Person, World
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
