"""Above 4 KB: the first change at once, then at most 4 a second (200 photos x 32 KB x 400 changes would be worse than polling)."""

import asyncio
import time

from tests.conformance import moves
from tests.conformance.conftest import Watch
from tests.fixtures.place import Owner, Place, stream_of

LARGE = 40  # photos: a snapshot of some 6 KB


async def test_above_4_kb_the_first_change_at_once_then_at_most_4_a_second(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, LARGE)
    viewer = await watch(stream_of(batch))
    assert len((await viewer.first()).raw) >= 4096
    await asyncio.sleep(0.3)
    await moves.pause(batch)
    committed = time.monotonic()
    await viewer.reach(2)
    assert viewer.of("progress")[1].at - committed < 0.15
    turns = 1
    while time.monotonic() < committed + 2.5:
        turns += 1
        await (moves.pause if turns % 2 else moves.resume)(batch)
        await asyncio.sleep(0.02)
    await viewer.reach(1 + turns, timeout=0.5)
    times = [block.at for block in viewer.of("progress")][1:]
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[4:], strict=False)), times
    assert 8 <= len(times) <= 14, times  # 2.5 to 3 s
    assert turns > 50


async def test_above_4_kb_the_end_is_shown_at_once(service: Place, owner: Owner, watch: Watch) -> None:
    delays: list[float] = []
    for _ in range(3):
        batch = await service.world.batch(owner, LARGE)
        viewer = await watch(stream_of(batch))
        await viewer.reach(1)
        await moves.toggle(batch, 3)
        await moves.cancel(batch)
        committed = time.monotonic()
        await viewer.end()
        assert viewer.events[-2:] == ["progress", "complete"]
        delays.append(viewer.of("complete")[0].at - committed)
    assert min(delays) < 0.1
