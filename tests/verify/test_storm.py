"""The storm holds all invariants, and finds every rule that is left out."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from structlog.testing import capture_logs

from roomtally.batches.service import sweeping
from roomtally.batches.service.context import Context
from roomtally.db.migrate import migrate
from roomtally.embedded.postgres import EmbeddedPostgres
from tests.fixtures import variations
from tests.verify.storm.weather import blow

SECONDS = float(os.environ.get("STORM_SECONDS", "40"))
SEEDS = [int(seed) for seed in os.environ.get("STORM_SEEDS", "1 2").split()]

LONGEST = 5 * SECONDS  # on a machine that is busy with other things
ENOUGH = round(10 * SECONDS)

pytestmark = [pytest.mark.verify, pytest.mark.timeout(LONGEST + 180)]


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """With fsync, as in life; deadlocks are looked for after 50 ms, not after a second."""
    server = EmbeddedPostgres(server_folder / "storm", deadlock_timeout="50ms")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sky(server: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    name = sql.Identifier(f"storm_{abs(hash(request.node.name))}")
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        url = server.url_of(name.as_string().strip('"'))
        migrate(url)
        yield url
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of claims are lost on purpose: as many warnings say nothing."""
    with capture_logs():
        yield


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims of 80 ms ask for a sweeper that gives up hints just as soon."""
    monkeypatch.setattr(sweeping, "STALE_SECONDS", 0.15)


@pytest.mark.parametrize("seed", SEEDS)
async def test_all_invariants_hold(sky: str, valkey: str, seed: int) -> None:
    ledger = await blow(sky, valkey, seed=seed, seconds=SECONDS, enough=ENOUGH * 2, longest=LONGEST)
    assert ledger.wrong == {}, ledger.stats
    assert ledger.stats["batches compared at the end"] > ENOUGH
    assert ledger.stats["snapshots compared"] > ENOUGH


def no_hints_again(patch: pytest.MonkeyPatch) -> None:
    """The sweeper tops up no hints."""

    async def nothing(_context: Context) -> int:
        return 0

    patch.setattr(sweeping, "_top_up_hints", nothing)


@pytest.mark.parametrize(
    "broken",
    [
        variations.claim_unchecked,
        variations.claim_not_rolled_back,
        variations.no_claim_uuid,
        variations.count_star,
        variations.time_of_start,
        variations.attempt_unguarded,
        no_hints_again,
    ],
)
async def test_a_rule_that_is_left_out_is_found(
    sky: str, valkey: str, monkeypatch: pytest.MonkeyPatch, broken: variations.Breaker
) -> None:
    broken(monkeypatch)
    ledger = await blow(sky, valkey, seed=1, seconds=12, patience=2)
    assert ledger.wrong
