from itertools import product

import pytest

from roomtally.batches.model import (
    FINISHED,
    BatchStatus,
    Call,
    Decision,
    PhotoStatus,
    State,
    decide,
    retry_call,
    state_of,
)

PERSONS_CALLS = [call for call in Call if call not in {Call.CLAIM, Call.END}]


@pytest.mark.parametrize("call", PERSONS_CALLS)
def test_a_deleted_batch_is_not_there_for_a_person(call: Call) -> None:
    assert decide(call, State.DELETED) is Decision.NOT_FOUND


@pytest.mark.parametrize(("call", "state"), list(product(Call, State)))
def test_only_a_finished_batch_starts_a_new_run(call: Call, state: State) -> None:
    finished = state.value in FINISHED
    if decide(call, state) is Decision.NEW_RUN:
        assert finished
    if decide(call, state) is Decision.APPLY and call is not Call.DELETE:
        assert not finished


def test_a_cancelled_batch_takes_corrections_and_the_deletion_only() -> None:
    done = {call for call in Call if decide(call, State.CANCELLED) in {Decision.APPLY, Decision.NEW_RUN}}
    assert done == {Call.CORRECT_READY, Call.DELETE}


def test_no_claims_while_paused_cancelling_or_over() -> None:
    assert {state for state in State if decide(Call.CLAIM, state) is Decision.APPLY} == {State.QUEUED, State.PROCESSING}


def test_pausing_hides_the_status_that_it_came_from() -> None:
    assert state_of(BatchStatus.QUEUED, paused=True) is State.PAUSED
    assert state_of(BatchStatus.PROCESSING, paused=False) is State.PROCESSING


def test_the_retry_of_one_photo_depends_on_its_status() -> None:
    assert {status: retry_call(status) for status in PhotoStatus} == {
        PhotoStatus.PENDING: Call.RETRY_OPEN,
        PhotoStatus.PROCESSING: Call.RETRY_OPEN,
        PhotoStatus.DONE: Call.RETRY_DONE,
        PhotoStatus.ERROR: Call.RETRY_ERROR,
    }
