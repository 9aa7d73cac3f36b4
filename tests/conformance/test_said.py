"""What the OpenAPI document says of events is what streams carry: all fields, and no other."""

from typing import Any

import httpx
import msgspec
import pytest

from roomtally.batches.routes import said
from tests.conformance import moves
from tests.conformance.conftest import Watch
from tests.fixtures.batches import Batch
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many


def read(name: str, data: Any) -> None:
    """Raises msgspec.ValidationError; fails on a field that is not described."""
    known = msgspec.convert(data, said.BY_NAME[name], strict=True)
    assert msgspec.json.decode(msgspec.json.encode(known)) == data, name


@pytest.fixture
async def batch(service: Place, owner: Owner) -> Batch:
    return await service.world.batch(owner, 2)


@pytest.mark.parametrize("mode", [{}, {"mode": "delta"}], ids=str)
async def test_each_event_is_as_it_is_described(
    service: Place, owner: Owner, watch: Watch, batch: Batch, mode: dict[str, str]
):
    other = await service.world.batch(owner, 1)
    single = await watch(stream_of(batch, **mode))
    many = await watch(stream_of_many([batch, other], **mode))
    await moves.pause(batch)
    await moves.resume(batch)
    await batch.finish(0)
    await batch.fail(1)
    await single.end()
    async with httpx.AsyncClient(base_url=service.webs[0].url, headers=owner.bearer) as http:
        assert (await http.delete(f"/api/batches/{other.id}")).status_code == 204
    await many.see(lambda: "error" in many.events and "complete" in many.events)
    seen = {block.event for viewer in (single, many) for block in viewer.blocks if block.event}
    assert seen >= {"progress", "complete", "error"} | ({"change"} if mode else set())
    for viewer in (single, many):
        for block in viewer.blocks:
            if block.event:
                read(block.event, block.data)
