"""Many batches on one stream: shared frames, one id for all of them, errors of their own, runs."""

import re

import pytest

from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.batches import Batch
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many
from tests.fixtures.viewers import Viewer
from tests.fixtures.weather import silent_bus

UNKNOWN = "0b6b2a5e-0000-4000-8000-000000000000"
MODES: list[dict[str, str]] = [{}, {"mode": "delta"}]


@pytest.fixture
async def batches(service: Place, owner: Owner) -> list[Batch]:
    return [await service.world.batch(owner, 2) for _ in range(3)]


def vector(viewer: Viewer) -> list[int]:
    """The numbers of the last id, in the order of the URL."""
    match = re.fullmatch(r"v1:[0-9a-f]{12}:([\d,]+)", viewer.last_id or "")
    return [int(n) for n in match[1].split(",")] if match else []


def fold(viewer: Viewer) -> dict[str, Folded]:
    folded: dict[str, Folded] = {}
    for block in viewer.blocks:
        if block.event in {"progress", "change", "complete"}:
            folded.setdefault(block.data["batchId"], Folded()).take(block)
    return folded


@pytest.mark.parametrize("mode", MODES, ids=str)
async def test_frames_without_id_whose_data_names_the_batch_and_each_flush_ends_with_the_id_of_all(
    service: Place, batches: list[Batch], through: Open, mode: dict[str, str]
) -> None:
    viewer = await through(stream_of_many(batches, **mode))
    await viewer.see(lambda: vector(viewer) == [1, 1, 1])
    for number, expected in enumerate(([1, 2, 1], [1, 3, 1]), 2):
        await (moves.resume if number % 2 else moves.pause)(batches[1])
        await viewer.see(lambda expected=expected: vector(viewer) == expected)
    await moves.pause(batches[0])
    await viewer.see(lambda: vector(viewer) == [2, 3, 1])
    ids = {str(batch.id) for batch in batches}
    for block in viewer.blocks:
        assert (block.event != "") == (block.id is None), block
        assert block.event in {"", "ping"} or block.data["batchId"] in ids
    assert viewer.blocks[-1].event == "", "a flush ends with its id"
    assert viewer.events[3:] == ["change" if mode else "progress"] * 3
    states = fold(viewer)
    for batch in batches:
        assert states[str(batch.id)].state == await service.truth(batch.id)


async def test_the_id_never_runs_ahead_of_what_was_sent(service: Place, batches: list[Batch], watch: Watch) -> None:
    """Else a socket that dies behind it would lose an event."""
    viewer = await watch(stream_of_many(batches, mode="delta"))
    for batch in batches:
        await moves.toggle(batch, 20)
    await viewer.see(lambda: vector(viewer) == [21, 21, 21])
    known = dict.fromkeys([str(batch.id) for batch in batches], 0)
    for block in viewer.blocks:
        if block.event in {"progress", "change"}:
            known[block.data["batchId"]] = block.n
        elif block.id:
            assert list(known.values()) == [int(n) for n in block.id.rpartition(":")[2].split(",")]


async def test_in_the_order_of_the_url(service: Place, batches: list[Batch], watch: Watch) -> None:
    await moves.toggle(batches[2], 5)
    forwards = await watch(stream_of_many(batches))
    backwards = await watch(stream_of_many(batches[::-1]))
    await forwards.see(lambda: vector(forwards) == [1, 1, 6])
    await backwards.see(lambda: vector(backwards) == [6, 1, 1])


async def test_retry_comes_first_here_too(batches: list[Batch], watch: Watch) -> None:
    viewer = await watch(stream_of_many(batches))
    await viewer.first()
    assert 1000 <= (viewer.blocks[0].retry or 0) <= 3000


