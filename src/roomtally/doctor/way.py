"""The way of a stream from the service to people, through whatever stands in between: does an event arrive alone and at once."""

from collections.abc import Generator

import httpx

from roomtally import errors
from roomtally.client import access, api, probe
from roomtally.client.probe import Arrival
from roomtally.doctor.finding import Finding, fail, ok, warn

PART = "public URL"
AT_ONCE_SECONDS = (
    1.0  # twice across the world takes 0.6 s; what buffers holds for seconds, or until something else comes
)
PING_SECONDS = 15
DO_NOT_BUFFER = (
    "Turn off buffering of text/event-stream there. nginx: leave X-Accel-Buffering heard (no proxy_ignore_headers), or "
    "`proxy_buffering off`; others: docs/operations.md, proxies."
)
DO_NOT_COMPRESS = "Leave text/event-stream out of what the proxy compresses: compressors hold back what is short."
SEE_LOG = "See the log of the proxy."


async def examine(url: str, account: access.Account) -> list[Finding]:
    """An account that is wrong, or an address where nothing answers, is a finding too."""
    try:
        async with api.connect(url, account) as service:
            await service.get("/api/sessions/current")
            arrival = await probe.observe(service)
    except (errors.RoomtallyError, httpx.HTTPError) as error:
        said = error.detail if isinstance(error, errors.RoomtallyError) else f"{error!r}"
        return [fail(PART, f"cannot be used: {said}", "Give the address that people use, and an account or a token.")]
    except probe.NotSeenError as error:
        return [warn(PART, f"cannot be judged: {error}", "Try again.")]
    return list(judge(arrival))


def judge(arrival: Arrival) -> Generator[Finding]:
    if arrival.head is None:
        yield _held("the head of a stream")
        return
    kind = arrival.headers.get("content-type", "nothing")
    if arrival.status != 200 or "event-stream" not in kind:
        yield fail(PART, f"a stream is answered by {arrival.status} with {kind}", SEE_LOG)
        return
    yield from _marks(arrival.headers)
    if arrival.first is None:
        yield _held("the first event")
        return
    yield _arrived("the first event", arrival.first, "after the request")
    yield _changes(arrival.changes)


def _held(what: str) -> Finding:
    says = f"{what} does not come within {probe.PATIENCE_SECONDS:g} s, while other answers do: something holds it back"
    return fail(PART, says, DO_NOT_BUFFER)


def _changes(seconds: list[float | None]) -> Finding:
    came = [each for each in seconds if each is not None]
    if len(came) < len(seconds):
        return _held("a change")
    return _arrived("each of two changes", max(came), "after it was made, before the next was")


def _arrived(what: str, seconds: float, after: str) -> Finding:
    says = f"{what} comes {seconds * 1000:.0f} ms {after}"
    return ok(PART, says) if seconds < AT_ONCE_SECONDS else fail(PART, f"{says}: that is late", DO_NOT_BUFFER)


def _marks(headers: dict[str, str]) -> Generator[Finding]:
    """What the head gives away: compression, a rewritten Cache-Control, an idle cut that is shorter than the pings."""
    if encoding := headers.get("content-encoding"):
        yield warn(PART, f"the stream is compressed on the way ({encoding})", DO_NOT_COMPRESS)
    if "no-transform" not in headers.get("cache-control", ""):
        yield warn(
            PART, "Cache-Control does not arrive as it was sent", "Let the proxy pass it on: it says no-transform."
        )
    cut = headers.get("keep-alive", "").partition("timeout=")[2].partition(",")[0].strip()
    if cut.isdecimal() and int(cut) <= PING_SECONDS:
        yield warn(
            PART, f"idle connections are kept for {cut} s only", f"Allow 60 s: a stream speaks every {PING_SECONDS} s."
        )
