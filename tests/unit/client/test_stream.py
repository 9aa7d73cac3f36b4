"""The consumer of the stream, against a server that misbehaves on purpose."""

import asyncio
from contextlib import aclosing

import httpx
import pytest

from roomtally import errors
from roomtally.client import words
from roomtally.client.api import Refused
from roomtally.client.stream import SENT_AWAY, SENT_AWAY_TRIES, Event, Follower, Link, LinkState, pause_before
from tests.fixtures.scripted import Answer, Exchange, Scripted, scripted

QUICK = b"retry: 1\n\n"
PATH = "/api/batches/b/stream"


def block(kind: str, number: int | None = None, data: str = "{}") -> bytes:
    head = f"id: e-{number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {data}\n\n".encode()


def streaming(*blocks: bytes) -> Answer:
    async def answer(exchange: Exchange) -> None:
        await exchange.stream(*blocks)

    return answer


def refusing(status: int, body: bytes = b"", **headers: str) -> Answer:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body, **headers)

    return answer


async def silence(exchange: Exchange) -> None:
    await exchange.stream(QUICK, block("progress", 1))
    await asyncio.sleep(30)


async def follow(service: Scripted, *, last_id: str = "", heartbeat: float = 15) -> list[Event | Link]:
    async with httpx.AsyncClient(base_url=service.url) as http:
        follower = Follower(http, PATH, last_id=last_id, heartbeat_seconds=heartbeat)
        async with aclosing(follower.notices()) as notices:
            return [notice async for notice in notices]


async def first_pause(service: Scripted, *, heartbeat: float = 15) -> Link:
    """The first time that the follower waits; it is not waited for."""
    async with httpx.AsyncClient(base_url=service.url) as http:
        follower = Follower(http, PATH, heartbeat_seconds=heartbeat)
        async with aclosing(follower.notices()) as notices:
            async for notice in notices:
                if isinstance(notice, Link) and notice.state is LinkState.WAITING:
                    return notice
    raise AssertionError("it never waited")


def types(notices: list[Event | Link]) -> list[str]:
    return [notice.type for notice in notices if isinstance(notice, Event)]


async def test_a_cut_connection_is_resumed_from_the_last_id() -> None:
    first = streaming(QUICK, block("progress", 1), block("progress", 2), b"event: progress\ndata: {cut")
    last = streaming(QUICK, block("progress"), block("complete", 4))
    async with scripted(first, last) as service:
        notices = await follow(service)
    assert types(notices) == ["progress", "progress", "progress", "complete"]
    assert [exchange.headers.get("last-event-id") for exchange in service.seen] == [None, "e-2"]


async def test_the_first_connection_may_resume_an_earlier_one() -> None:
    async with scripted(streaming(block("complete", 9))) as service:
        await follow(service, last_id="e-7")
    assert service.seen[0].headers["last-event-id"] == "e-7"


async def test_204_ends_it() -> None:
    async with scripted(refusing(204)) as service:
        assert types(await follow(service)) == []
    assert len(service.seen) == 1


async def test_what_comes_after_complete_is_told_and_not_swallowed() -> None:
    async with scripted(streaming(block("complete", 4), block("complete", 4))) as service:
        assert types(await follow(service)) == ["complete", "complete"]


async def test_after_a_clean_end_it_waits_as_long_as_the_service_asked() -> None:
    async with scripted(streaming(b"retry: 1234\n\n", block("progress", 1))) as service:
        assert (await first_pause(service)).pause == 1.234


async def test_a_service_that_only_sends_streams_away_is_told_and_given_up() -> None:
    """A drain without another process: 200, `retry:`, the end. An event in between begins the count anew."""
    away, alive = streaming(QUICK), streaming(QUICK, block("ping"))
    async with scripted(*[away] * (SENT_AWAY_TRIES - 1), alive, away) as service:
        seen: list[Link] = []
        with pytest.raises(errors.Unavailable, match="being stopped and sends streams away"):
            await waits(service, seen)
    assert len(service.seen) == 2 * SENT_AWAY_TRIES
    assert [link.why for link in seen] == [SENT_AWAY] * (SENT_AWAY_TRIES - 1) + [""] + [SENT_AWAY] * (
        SENT_AWAY_TRIES - 1
    )
    assert words.link(seen[0], seen[0].at).startswith(SENT_AWAY)


