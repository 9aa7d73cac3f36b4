"""A deploy under 2,000 open streams, and how a process ends that was told to stop. With a drain of 30 s: tests/verify."""

import asyncio
import signal
import time
from pathlib import Path

from tests.fixtures.crowd import Crowd, crowd, deploy, peak_second
from tests.fixtures.place import Place, stream_of
from tests.fixtures.viewers import SocketViewer
from tests.fixtures.waiting import until

STREAMS = 2000


async def test_a_deploy_under_2000_streams_loses_and_cuts_nothing(unlimited: Place) -> None:
    people = await deploy(unlimited, STREAMS, drain_seconds=6.0)
    assert peak_second(people) < STREAMS / 3


async def test_it_ends_as_soon_as_the_last_stream_is_gone(unlimited: Place) -> None:
    """However long it might have taken."""
    web = unlimited.start(drain_seconds=0.0, drain_accept_seconds=0.0, drain_grace_seconds=60.0)
    async with crowd(unlimited, web, 200) as people:
        web.process.send_signal(signal.SIGTERM)
        signalled = time.monotonic()
        assert await asyncio.to_thread(web.process.wait, 10) == 0
        assert time.monotonic() - signalled < 2
        for viewer in people.viewers:
            assert viewer.viewer
            await viewer.viewer.end()


async def test_a_viewer_who_takes_nothing_does_not_hold_it_longer_than_the_grace(unlimited: Place) -> None:
    web = unlimited.start(drain_seconds=0.0, drain_accept_seconds=0.0, drain_grace_seconds=2.0)
    owner = await unlimited.owner()
    batch = await unlimited.world.batch(owner, 200)
    stalled = SocketViewer()
    await stalled.open(web.settings.port, stream_of(batch), owner.bearer, receive_buffer=4096)
    stalled.stop_reading()
    people = Crowd(unlimited)
    people.batches = [batch]
    for turn in range(8):
        await people.pause_or_resume(batch, turn + 1)
        await asyncio.sleep(0.26)
    web.process.send_signal(signal.SIGTERM)
    signalled = time.monotonic()
    assert await asyncio.to_thread(web.process.wait, 10) == 0
    assert 1 < time.monotonic() - signalled < 4
    stalled.leave()
    await until(lambda: stalled.closed)


async def test_a_second_sigterm_ends_it_at_once(unlimited: Place) -> None:
    web = unlimited.start(drain_seconds=60.0, drain_accept_seconds=0.0)
    async with crowd(unlimited, web, 50):
        web.process.send_signal(signal.SIGTERM)
        await until(lambda: '"draining"' in web.log.read_text(), timeout=5)
        await asyncio.sleep(0.5)
        assert web.process.poll() is None
        children = web.children()
        web.process.send_signal(signal.SIGTERM)
        signalled = time.monotonic()
        code = await asyncio.to_thread(web.process.wait, 5)
        assert time.monotonic() - signalled < 1
        assert code in {0, -signal.SIGTERM, 128 + signal.SIGTERM}
        await until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), timeout=2)
