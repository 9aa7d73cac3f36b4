"""The random histories of the integration test, longer and under more seeds."""

import pytest

from roomtally.streams.hub import Pace
from tests.integration.streams.chaos import Chaos
from tests.integration.streams.house import House


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(100, 120))
async def test_long_histories_end_in_the_truth(valkey: str, seed: int) -> None:
    house = House(valkey, Pace(sweep_seconds=0.2))
    await house.hub.start()
    try:
        await Chaos(house, seed).run(steps=2000)
    finally:
        await house.close()
