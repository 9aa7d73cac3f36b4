"""`?mode=delta`: after the first `progress` each change is a `change`."""

import asyncio

from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.batches import Batch
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, Place, rest, stream_of
from tests.fixtures.sse import Block
from tests.fixtures.viewers import Viewer


def folded_from(blocks: list[Block]) -> Folded:
    folded = Folded()
    for block in blocks:
        folded.take(block)
    return folded


async def test_after_the_first_progress_each_change_is_a_change_with_the_one_photo_that_changed(
    service: Place, owner: Owner, through: Open
) -> None:
    batch = await service.world.batch(owner, 3)
    viewer = await through(stream_of(batch, mode="delta"))
    await viewer.first()
    claimed = await batch.claim(1)
    await viewer.reach(2)
    await moves.pause(batch)
    await viewer.reach(3)
    assert viewer.events == ["progress", "change", "change"]
    claim, hold = viewer.of("change")
    truth = await service.truth(batch.id)
    assert [(photo["id"], photo["status"]) for photo in claim.data["photos"]] == [(str(claimed.photo_id), "PROCESSING")]
    assert (claim.data["type"], hold.data["type"]) == ("photo_claimed", "batch_paused")
    assert hold.data["photos"] == []
    assert hold.data["counts"] == truth["counts"]
    assert (hold.data["status"], hold.data["paused"], hold.data["progress"]) == ("PROCESSING", True, 0)
    assert all(block.id == block.data["eventId"] for block in viewer.of("progress", "change"))
    assert all(block.data["batchId"] == str(batch.id) for block in viewer.blocks)
    assert all(block.data["committedAt"] > 1_700_000_000_000 for block in viewer.of("change"))


async def test_a_change_carries_the_summary_so_far(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 3)
    viewer = await watch(stream_of(batch, mode="delta"))
    await viewer.first()
    await moves.done(batch)
    await viewer.reach(3)
    last = viewer.of("change")[-1].data
    assert (last["totalItems"], last["totalVolume"]) == (5, 1.7)
    assert {(part["room"], part["label"], part["count"]) for part in last["changes"]} == {
        ("bedroom", "sofa", 1),
        ("bedroom", "chair", 4),
    }
    assert folded_from(viewer.blocks).state == await rest(service.webs[0], owner, batch)


async def test_changes_folded_are_what_rest_shows_event_number_by_event_number(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 3)
    viewer = await watch(stream_of(batch, mode="delta"))
    shown = {1: await rest(service.webs[0], owner, batch)}
    for step in (moves.pause, moves.resume, moves.done, moves.pause, moves.resume):
        await step(batch)
        state = await rest(service.webs[1], owner, batch)
        shown[int(state["eventId"].split("-")[1])] = state
    await viewer.reach(max(shown))
    folded = Folded(history={})
    for block in viewer.blocks:
        folded.take(block)
    assert folded.seen == list(range(1, max(shown) + 1))
    assert folded.history
    assert all(folded.history[n] == state for n, state in shown.items())


async def test_the_run_ends_with_complete_in_delta_mode_too(service: Place, owner: Owner, through: Open) -> None:
    batch = await service.world.batch(owner, 2)
    viewer = await through(stream_of(batch, mode="delta"))
    await viewer.first()
    await moves.done(batch, 0)
    await batch.fail(1)
    await viewer.end()
    assert viewer.events[-1] == "complete"
    assert viewer.events.count("complete") == 1
    assert "progress" not in viewer.events[1:]
    assert viewer.of("complete")[0].id == viewer.of("complete")[0].data["eventId"]
    last = viewer.of("complete")[0].n
    assert [block.id for block in viewer.of("change") if block.n == last] == [None], "only `complete` has the last id"
    folded = folded_from(viewer.blocks)
    assert folded.state == await service.truth(batch.id)
    assert folded.completed == {1: 1}


async def test_a_reader_too_far_behind_gets_one_progress_again(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 20)
    quick = await watch(stream_of(batch, mode="delta"))
    slow = await watch(stream_of(batch, mode="delta"), receive_buffer=4096)
    await slow.first()
    slow.stop_reading()
    changes = 1200  # of some 450 bytes each: more than the kernel, the server and the ring of 64 KiB keep
    await moves.toggle(batch, changes)
    await quick.reach(1 + changes, timeout=20)
    slow.read_on()
    await slow.reach(1 + changes)
    assert quick.events == ["progress"] + ["change"] * changes
    assert slow.events.count("progress") == 2
    assert slow.events.count("change") < changes
    assert folded_from(slow.blocks).state == await service.truth(batch.id)


async def test_a_reader_a_little_behind_gets_what_it_missed_and_no_progress(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 20)
    slow = await watch(stream_of(batch, mode="delta"), receive_buffer=4096)
    await slow.first()
    slow.stop_reading()
    await moves.toggle(batch, 60)
    slow.read_on()
    await slow.reach(61)
    assert slow.events == ["progress"] + ["change"] * 60


async def test_both_modes_at_once_end_in_the_same_state(service: Place, owner: Owner, watch: Watch) -> None:
    batch = await service.world.batch(owner, 6)
    viewers = [
        await watch(stream_of(batch, **({"mode": "delta"} if place % 2 else {})), web=place % 2) for place in range(8)
    ]
    await asyncio.gather(*[moves.done(batch, place) for place in range(6)])
    truth = await service.truth(batch.id)
    for viewer in viewers:
        await _ends_in(viewer, truth)


async def _ends_in(viewer: Viewer, truth: dict[str, object]) -> None:
    await viewer.end()
    assert folded_from(viewer.blocks).state == truth


async def test_an_unknown_mode_is_refused(service: Place, owner: Owner, watch: Watch) -> None:
    batch: Batch = await service.world.batch(owner, 1)
    viewer = await watch(stream_of(batch, mode="deltas"))
    await viewer.see(lambda: viewer.ended)
    assert viewer.problem[0] == 400