async def waits(service: Scripted, seen: list[Link]) -> None:
    """Adds each time that the follower waits to `seen`, until it raises."""
    async with httpx.AsyncClient(base_url=service.url) as http, aclosing(Follower(http, PATH).notices()) as notices:
        async for notice in notices:
            if isinstance(notice, Link) and notice.state is LinkState.WAITING:
                seen += [notice]  # what came before it raises counts


def test_failures_in_a_row_make_the_pause_longer_up_to_a_limit() -> None:
    for failures, least, most in ((1, 1, 2), (2, 2, 4), (3, 4, 8), (4, 8, 16), (5, 15, 30), (5000, 15, 30)):
        pauses = [pause_before(2, failures, None) for _ in range(50)]
        assert least <= min(pauses) < max(pauses) <= most  # spread, or all clients of a dead service come back at once


async def test_an_event_ends_the_row_of_failures() -> None:
    unwell = refusing(503, Retry_After="0")
    async with scripted(unwell, unwell, streaming(QUICK, block("progress", 1)), refusing(204)) as service:
        links = [notice for notice in await follow(service) if isinstance(notice, Link)]
    assert [link.failures for link in links if link.state is LinkState.WAITING] == [1, 2, 0]


async def test_503_and_429_wait_as_long_as_they_say() -> None:
    for status in (503, 429):
        async with scripted(refusing(status, Retry_After="12")) as service:
            assert 12 <= (await first_pause(service)).pause <= 15


async def test_a_timeout_event_says_when_to_come_back() -> None:
    async with scripted(streaming(block("progress", 1), block("timeout", data='{"retryMs": 2000}'))) as service:
        assert 2 <= (await first_pause(service)).pause <= 2.5


async def test_what_another_try_cannot_help_is_raised_with_its_reason() -> None:
    body = b'{"type": "https://roomtally.dev/problems/batch-not-found", "detail": "There is no such batch."}'
    async with scripted(refusing(404, body)) as service:
        with pytest.raises(Refused, match="no such batch") as caught:
            await follow(service)
    assert (caught.value.status, caught.value.slug) == (404, "batch-not-found")


async def test_a_final_error_event_is_raised_and_a_passing_one_is_not() -> None:
    gone = '{"code": "batch-deleted", "message": "The batch was deleted.", "retryable": false}'
    async with scripted(streaming(block("error", data=gone))) as service:
        with pytest.raises(Refused, match="was deleted"):
            await follow(service)
    passing = '{"code": "restarting", "message": "Back soon.", "retryable": true}'
    async with scripted(streaming(QUICK, block("error", data=passing)), refusing(204)) as service:
        assert types(await follow(service)) == ["error"]


async def test_a_silent_line_is_given_up_after_two_and_a_half_heartbeats() -> None:
    async with scripted(silence) as service:
        link = await asyncio.wait_for(first_pause(service, heartbeat=0.04), 5)
    assert "nothing was heard" in link.why


async def test_reset_forgets_the_id_of_the_other_life() -> None:
    async with scripted(streaming(QUICK, block("reset")), refusing(204)) as service:
        await follow(service, last_id="old-3")
    assert "last-event-id" not in service.seen[1].headers


async def test_a_page_instead_of_a_stream_is_a_failure_not_an_end() -> None:
    async with scripted(refusing(200, b"<html>", Content_Type="text/html"), refusing(204)) as service:
        assert (await first_pause(service)).failures == 1


async def test_nothing_listening_is_told_and_tried_again() -> None:
    async with scripted(refusing(204)) as service:
        pass
    assert (await first_pause(service)).failures == 1
