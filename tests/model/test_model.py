"""A random history over real processes: every viewer's fold ends equal to SQL and never goes backwards. Longer: tests/verify."""

from pathlib import Path

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.model.histories import play

SECONDS = 15.0


async def test_every_viewer_ends_in_the_truth(
    postgres_server: EmbeddedPostgres, database_template: str, valkey_server: EmbeddedValkey, tmp_path: Path
) -> None:
    await play(postgres_server, database_template, valkey_server, tmp_path, seed=1, seconds=SECONDS)
