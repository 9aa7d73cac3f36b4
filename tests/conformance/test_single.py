"""One batch on a stream, in the default mode: `progress` and `complete`."""

import asyncio
from itertools import pairwise

import pytest

from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, Place, rest, stream_of
from tests.fixtures.sse import SINGLE_ID
from tests.fixtures.viewers import Viewer, without


async def test_id_on_every_state_event_of_a_single_batch_stream(service: Place, owner: Owner, through: Open) -> None:
    batch = await service.world.batch(owner, 2)
    viewer = await through(stream_of(batch))
    await viewer.first()
    await moves.toggle(batch, 2)
    await moves.done(batch)
    await viewer.reach(5)
    for block in viewer.of("progress"):
        assert block.id == block.data["eventId"]
        assert SINGLE_ID.fullmatch(block.id or "")


async def test_progress_with_the_whole_snapshot_for_each_change_while_it_is_small(
    service: Place, owner: Owner, through: Open
) -> None:
    """And what it shows is what REST shows, event number by event number."""
    batch = await service.world.batch(owner, 2)
    viewer = await through(stream_of(batch))
    await viewer.reach(1)
    for n in range(2, 12):
        await (moves.resume if n % 2 else moves.pause)(batch)
        await viewer.reach(n)
        assert without(viewer.of("progress")[-1].data, "committedAt") == await rest(service.webs[0], owner, batch)
    assert viewer.numbers == list(range(1, 12))
    assert all(len(block.raw) < 4096 for block in viewer.of("progress"))


async def test_a_slow_reader_gets_the_newest_not_a_backlog(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 20)
    quick = await watch(stream_of(batch))
    slow = await watch(stream_of(batch), receive_buffer=4096)
    await slow.first()
    slow.stop_reading()
    changes = 250  # of 3.3 KB each: several times what the kernel and the server keep for a stalled viewer
    await moves.toggle(batch, changes)
    await quick.reach(1 + changes)
    slow.read_on()
    await slow.reach(1 + changes)
    assert len(quick.numbers) > 0.9 * changes
    assert len(slow.numbers) < 0.8 * changes
    assert slow.numbers == sorted(set(slow.numbers))
    assert slow.numbers[-1] - slow.numbers[-2] > 0.2 * changes, "the newest follows what was on its way"


async def test_complete_with_the_summary_once_per_run_and_then_the_stream_ends(
    service: Place, owner: Owner, through: Open
) -> None:
    batch = await service.world.batch(owner, 2)
    viewer = await through(stream_of(batch))
    await viewer.first()
    await moves.done(batch, 0)
    await moves.done(batch, 1, [moves.CHAIR])
    await viewer.end()
    assert viewer.events.count("complete") == 1
    assert viewer.events[-1] == "complete"
    last, truth = viewer.of("complete")[0].data, await service.truth(batch.id)
    assert last["inventorySummary"] == truth["inventorySummary"]
    assert last["inventorySummary"]["totalItems"] == 9
    assert (last["status"], last["counts"], last["run"]) == ("COMPLETED", truth["counts"], 1)
    assert last["eventId"] == truth["eventId"]
    folded = Folded()
    for block in viewer.blocks:
        folded.take(block)
    assert folded.state == truth


async def test_complete_is_never_coalesced_away(service: Place, owner: Owner, watch: Watch) -> None:
    """A viewer who takes nothing while run 1 ends and run 2 begins has its `complete` of run 1."""
    batch = await service.world.batch(owner, 20)
    slow, quick = await watch(stream_of(batch), receive_buffer=4096), await watch(stream_of(batch))
    await slow.first()
    slow.stop_reading()
    await moves.toggle(batch, 120)
    await batch.fail(0)
    for place in range(1, 20):
        await moves.done(batch, place)
    await quick.end()
    await moves.retry(batch)
    slow.read_on()
    await slow.end()
    assert slow.events[-1] == "complete"
    assert slow.events.count("complete") == 1
    assert (slow.of("complete")[0].data["run"], slow.of("complete")[0].data["status"]) == (1, "PARTIAL")


async def test_on_a_finished_batch_only_complete_carries_an_id(service: Place, owner: Owner, through: Open) -> None:
    batch = await service.world.batch(owner, 1)
    await moves.done(batch)
    late = await through(stream_of(batch))
    await late.end()
    assert late.events == ["progress", "complete"]
    progress, complete = late.of("progress", "complete")
    assert progress.id is None
    assert complete.id == complete.data["eventId"] == (await service.truth(batch.id))["eventId"]


async def test_who_was_there_sees_the_end_with_an_id_on_complete_only(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    viewer = await watch(stream_of(batch))
    await viewer.first()
    await moves.done(batch)
    await viewer.end()
    finished = [block for block in viewer.of("progress") if block.data["status"] == "COMPLETED"]
    assert finished
    assert all(block.id is None for block in finished)
    assert viewer.blocks[-1].event == "complete"
    assert viewer.blocks[-1].id == viewer.blocks[-1].data["eventId"]


@pytest.mark.parametrize("query", [{}, {"mode": "delta"}], ids=str)
async def test_a_client_whose_socket_died_just_before_complete_does_not_miss_it(
    service: Place, owner: Owner, watch: Watch, query: dict[str, str]
) -> None:
    """Cut behind every block: whatever it has read, its last id brings `complete` or says 204."""
    batch = await service.world.batch(owner, 1)
    viewer = await watch(stream_of(batch, **query))
    await viewer.first()
    await moves.done(batch)
    await viewer.end()
    for read in range(1, len(viewer.blocks) + 1):
        last = next((block.id for block in reversed(viewer.blocks[:read]) if block.id), None)
        had_it = "complete" in [block.event for block in viewer.blocks[:read]]
        again = await watch(stream_of(batch, **query), {"Last-Event-ID": last} if last else {}, web=read % 2)
        await _over(again)
        assert again.status == (204 if had_it else 200)
        assert again.events.count("complete") == (not had_it)


async def _over(viewer: Viewer) -> None:
    await viewer.see(lambda: viewer.ended or viewer.closed)


async def test_changes_come_in_order_and_none_twice(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 4)
    viewers = [await watch(stream_of(batch), web=place % 2) for place in range(6)]
    await asyncio.gather(*[moves.done(batch, place) for place in range(4)])
    for viewer in viewers:
        await viewer.end()
        states = [block.n for block in viewer.of("progress")]
        assert all(earlier < later for earlier, later in pairwise(states)), states
