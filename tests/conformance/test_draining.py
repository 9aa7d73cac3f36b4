"""A process that is about to stop, as the viewers see it who come to it."""

import httpx

from tests.conformance.conftest import Watch
from tests.fixtures.place import Owner, Place, stream_of
from tests.fixtures.viewers import SocketViewer


async def test_a_draining_process_answers_200_retry_and_the_end_instead(
    service: Place, owner: Owner, watch: Watch
) -> None:
    """Because 503 would kill plain EventSource clients. It has no streams but goes on serving until it is told to stop."""
    batch = await service.world.batch(owner, 1)
    web = service.start()
    place = len(service.webs) - 1
    async with httpx.AsyncClient() as http:
        assert (await http.post(f"{web.private_url}/drain")).status_code < 300

    async def is_draining() -> bool:
        viewer = await watch(stream_of(batch), web=place)
        if await _is_open(viewer):
            return False
        assert viewer.status == 200
        assert viewer.headers["content-type"] == "text/event-stream"
        [farewell] = viewer.blocks
        assert (farewell.event, farewell.id) == ("", None)
        assert 1000 <= (farewell.retry or 0) <= 3000
        return True

    reader = await watch(stream_of(batch))
    await reader.see(is_draining)
    many = await watch(f"/api/stream?batch={batch.id}", web=place)
    await many.end()
    assert (many.status, [block.event for block in many.blocks]) == (200, [""])


async def _is_open(viewer: SocketViewer) -> bool:
    """True when a state comes, False when the end does."""
    await viewer.see(lambda: viewer.ended or viewer.of("progress"))
    return bool(viewer.of("progress"))
