"""What comes without a change: `ping`, `timeout`; and the `error`s and `reset`s that end or restart a stream."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from roomtally.settings import Settings
from tests.conformance import moves
from tests.conformance.conftest import Open, Watch
from tests.fixtures.edge import running_edge
from tests.fixtures.place import Owner, Place, stream_of, stream_of_many
from tests.fixtures.viewers import CurlViewer, SocketViewer, Viewer

SECONDS = 5.5  # within 5 s, and the test's own time


async def test_ping_after_15_s_of_silence(
    service: Place, owner: Owner, watch: Watch, opened: list[Viewer], tmp_path: Path
) -> None:
    """Below every proxy's idle cut: by all ways at once. The 15 s are the setting's, 3 s here."""
    assert Settings(database_url="", redis_url="", storage_url="").heartbeat_seconds == 15
    web, place = service.start(heartbeat_seconds=3.0), len(service.webs) - 1
    batch, others = await service.world.batch(owner, 1), [await service.world.batch(owner, 1) for _ in range(2)]
    by_http1, by_http2 = SocketViewer(), CurlViewer()
    opened += [by_http1, by_http2]
    with running_edge(web.url, tmp_path) as edge:
        silent: list[Viewer] = [
            await watch(stream_of(batch), web=place),
            await by_http1.open(edge.http, stream_of(batch), owner.bearer),
            await by_http2.open(edge.https, stream_of(batch), owner.bearer),
            await watch(stream_of(batch, mode="delta"), web=place),
            await watch(stream_of_many([batch, others[0]]), web=place),
        ]
        talked_to = await watch(stream_of(others[1]), web=place)
        for viewer in silent:
            await viewer.first()
        await asyncio.sleep(2)
        await moves.pause(others[1])
        for viewer in silent:
            ping = await viewer.first("ping", timeout=4)
            before = [block.at for block in viewer.blocks if block.at < ping.at]
            assert 2.8 < ping.at - before[-1] < 4.5
            assert ping.id is None
            assert ping.data.keys() == {"timestamp"}
            assert abs(ping.data["timestamp"] - time.time() * 1000) < 10_000
            assert isinstance(ping.data["timestamp"], int)
        assert not talked_to.of("ping")
        for viewer in silent:
            viewer.leave()


@pytest.fixture(scope="module")
def hasty(service: Place) -> int:
    """The place in `service.webs` of a process where streams live 2 s."""
    service.start(stream_max_seconds=2.0, heartbeat_seconds=1.0)
    return len(service.webs) - 1


async def test_timeout_after_30_min_then_the_end_and_the_client_reopens_after_retry_ms(
    service: Place, owner: Owner, watch: Watch, hasty: int
) -> None:
    """+-10 % jitter. The 30 minutes are the setting's, 2 s here."""
    assert Settings(database_url="", redis_url="", storage_url="").stream_max_seconds == 1800
    batch = await service.world.batch(owner, 1)
    paths = [stream_of(batch)] * 8 + [stream_of(batch, mode="delta"), stream_of_many([batch])]
    viewers = [await watch(path, web=hasty) for path in paths]
    for viewer in viewers:
        await viewer.end(timeout=5)
    lives = [viewer.of("timeout")[0].at - viewer.opened_at for viewer in viewers]
    assert all(1.7 < life < 2.6 for life in lives), lives
    assert max(lives) - min(lives) > 0.02, "jittered"
    for viewer in viewers:
        assert viewer.blocks[-1].event == "timeout"
        assert viewer.blocks[-1].id is None
        assert viewer.blocks[-1].data == {"retryMs": viewer.blocks[-1].retry}
        assert 1000 <= viewer.blocks[-1].data["retryMs"] <= 3000
    again = await watch(stream_of(batch), {"Last-Event-ID": viewers[0].last_id or ""}, web=hasty)
    assert again.status == 200
    assert (await again.first()).n == 1


async def test_error_when_the_batch_is_deleted(service: Place, owner: Owner, through: Open) -> None:
    batch = await service.world.batch(owner, 1)
    viewer = await through(stream_of(batch))
    await viewer.first()
    await moves.delete(batch)
    await viewer.end(SECONDS)
    assert_error(viewer, "batch-deleted", retryable=False)
    again = await through(stream_of(batch), {"Last-Event-ID": viewer.last_id or ""})
    await again.see(lambda: again.ended)
    assert again.status == 404


def assert_error(viewer: Viewer, code: str, *, retryable: bool) -> None:
    error = viewer.blocks[-1]
    assert error.event == "error"
    assert error.id is None
    assert error.data.keys() == {"code", "message", "retryable"}
    assert (error.data["code"], error.data["retryable"]) == (code, retryable)
    assert error.data["message"].endswith(".")


async def sign_out(service: Place, owner: Owner) -> None:
    async with httpx.AsyncClient(base_url=service.webs[1].url, headers=owner.cookie) as http:
        assert (await http.delete("/api/sessions/current", headers={"Origin": service.webs[1].url})).is_success


async def expire(service: Place, owner: Owner) -> None:
    async with service.world.pool.connection() as conn:
        await conn.execute("UPDATE sessions SET expires_at = clock_timestamp() WHERE user_id = %s", [owner.user])


async def delete_user(service: Place, owner: Owner) -> None:
    async with service.world.pool.connection() as conn:
        await conn.execute("UPDATE users SET deleted_at = clock_timestamp() WHERE id = %s", [owner.user])


async def take_the_token(service: Place, owner: Owner) -> None:
    async with service.world.pool.connection() as conn:
        await conn.execute("UPDATE api_tokens SET deleted_at = clock_timestamp() WHERE user_id = %s", [owner.user])


