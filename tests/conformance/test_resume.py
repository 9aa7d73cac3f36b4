"""Coming back: with `Last-Event-ID` or `?after=`, to any process, after any time. Never a gap, never a step back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.batches import Batch
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many
from tests.fixtures.viewers import SocketViewer, Viewer

Forget = Callable[[Place, Batch], Awaitable[None]]


async def known_after(watch: Watch, batch: Batch, mode: str = "delta") -> tuple[str, Folded]:
    """The last id and the state of a viewer who was there for the first event."""
    viewer = await watch(stream_of(batch, mode=mode) if mode else stream_of(batch))
    first = await viewer.first()
    viewer.leave()
    folded = Folded()
    folded.take(first)
    assert first.id
    return first.id, folded


async def forget_nothing(_service: Place, _batch: Batch) -> None:
    """The ring, where the process has one; else the log."""


async def forget_the_log(service: Place, batch: Batch) -> None:
    """As the retention job does after a day."""
    async with service.world.pool.connection() as conn:
        await conn.execute("DELETE FROM batch_events WHERE batch_id = %s", [batch.id])


async def test_delta_mode_gets_the_missed_events(service: Place, owner: Owner, through: Open, watch: Watch) -> None:
    batch = await service.world.batch(owner, 3)
    last, folded = await known_after(watch, batch)
    await moves.done(batch)
    await moves.pause(batch)
    viewer = await through(stream_of(batch, mode="delta"), {"Last-Event-ID": last})
    await viewer.reach(4)
    assert viewer.events == ["change"] * 3
    assert viewer.numbers == [2, 3, 4]
    for block in viewer.blocks:
        folded.take(block)
    assert folded.state == await service.truth(batch.id)


@pytest.mark.parametrize("somebody_stayed", [True, False], ids=["from the ring", "from the log"])
async def test_delta_mode_gets_the_missed_events_from_any_process(
    service: Place, owner: Owner, watch: Watch, *, somebody_stayed: bool
) -> None:
    batch = await service.world.batch(owner, 3)
    last, folded = await known_after(watch, batch)
    if somebody_stayed:
        for web in (0, 1):
            await (await watch(stream_of(batch, mode="delta"), web=web)).first()
    await moves.toggle(batch, 10)
    await moves.done(batch)
    for web in (0, 1):
        viewer = await watch(stream_of(batch, mode="delta"), {"Last-Event-ID": last}, web=web)
        await viewer.reach(13)
        assert viewer.events == ["change"] * 12
        state = Folded(state=folded.state)
        for block in viewer.blocks:
            state.take(block)
        assert state.state == await service.truth(batch.id)


async def test_the_log_gives_what_no_ring_holds_to_any_process_and_on_a_stream_of_many(
    service: Place, owner: Owner, watch: Watch
) -> None:
    """More than the 128 events that are kept for those who stay connected."""
    batch, other = [await service.world.batch(owner, 1) for _ in range(2)]
    last, folded = await known_after(watch, batch)
    await (await watch(stream_of(batch, mode="delta"))).first()
    await moves.toggle(batch, 150)
    await moves.done(batch)
    epoch = last.partition("-")[0]
    for web in (0, 1):
        viewer = await watch(stream_of(batch, mode="delta"), {"Last-Event-ID": last}, web=web)
        await viewer.end()
        assert viewer.events == [*["change"] * 153, "complete"]
        state = Folded(state=folded.state)
        for block in viewer.blocks:
            state.take(block)
        assert state.state == await service.truth(batch.id)
        many = await watch(stream_of_many([batch, other], mode="delta", after=f"v1:{epoch}:1,1"), web=web)
        await many.see(lambda many=many: many.last_id == f"v1:{epoch}:154,1")
        assert many.events == [*["change"] * 153, "complete"]


async def test_or_one_snapshot_where_they_are_gone(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 3)
    last, folded = await known_after(watch, batch)
    await moves.toggle(batch, 4)
    await forget_the_log(service, batch)
    viewer = await watch(stream_of(batch, mode="delta"), {"Last-Event-ID": last})
    await viewer.reach(5)
    assert viewer.events == ["progress"]
    await moves.pause(batch)
    await viewer.reach(6)
    assert viewer.events == ["progress", "change"]
    folded.connect()
    for block in viewer.blocks:
        folded.take(block)
    assert folded.state == await service.truth(batch.id)


@pytest.mark.parametrize("forget", [forget_nothing, forget_the_log])
async def test_default_mode_gets_the_state_of_now(service: Place, owner: Owner, watch: Watch, forget: Forget) -> None:
    batch = await service.world.batch(owner, 3)
    last, _ = await known_after(watch, batch, mode="")
    await moves.toggle(batch, 4)
    await forget(service, batch)
    for web in (0, 1):
        viewer = await watch(stream_of(batch), {"Last-Event-ID": last}, web=web)
        await viewer.reach(5)
        assert viewer.numbers == [5]


async def test_a_viewer_with_nothing_to_catch_up_waits_for_the_next_change(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    last, folded = await known_after(watch, batch)
    viewer = await watch(stream_of(batch, mode="delta"), {"Last-Event-ID": last})
    await moves.pause(batch)
    await viewer.reach(2)
    for block in viewer.blocks:
        folded.take(block)
    assert folded.state == await service.truth(batch.id)
    assert viewer.blocks[0].retry


@pytest.mark.parametrize("mode", ["delta", ""])
async def test_after_is_the_same_for_clients_that_reopen_by_hand(
    service: Place, owner: Owner, watch: Watch, mode: str
) -> None:
    batch = await service.world.batch(owner, 3)
    last, _ = await known_after(watch, batch, mode)
    await moves.toggle(batch, 2)
    query = {"mode": mode} if mode else {}
    by_header = await watch(stream_of(batch, **query), {"Last-Event-ID": last})
    by_query = await watch(stream_of(batch, **query, after=last))
    for viewer in (by_header, by_query):
        await viewer.reach(3)
    assert by_header.events == by_query.events == (["change"] * 2 if mode else ["progress"])


async def test_the_header_wins(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 3)
    old, _ = await known_after(watch, batch)
    await moves.toggle(batch, 2)
    newer, _ = await known_after(watch, batch)
    await moves.toggle(batch, 2)
    viewer = await watch(stream_of(batch, mode="delta", after=old), {"Last-Event-ID": newer})
    await viewer.reach(5)
    assert viewer.numbers == [4, 5]
    viewer = await watch(stream_of(batch, mode="delta", after=newer), {"Last-Event-ID": old})
    await viewer.reach(5)
    assert viewer.numbers == [2, 3, 4, 5]


async def test_204_only_where_the_batch_is_finished_and_the_id_is_its_last(
    service: Place, owner: Owner, through: Open, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    first, _ = await known_after(watch, batch)
    open_ = await through(stream_of(batch), {"Last-Event-ID": first})
    assert open_.status == 200, "not finished"
    await batch.fail()
    await open_.end()
    last = open_.last_id or ""
    seen = await through(stream_of(batch), {"Last-Event-ID": last})
    await over(seen)
    assert (seen.status, seen.blocks) == (204, [])
    by_hand = await through(stream_of(batch, mode="delta", after=last))
    await over(by_hand)
    assert by_hand.status == 204
    not_last = await through(stream_of(batch), {"Last-Event-ID": first})
    await not_last.end()
    assert not_last.events[-1] == "complete"
    await moves.retry(batch)
    reopened = await through(stream_of(batch), {"Last-Event-ID": last})
    assert reopened.status == 200, "opened again"
    assert (await reopened.first()).data["run"] == 2


async def over(viewer: Viewer) -> None:
    await viewer.see(lambda: viewer.ended or viewer.closed)


async def test_who_missed_the_end_of_a_run_and_comes_in_the_next_sees_it_go_on(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    last, folded = await known_after(watch, batch)
    await batch.fail()
    await moves.retry(batch)
    viewer = await watch(stream_of(batch, mode="delta"), {"Last-Event-ID": last})
    await viewer.see(lambda: viewer.numbers[-1:] == [5])
    await moves.done(batch)
    await viewer.end()
    folded.connect()
    for block in viewer.blocks:
        folded.take(block)
    assert folded.state == await service.truth(batch.id)
    assert folded.completed[2] == 1


@pytest.mark.parametrize("mode", ["delta", ""])
async def test_never_a_gap_never_a_step_back_over_many_connections_to_both_processes(
    service: Place, owner: Owner, watch: Watch, mode: str
) -> None:
    batch = await service.world.batch(owner, 12)
    folded, last, connections = Folded(), "", 0
    moving = asyncio.create_task(_move(batch))
    while not folded.is_finished:
        path = stream_of(batch, mode=mode) if mode else stream_of(batch)
        viewer = await watch(path, {"Last-Event-ID": last} if last else {}, web=connections % 2)
        connections += 1
        await viewer.see(lambda viewer=viewer: viewer.blocks or viewer.ended)
        await asyncio.sleep(0.002 * (connections % 5))
        viewer.leave()
        _take(folded, viewer)
        last = viewer.last_id or last
    await moving
    assert folded.state == await service.truth(batch.id)
    assert connections > 10


async def _move(batch: Batch) -> None:
    for place in range(12):
        await moves.done(batch, place)
        await asyncio.sleep(0.02)


def _take(folded: Folded, viewer: SocketViewer) -> None:
    folded.connect()
    for block in viewer.blocks:
        folded.take(block)
