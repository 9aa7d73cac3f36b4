"""Random histories over real processes, for as long and under as many seeds as one likes: STORM_SECONDS, STORM_SEEDS."""

import os
from pathlib import Path

import pytest

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.model.histories import play

SECONDS = float(os.environ.get("STORM_SECONDS", "40"))
SEEDS = [int(seed) for seed in os.environ.get("STORM_SEEDS", "1 2 3").split()]

pytestmark = [pytest.mark.verify, pytest.mark.timeout(SECONDS + 120)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_viewer_ends_in_the_truth(
    postgres_server: EmbeddedPostgres, database_template: str, valkey_server: EmbeddedValkey, tmp_path: Path, seed: int
) -> None:
    await play(postgres_server, database_template, valkey_server, tmp_path, seed=seed, seconds=SECONDS)
