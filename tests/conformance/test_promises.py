"""The six delivery promises, each between real processes. At scale: tests/e2e/test_drain.py, tests/storm, tests/verify."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from tests.conformance import moves
from tests.conformance.conftest import Watch
from tests.fixtures.app import WebProcess
from tests.fixtures.batches import Batch, World
from tests.fixtures.folding import Folded
from tests.fixtures.place import Owner, Place, rest, stream_of, stream_of_many
from tests.fixtures.viewers import SocketViewer
from tests.fixtures.weather import silent_bus

MODES = ["", "delta"]
PROMISED_SECONDS = 5.0
MIB = 1024 * 1024


def path_of(batch: Batch, mode: str) -> str:
    return stream_of(batch, mode=mode) if mode else stream_of(batch)


@pytest.mark.parametrize("mode", MODES)
async def test_1_a_viewers_state_never_goes_backwards_over_reconnects_to_any_process(
    service: Place, owner: Owner, watch: Watch, mode: str
) -> None:
    """Half of the messages never reach the bus, so that the processes know different things all the time."""
    batch = await service.world.batch(owner, 8)
    silent = Batch(silent_bus(service.world), owner, batch.id, batch.photos)
    folded, last = Folded(), ""
    for turn in range(16):
        await moves.toggle(batch if turn % 2 else silent, 2)
        viewer = await watch(path_of(batch, mode), {"Last-Event-ID": last} if last else {}, web=turn % 2)
        await viewer.see(lambda viewer=viewer: viewer.numbers)
        await moves.toggle(silent if turn % 3 else batch, 2)
        if turn % 4 == 0:
            await asyncio.sleep(0.1)
        viewer.leave()
        folded.connect()
        for block in viewer.blocks:
            folded.take(block)
        last = viewer.last_id or last
    assert folded.seen == sorted(folded.seen)
    assert folded.resets == 0
    final = await watch(path_of(batch, mode), {"Last-Event-ID": last})
    await final.see(lambda: folded.n == 65 or 65 in final.numbers)


@pytest.mark.parametrize("fault", ["lost on the bus", "Valkey is gone", "Valkey is frozen"])
async def test_2_no_committed_change_stays_unseen_for_more_than_5_s(
    service: Place, owner: Owner, watch: Watch, fault: str
) -> None:
    batches = [await service.world.batch(owner, 2) for _ in range(2)]
    paths = [stream_of(batches[0]), stream_of(batches[0], mode="delta"), stream_of_many(batches)]
    viewers = [await watch(path, web=place % 2) for place, path in enumerate(paths)]
    for viewer in viewers:
        await viewer.first()
    async with faulty(service, fault) as world:
        moving = Batch(world, owner, batches[0].id, batches[0].photos)
        await moves.pause(moving)
        committed = time.monotonic()
        newcomer = await watch(stream_of(batches[0]))
        await newcomer.first()
        assert newcomer.numbers == [2], "a newcomer sees it at once"
        for viewer in viewers:
            await viewer.reach(2, timeout=PROMISED_SECONDS)
        assert time.monotonic() - committed < PROMISED_SECONDS
    await moves.resume(batches[0])
    for viewer in viewers:
        await viewer.reach(3, timeout=PROMISED_SECONDS)


@asynccontextmanager
async def faulty(service: Place, fault: str) -> AsyncGenerator[World]:
    """The services on a bus that does not deliver, one way or the other."""
    match fault:
        case "Valkey is gone":
            service.valkey.kill()
            try:
                yield service.world
            finally:
                service.valkey.start()
        case "Valkey is frozen":
            os.kill(service.valkey.pid, signal.SIGSTOP)
            try:
                yield service.world
            finally:
                os.kill(service.valkey.pid, signal.SIGCONT)
        case _:
            yield silent_bus(service.world)


@pytest.mark.parametrize("mode", MODES)
async def test_2_normally_it_is_10_ms(service: Place, owner: Owner, watch: Watch, mode: str) -> None:
    """The median, since other tests and the build may share the machine; the percentiles are measured by bench-stream."""
    batch = await service.world.batch(owner, 2)
    viewer = await watch(path_of(batch, mode))
    await viewer.first()
    delays: list[float] = []
    for n in range(2, 42):
        await (moves.resume if n % 2 else moves.pause)(batch)
        await viewer.reach(n)
        seen = viewer.of("progress", "change")[-1]
        stamped = seen.data["committedAt"] / 1000 - time.time() + time.monotonic()
        delays.append(seen.at - stamped)
    assert median(delays) < 0.01, delays


@pytest.mark.parametrize("mode", MODES)
async def test_3_complete_always_arrives(service: Place, owner: Owner, watch: Watch, mode: str) -> None:
    """The worker's message is lost, or both viewers' Valkey, or the connection breaks at any time."""
    for fault in ("none", "lost on the bus", "cut"):
        batch = await service.world.batch(owner, 2)
        viewers = [await watch(path_of(batch, mode), web=web) for web in (0, 1)]
        for viewer in viewers:
            await viewer.first()
        world = silent_bus(service.world) if fault == "lost on the bus" else service.world
        moving = Batch(world, owner, batch.id, batch.photos)
        await moves.done(moving)
        if fault == "cut":
            for viewer in viewers:
                viewer.leave()
        await moves.done(moving, 1)
        for web, viewer in enumerate(viewers):
            last = viewer
            if fault == "cut":
                last = await watch(path_of(batch, mode), {"Last-Event-ID": viewer.last_id or ""}, web=1 - web)
            await last.end(PROMISED_SECONDS)
            assert last.of("complete")[0].data["inventorySummary"]["totalItems"] == 10


@pytest.mark.parametrize("mode", MODES)
async def test_3_complete_arrives_although_the_next_run_has_begun(
    service: Place, owner: Owner, watch: Watch, mode: str
) -> None:
    """The end of a run and the beginning of the next are both lost on the bus, and found together in the log."""
    batches = [await service.world.batch(owner, 1) for _ in range(2)]
    single = await watch(path_of(batches[0], mode))
    many = await watch(stream_of_many(batches, **({"mode": mode} if mode else {})))
    await single.first()
    await many.see(lambda: len(many.numbers) == 2)
    silent = Batch(silent_bus(service.world), owner, batches[0].id, batches[0].photos)
    await silent.fail()
    await moves.retry(silent)
    await single.end(PROMISED_SECONDS)
    assert [(block.data["run"], block.data["status"]) for block in single.of("complete")] == [(1, "FAILED")]
    await many.see(lambda: 5 in many.numbers, PROMISED_SECONDS)
    assert [(block.data["run"], block.data["status"]) for block in many.of("complete")] == [(1, "FAILED")]
    assert (many.of("progress")[-1].n, many.of("progress")[-1].data["run"]) == (5, 2)


@pytest.mark.parametrize("mode", MODES)
async def test_4_what_sse_shows_equals_what_rest_shows_event_number_by_event_number(
    service: Place, owner: Owner, watch: Watch, mode: str
) -> None:
    batch = await service.world.batch(owner, 3)
    viewer = await watch(path_of(batch, mode))
    await viewer.first()
    shown = [await rest(service.webs[0], owner, batch)]
    steps: list[Callable[[], Awaitable[object]]] = [
        *(partial(call, batch) for call in (moves.pause, moves.resume)),
        *(partial(batch.claim, position) for position in (0, 1)),
    ]
    for turn, step in enumerate(steps):
        await step()
        shown.append(await rest(service.webs[turn % 2], owner, batch))
        await viewer.reach(turn + 2)
    await moves.cancel(batch)
    await viewer.reach(6)
    shown.append(await rest(service.webs[1], owner, batch))
    folded = Folded(history={})
    for block in viewer.blocks:
        folded.take(block)
    assert folded.history == dict(enumerate(shown, 1))


async def test_5_a_viewer_who_stops_reading_costs_bounded_memory_and_no_other_waits(
    service: Place, watch: Watch
) -> None:
    """19 stalled viewers of 60 photos (9 KB a snapshot), in both modes, while 1,000 changes go by (450 KB of `change`s)."""
    owner, other = await service.owner(), await service.owner()
    batch, beyond = await service.world.batch(owner, 60), await service.world.batch(other, 1)
    stalled = [await watch(path_of(batch, MODES[place % 2]), who=owner, receive_buffer=4096) for place in range(19)]
    beside = await watch(path_of(batch, "delta"), who=owner)
    neighbour = await watch(stream_of(beyond), who=other)
    for viewer in (beside, neighbour, *stalled):
        await viewer.first()
    for viewer in stalled:
        viewer.stop_reading()
    before = resident(service.webs[0])
    for turn in range(10):
        await moves.toggle(batch, 100)
        await (moves.resume if turn % 2 else moves.pause)(beyond)
        asked = time.monotonic()
        await neighbour.reach(2 + turn, timeout=1)
        await beside.reach(101 + 100 * turn, timeout=1)
        assert time.monotonic() - asked < 0.5
    assert resident(service.webs[0]) - before < 8 * MIB
    truth = await service.truth(batch.id)
    for viewer in stalled:
        viewer.read_on()
    for viewer in stalled:
        await viewer.reach(1001, timeout=20)
        assert sum(len(block.raw) for block in viewer.blocks) < 350_000, "what the kernel and the server kept for it"
        folded = Folded()
        for block in viewer.blocks:
            folded.take(block)
        assert folded.state == truth


def resident(web: WebProcess) -> int:
    """Bytes of the process that serves."""
    [serving] = web.children()
    text = Path(f"/proc/{serving}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) * 1024


async def test_6_a_deploy_loses_no_event_and_clients_come_back_spread_over_the_drain_time(
    service: Place, watch: Watch
) -> None:
    """The old process is told to stop while batches move; the viewers go to another one."""
    owners = [await service.owner() for _ in range(4)]
    batches = [await service.world.batch(owner, 3) for owner in owners]
    old = service.start(drain_seconds=2.0, drain_accept_seconds=0.0)
    place = len(service.webs) - 1
    viewers: list[tuple[Batch, Folded, SocketViewer]] = []
    for turn in range(40):
        owner, batch = owners[turn % 4], batches[turn % 4]
        viewers.append((batch, Folded(), await watch(path_of(batch, MODES[turn % 2]), web=place, who=owner)))
    for _, _, viewer in viewers:
        await viewer.first()
    stop = asyncio.Event()
    moving = asyncio.create_task(move_all(batches, stop))
    old.process.send_signal(signal.SIGTERM)
    ends: list[float] = []
    for turn, (batch, folded, viewer) in enumerate(viewers):
        await viewer.end()
        ends.append(viewer.closed_at)
        farewell = viewer.blocks[-1]
        assert (farewell.event, farewell.id) == ("", None)
        assert 1000 <= (farewell.retry or 0) <= 3000
        for block in viewer.blocks:
            folded.take(block)
        again = await watch(
            path_of(batch, MODES[turn % 2]), {"Last-Event-ID": viewer.last_id or ""}, who=owners[turn % 4]
        )
        viewers[turn] = (batch, folded, again)
    assert max(ends) - min(ends) > 1.2
    stop.set()
    await moving
    truths = await service.truths(batches)
    for batch, folded, viewer in viewers:
        await viewer.end()
        folded.connect()
        for block in viewer.blocks:
            folded.take(block)
        assert folded.state == truths[batch.id]
    assert await asyncio.to_thread(old.process.wait, 5) == 0


async def move_all(batches: list[Batch], stop: asyncio.Event) -> None:
    """Change after change until `stop`; then every photo is done."""
    while not stop.is_set():
        for batch in batches:
            await moves.toggle(batch, 2)
        await asyncio.sleep(0.02)
    for photo in range(3):
        await asyncio.gather(*[moves.done(batch, photo) for batch in batches])