ENDS = {"sign-out": sign_out, "expiry": expire, "deleted user": delete_user, "token taken back": take_the_token}


@pytest.mark.parametrize("valkey", ["with Valkey", "without Valkey"])
async def test_error_when_the_session_ended_within_5_s_without_valkey_too(
    service: Place, opened: list[Viewer], valkey: str
) -> None:
    """By sign-out, expiry, a deleted user; a bearer's token, and a ticket whose session ended. All at once, to wait once."""
    owners = {end: await service.owner() for end in ENDS}
    watched = [viewer for end, owner in owners.items() for viewer in await watched_by(service, owner, end, opened)]
    bystander = await service.owner()
    stays = await open_(service, stream_of(await service.world.batch(bystander, 1)), bystander.cookie, opened)
    for viewer in watched:
        await viewer.first()
    try:
        if valkey == "without Valkey":
            service.valkey.kill()
        started = time.monotonic()
        for end, owner in owners.items():
            await ENDS[end](service, owner)
        for viewer in watched:
            await viewer.end(SECONDS)
            assert viewer.closed_at - started < SECONDS
            assert_error(viewer, "session-ended", retryable=False)
        assert not stays.ended
    finally:
        if valkey == "without Valkey":
            service.valkey.start()


async def watched_by(service: Place, owner: Owner, end: str, opened: list[Viewer]) -> list[Viewer]:
    """A stream of each kind, opened with what is going to end; for a sign-out also one that was opened by a ticket."""
    batch = await service.world.batch(owner, 1)
    headers = owner.bearer if end == "token taken back" else owner.cookie
    paths = (stream_of(batch), stream_of(batch, mode="delta"), stream_of_many([batch]))
    viewers = [await open_(service, path, headers, opened) for path in paths]
    if end == "sign-out":
        path = stream_of(batch, ticket=await ticket_of(service, owner))
        viewers.append(await open_(service, path, {}, opened))
    return viewers


async def open_(service: Place, path: str, headers: dict[str, str], opened: list[Viewer]) -> Viewer:
    viewer = SocketViewer()
    opened.append(viewer)
    await viewer.open(service.webs[0].settings.port, path, headers)
    assert viewer.status == 200, viewer.problem
    return viewer


async def ticket_of(service: Place, owner: Owner) -> str:
    async with httpx.AsyncClient(base_url=service.webs[1].url, headers=owner.cookie) as http:
        answer = await http.post("/api/stream-tickets", headers={"Origin": service.webs[1].url})
    assert answer.status_code == 201, answer.text
    return answer.json()["ticket"]


async def test_reset_and_snapshot_when_the_epoch_of_the_id_is_not_this_databases(
    service: Place, owner: Owner, through: Open
) -> None:
    batch = await service.world.batch(owner, 1)
    for query in ({}, {"mode": "delta"}):
        viewer = await through(stream_of(batch, **query), {"Last-Event-ID": "0123456789ab-7"})
        await viewer.first()
        assert viewer.events == ["reset", "progress"]
        assert viewer.of("progress")[0].data == await service.truth(batch.id)
        assert viewer.of("reset")[0].id is None


async def test_reset_and_snapshot_when_postgresql_itself_is_behind_the_id(
    service: Place, owner: Owner, watch: Watch
) -> None:
    batch = await service.world.batch(owner, 1)
    epoch = (await service.truth(batch.id))["eventId"].split("-")[0]
    for query in ({}, {"mode": "delta"}):
        viewer = await watch(stream_of(batch, **query), {"Last-Event-ID": f"{epoch}-9"})
        await viewer.first()
        assert viewer.events == ["reset", "progress"]
        assert viewer.numbers == [1]
        await viewer.reach(1)
        viewer.leave()


@pytest.mark.parametrize("query", [{}, {"mode": "delta"}], ids=str)
async def test_reset_on_open_streams_when_the_database_is_restored_to_another_epoch(
    service: Place, owner: Owner, watch: Watch, query: dict[str, str]
) -> None:
    batch = await service.world.batch(owner, 1)
    await moves.toggle(batch, 4)
    viewer = await watch(stream_of(batch, **query))
    many = await watch(stream_of_many([batch], **query))
    await viewer.reach(5)
    await many.reach(5)
    async with service.world.pool.connection() as conn, conn.transaction():  # a backup from before the last two events
        await conn.execute("UPDATE installation SET epoch = %s", [uuid4().hex[:12]])
        await conn.execute("DELETE FROM batch_events WHERE batch_id = %s AND n > 3", [batch.id])
        await conn.execute("UPDATE batches SET last_event = 3 WHERE id = %s", [batch.id])
    for watched in (viewer, many):
        await watched.first("reset", timeout=5)
        await watched.reach(3)
        assert watched.events[-2:] == ["reset", "progress"]
    await moves.pause(batch)
    await viewer.reach(4)
    await many.reach(4)
    again = await watch(stream_of(batch, **query), {"Last-Event-ID": viewer.last_id or ""})
    await moves.resume(batch)
    await again.reach(5)
    assert "reset" not in again.events


async def test_a_ticket_opens_one_stream_and_is_worth_nothing_afterwards(
    service: Place, owner: Owner, opened: list[Viewer]
) -> None:
    batch = await service.world.batch(owner, 1)
    ticket = await ticket_of(service, owner)
    viewer = await open_(service, stream_of(batch, ticket=ticket), {}, opened)
    await viewer.first()
    second = SocketViewer()
    opened.append(second)
    await second.open(service.webs[1].settings.port, stream_of(batch, ticket=ticket))
    await second.see(lambda: second.ended)
    assert second.problem == (401, "invalid-ticket")
