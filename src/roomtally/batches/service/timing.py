"""How long a run of a batch took, and whether that was in time."""

import msgspec

from roomtally.batches.store.moves import Logged, RunTime
from roomtally.telemetry import metrics

DEADLINE_SECONDS = 30.0  # of a run, whatever its size
PHOTO_SECONDS = 2.0  # and for each photo: eight times what one worker needs (0.25 s)
CANCELLED = "CANCELLED"


class _End(msgspec.Struct, frozen=True):
    status: str


def measure_run(event: Logged) -> None:
    """After the commit of a `batch_finished`. A run in which no photo was looked at (a correction) is none to measure."""
    if event.timing is None:
        return
    run = msgspec.json.decode(event.timing, type=RunTime)
    outcome = msgspec.json.decode(event.payload, type=_End).status
    if run.worked or outcome == CANCELLED:
        _count(run, outcome)


def _count(run: RunTime, outcome: str) -> None:
    metrics.BATCHES_FINISHED.labels(outcome).inc()
    metrics.BATCH_SECONDS.labels(outcome).observe(run.seconds)
    if outcome != CANCELLED and not run.paused:
        met = run.seconds <= DEADLINE_SECONDS + PHOTO_SECONDS * run.photos
        metrics.BATCH_DEADLINES.labels("true" if met else "false").inc()
