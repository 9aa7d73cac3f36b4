"""How a stream begins, and how it is refused."""

import time

import httpx
import pytest

from roomtally.streams.accounting import OPERATION
from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.place import Owner, Place, rest, stream_of
from tests.fixtures.viewers import SocketViewer, Viewer

UNKNOWN = "/api/batches/0b6b2a5e-0000-4000-8000-000000000000/stream"


async def test_headers_are_those_of_an_event_stream_that_nobody_may_change_or_keep(
    service: Place, owner: Owner, through: Open
) -> None:
    """Headers: text/event-stream, Cache-Control: no-cache, no-transform, X-Accel-Buffering: no."""
    viewer = await through(stream_of(await service.world.batch(owner, 1)))
    assert viewer.status == 200
    assert viewer.headers["content-type"] == "text/event-stream"
    assert viewer.headers["cache-control"] == "no-cache, no-transform"
    assert viewer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in viewer.headers
    if "server" not in viewer.headers:  # nginx takes it as a word to itself
        assert viewer.headers["x-accel-buffering"] == "no"


async def test_flushed_at_once(service: Place, owner: Owner, through: Open) -> None:
    """Head and first state are there although nothing follows, and each change although none follows it."""
    batch = await service.world.batch(owner, 1)
    viewer = await through(stream_of(batch))
    first = await viewer.first()
    assert first.at - viewer.opened_at < 1
    await moves.pause(batch)
    committed = time.monotonic()
    await viewer.reach(2, timeout=1)
    assert viewer.of("progress")[1].at - committed < 0.5


async def test_retry_comes_first_and_is_jittered_per_connection_from_1_to_3_s(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    retries: list[int | None] = []
    for _ in range(12):
        viewer = await watch(stream_of(batch))
        await viewer.first()
        retries.append(viewer.blocks[0].retry)
        assert all(block.retry is None for block in viewer.blocks[1:])
        viewer.leave()
    assert all(retry is not None and 1000 <= retry <= 3000 for retry in retries)
    assert len(set(retries)) > 8


async def test_then_at_once_progress_with_the_whole_snapshot(service: Place, owner: Owner, through: Open) -> None:
    batch = await service.world.batch(owner, 3)
    await moves.done(batch)
    viewer = await through(stream_of(batch))
    first = await viewer.first()
    assert viewer.blocks[0] == first
    assert first.data == await rest(service.webs[0], owner, batch) == await service.truth(batch.id)


async def test_401_before_the_start(service: Place, owner: Owner, opened: list[Viewer]) -> None:
    path = stream_of(await service.world.batch(owner, 1))
    for headers in ({}, {"Authorization": "Bearer rt_unknown"}, {"Cookie": "roomtally_session=forged"}):
        viewer = SocketViewer()
        opened.append(viewer)
        await viewer.open(service.webs[0].settings.port, path, headers)
        await viewer.see(lambda viewer=viewer: viewer.ended)
        assert viewer.problem[0] == 401


async def test_404_before_the_start_someone_elses_batch_too(service: Place, owner: Owner, watch: Watch) -> None:
    """Existence is not told: the two answers differ in nothing."""
    stranger = await service.owner()
    told: list[bytes] = []
    for path in (UNKNOWN, stream_of(await service.world.batch(stranger, 1))):
        async with httpx.AsyncClient(base_url=service.webs[0].url, headers=owner.bearer) as http:
            answer = await http.get(path)
        assert answer.status_code == 404
        body = answer.json()
        told.append(repr(sorted((name, body[name]) for name in body.keys() - {"traceId", "instance"})).encode())
        viewer = await watch(path)
        await viewer.see(lambda viewer=viewer: viewer.ended)
        assert viewer.problem == (404, "batch-not-found")
    assert told[0] == told[1]


async def test_429_with_retry_after_for_more_than_20_streams_of_a_user_over_all_processes(
    service: Place, owner: Owner, watch: Watch
) -> None:
    path, before = stream_of(await service.world.batch(owner, 1)), outages(service)
    viewers = [await watch(path, web=place % 2) for place in range(20)]
    assert {viewer.status for viewer in viewers} == {200}
    for web in (0, 1):
        while (
            refused := await watch(path, web=web)
        ).status == 200:  # as on a busy machine: each process counts for itself
            assert outages(service) > before, "let in although Valkey was there"
            refused.leave()
        await refused.see(lambda refused=refused: refused.ended)
        assert refused.problem == (429, "too-many-streams")
        assert int(refused.headers["retry-after"]) > 0
    other = await service.owner()
    theirs = await watch(stream_of(await service.world.batch(other, 1)), who=other)
    assert theirs.status == 200
    viewers[0].leave()

    async def again() -> bool:
        return (await watch(path, web=1)).status == 200

    await viewers[1].see(again, what="room for one more, as soon as one has left")


def outages(service: Place) -> float:
    """Calls to Valkey that failed, in both processes."""
    return sum(web.metric(f'roomtally_valkey_errors_total{{operation="{OPERATION}"}}') for web in service.webs)


async def test_a_long_poll_counts_as_a_stream(service: Place, owner: Owner, watch: Watch) -> None:
    """Section 5: long-polls count too."""
    batch = await service.world.batch(owner, 1)
    for _ in range(20):
        await watch(stream_of(batch))
    async with httpx.AsyncClient(base_url=service.webs[1].url, headers=owner.bearer) as http:
        known = (await http.get(f"/api/batches/{batch.id}")).json()["eventId"]
        answer = await http.get(f"/api/batches/{batch.id}", params={"after": known, "wait": "3"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.fixture(scope="module")
def small(service: Place) -> int:
    """The place in `service.webs` of a process that has room for three streams."""
    service.start(process_streams=3)
    return len(service.webs) - 1


async def test_503_with_retry_after_when_the_process_is_full(
    service: Place, owner: Owner, watch: Watch, small: int
) -> None:
    path = stream_of(await service.world.batch(owner, 1))
    for _ in range(3):
        assert (await watch(path, web=small)).status == 200
    refused = await watch(path, web=small)
    await refused.see(lambda: refused.ended)
    assert refused.problem == (503, "streams-full")
    assert int(refused.headers["retry-after"]) > 0
    async with httpx.AsyncClient(base_url=service.webs[small].url, headers=owner.bearer) as http:
        assert (await http.get("/health/ready")).status_code == 200
        assert (await http.get("/api/projects")).status_code == 200