async def test_a_batch_that_is_gone_or_not_yours_is_an_error_and_the_others_go_on(
    service: Place, batches: list[Batch], through: Open
) -> None:
    stranger = await service.owner()
    theirs = await service.world.batch(stranger, 1)
    path = f"/api/stream?batch={UNKNOWN}&batch={batches[0].id}&batch={theirs.id}"
    viewer = await through(path)
    await viewer.see(lambda: len(viewer.of("error")) == 2 and viewer.of("progress") and viewer.last_id)
    assert {block.data["batchId"] for block in viewer.of("error")} == {UNKNOWN, str(theirs.id)}
    told = [{name: data[name] for name in data.keys() - {"batchId"}} for data in (b.data for b in viewer.of("error"))]
    assert told[0] == told[1], "existence is not told"
    assert told[0]["code"]
    assert told[0]["message"]
    assert told[0]["retryable"] is False
    assert len(vector(viewer)) == 3
    await moves.pause(batches[0])
    await viewer.see(lambda: viewer.numbers[-1:] == [2])
    assert not viewer.ended


async def test_a_batch_deleted_meanwhile_is_an_error_and_the_others_go_on(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    viewer = await watch(stream_of_many(batches))
    await viewer.see(lambda: len(viewer.numbers) == 3)
    await moves.delete(batches[1])
    error = await viewer.first("error", timeout=5)
    assert (error.data["batchId"], error.data["code"]) == (str(batches[1].id), "batch-deleted")
    await moves.pause(batches[2])
    await viewer.see(lambda: viewer.numbers[-1:] == [2])
    assert not viewer.ended


async def test_404_only_if_none_is_readable(service: Place, batches: list[Batch], watch: Watch) -> None:
    stranger = await service.owner()
    theirs = await service.world.batch(stranger, 1)
    for path in (stream_of_many([theirs]), f"/api/stream?batch={UNKNOWN}&batch={theirs.id}"):
        viewer = await watch(path)
        await viewer.see(lambda viewer=viewer: viewer.ended)
        assert viewer.problem == (404, "batch-not-found")
    viewer = await watch(stream_of_many([theirs, batches[0]]))
    assert viewer.status == 200


async def test_the_batches_of_a_stream_are_1_to_100_and_each_named_once(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    refused = [
        "/api/stream",
        "/api/stream?batch=7",
        stream_of_many([batches[0], batches[0]]),
        "/api/stream?" + "&".join(f"batch=0b6b2a5e-0000-4000-8000-{n:012d}" for n in range(101)),
    ]
    for path in refused:
        viewer = await watch(path)
        await viewer.see(lambda viewer=viewer: viewer.ended)
        assert viewer.problem[0] == 400, path


async def test_complete_per_batch_and_run_and_the_stream_goes_on(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    for mode in MODES:
        mine = [await service.world.batch(batches[0].person, 1) for _ in range(2)]
        viewer = await watch(stream_of_many(mine, **mode))
        await viewer.see(lambda viewer=viewer: len(viewer.numbers) == 2)
        await moves.done(mine[0])
        await viewer.first("complete")
        await mine[1].fail()
        await viewer.see(lambda viewer=viewer: len(viewer.of("complete")) == 2)
        assert [block.data["batchId"] for block in viewer.of("complete")] == [str(batch.id) for batch in mine]
        await moves.retry(mine[1])
        await viewer.see(lambda viewer=viewer, batch=mine[1]: fold(viewer)[str(batch.id)].is_finished is False)
        assert not viewer.ended


@pytest.mark.parametrize("mode", MODES, ids=str)
async def test_a_batch_that_is_opened_again_shows_as_progress_with_the_next_run(
    service: Place, batches: list[Batch], watch: Watch, mode: dict[str, str]
) -> None:
    batch = await service.world.batch(batches[0].person, 1)
    viewer = await watch(stream_of_many([batches[0], batch], **mode))
    await viewer.see(lambda: len(viewer.numbers) == 2)
    await batch.fail()
    await viewer.first("complete")
    await moves.retry(batch)
    await viewer.see(lambda: "progress" in viewer.events[viewer.events.index("complete") :])
    again = viewer.of("progress")[-1].data
    assert (again["batchId"], again["run"], again["status"]) == (str(batch.id), 2, "QUEUED")
    await moves.done(batch)
    await viewer.see(lambda: len(viewer.of("complete")) == 2)
    assert [block.data["run"] for block in viewer.of("complete")] == [1, 2]
    assert fold(viewer)[str(batch.id)].state == await service.truth(batch.id)


async def test_a_finished_batch_on_a_new_stream_is_progress_and_complete(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    batch = await service.world.batch(batches[0].person, 1)
    await moves.done(batch)
    viewer = await watch(stream_of_many([batch, batches[0]]))
    await viewer.first("complete")
    await viewer.see(lambda: len(vector(viewer)) == 2)
    assert viewer.of("complete")[0].data["batchId"] == str(batch.id)
    await moves.pause(batches[0])
    await viewer.see(lambda: vector(viewer)[1:] == [2])
    assert not viewer.ended


async def test_never_204_although_all_are_finished(service: Place, batches: list[Batch], watch: Watch) -> None:
    """Any of them may be opened again."""
    for batch in batches:
        await moves.cancel(batch)
    viewer = await watch(stream_of_many(batches))
    await viewer.see(lambda: len(viewer.of("complete")) == 3 and len(vector(viewer)) == 3)
    again = await watch(stream_of_many(batches), {"Last-Event-ID": viewer.last_id or ""})
    assert again.status == 200
    await again.see(lambda: again.last_id)
    assert not again.of("complete"), "it had them"
    assert not again.ended


async def test_resumes_from_its_id_and_takes_only_what_it_missed(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    viewer = await watch(stream_of_many(batches, mode="delta"))
    await viewer.see(lambda: vector(viewer) == [1, 1, 1])
    known = viewer.last_id or ""
    viewer.leave()
    await moves.toggle(batches[1], 3)
    for headers, query in (({"Last-Event-ID": known}, {}), ({}, {"after": known})):
        for web in (0, 1):
            again = await watch(stream_of_many(batches, mode="delta", **query), headers, web=web)
            await again.see(lambda again=again: vector(again) == [1, 4, 1])
            assert again.events == ["change"] * 3
            assert again.numbers == [2, 3, 4]


async def test_a_vector_of_another_length_or_form_is_refused(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    epoch = (await service.truth(batches[0].id))["eventId"].split("-")[0]
    for sent in (f"v1:{epoch}:1,1", f"v1:{epoch}:1,1,1,1", f"v2:{epoch}:1,1,1", f"{epoch}-1", f"v1:{epoch}:1,,1", "v1"):
        viewer = await watch(stream_of_many(batches), {"Last-Event-ID": sent})
        await viewer.see(lambda viewer=viewer: viewer.ended)
        assert viewer.problem == (400, "invalid-event-id"), sent
    single = await watch(stream_of(batches[0]), {"Last-Event-ID": f"v1:{epoch}:1"})
    await single.see(lambda: single.ended)
    assert single.problem == (400, "invalid-event-id")


async def test_an_id_of_another_epoch_is_answered_with_reset_and_all_snapshots(
    service: Place, batches: list[Batch], watch: Watch
) -> None:
    viewer = await watch(stream_of_many(batches, mode="delta"), {"Last-Event-ID": "v1:0123456789ab:7,7,7"})
    await viewer.see(lambda: vector(viewer) == [1, 1, 1])
    assert viewer.events[0] == "reset"
    assert viewer.events.count("progress") == 3


@pytest.mark.parametrize("mode", MODES, ids=str)
async def test_a_hundred_batches_that_end_together_are_a_hundred_ends_and_cut_nobody(
    service: Place, owner: Owner, watch: Watch, mode: dict[str, str]
) -> None:
    """Nothing comes over the bus, so that the sweep finds them all at once."""
    batches = [await service.world.batch(owner, 1) for _ in range(100)]
    viewer = await watch(stream_of_many(batches, **mode))
    await viewer.see(lambda: len(viewer.of("progress")) == 100)
    world = silent_bus(service.world)
    for batch in batches:
        await moves.cancel(Batch(world, owner, batch.id, batch.photos))
    await viewer.see(lambda: len(viewer.of("complete")) == 100 or viewer.closed, what="a hundred ends")
    assert {block.data["batchId"] for block in viewer.of("complete")} == {str(batch.id) for batch in batches}
    assert not viewer.closed
