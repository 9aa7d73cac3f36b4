"""The deploy of tests/e2e/test_drain.py with a drain of 30 s: who comes back when."""

from collections import Counter

import pytest

from tests.fixtures.crowd import deploy, peak_second
from tests.fixtures.place import Place

STREAMS = 2000


@pytest.mark.verify
@pytest.mark.timeout(300)
async def test_with_30_s_of_drain_no_second_sees_a_tenth_of_the_streams_come_back(unlimited: Place) -> None:
    people = await deploy(unlimited, STREAMS, drain_seconds=30.0)
    assert peak_second(people) < STREAMS / 10
    assert len(Counter(int(viewer.back_at) for viewer in people.viewers)) > 28
