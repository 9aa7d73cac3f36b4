"""Houses that are closed at the end of the test, and that let go of everything."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from roomtally.streams.hub import Pace
from tests.integration.streams.house import House
from tests.integration.streams.ledger import Ledger

Build = Callable[..., Awaitable[House]]


@pytest.fixture
async def build(valkey: str) -> AsyncIterator[Build]:
    """Makes houses with another pace, Valkey or ledger; all are closed at the end."""
    houses: list[House] = []

    async def make(pace: Pace | None = None, url: str = valkey, ledger: Ledger | None = None) -> House:
        house = House(url, pace or Pace(), ledger)
        await house.hub.start()
        houses.append(house)
        return house

    yield make
    for house in houses:
        await house.close()


@pytest.fixture
async def house(build: Build) -> House:
    """With the pace of production, so that no sweep or ping helps a test by chance."""
    return await build()


@pytest.fixture
def three(house: House) -> list[UUID]:
    return [house.ledger.create() for _ in range(3)]
