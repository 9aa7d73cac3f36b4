"""`roomtally smoke`: a batch of photos from end to end against a running service, held against the streaming contract."""

import asyncio
import time
import uuid
from collections import Counter
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.text import Text

from roomtally import errors
from roomtally.client import verdict, words
from roomtally.client.api import Api, batch_path
from roomtally.client.stream import Event, Follower, Link, LinkState


class Durations(dict[str, float]):
    """Seconds by name, in the order of measuring."""

    def __str__(self) -> str:
        return "\n".join(f"  {name:<28} {seconds * 1000:9.1f} ms" for name, seconds in self.items())


async def smoke(api: Api, photos: list[Path], console: Console, *, timeout_seconds: float) -> list[str]:
    """Prints every event as it comes, then durations, counts and each check. The faults, in words; none is what should be."""
    durations = Durations()
    try:
        async with asyncio.timeout(timeout_seconds):
            batch_id = await _submit(api, photos, console, durations)
            events = await _listen(api, batch_id, console, durations)
            faults = await _judge(api, batch_id, events, console)
    except TimeoutError:
        faults = [f"not finished within {timeout_seconds:g} s"]
        console.print(f"✗ {faults[0]}", style="red")
    return faults


async def _submit(api: Api, photos: list[Path], console: Console, durations: Durations) -> str:
    start = time.monotonic()
    project = await api.create_project(f"Smoke test of {datetime.now():%Y-%m-%d %H:%M}")  # noqa: DTZ005 - the person's own clock
    uploads = await api.upload_all(photos, lambda _size: None)
    durations["uploads"] = time.monotonic() - start
    batch = await api.create_batch(project["id"], uploads)
    durations["batch made"] = time.monotonic() - start - durations["uploads"]
    console.print(f"project {project['id']}\nbatch   {batch['batchId']}: {words.photos(len(photos))}", highlight=False)
    return str(batch["batchId"])


async def _listen(api: Api, batch_id: str, console: Console, durations: Durations) -> list[Event]:
    """Every event until the service ends the stream."""
    start = time.monotonic()
    events: list[Event] = []
    follower = Follower(api.http, batch_path(batch_id) + "/stream")
    async with aclosing(follower.notices()) as notices:
        async for notice in notices:
            _say(console, notice, start)
            if isinstance(notice, Event):
                events.append(notice)
                durations.setdefault("stream open to first event", notice.at - start)
            elif notice.state is LinkState.LIVE:
                durations.setdefault("stream opened", notice.at - start)
    durations |= photo_times(events)
    durations["total"] = time.monotonic() - start
    console.print("\nDurations", style="bold")
    console.print(str(durations), highlight=False)
    counts = Counter(event.type for event in events)
    console.print("Events  " + ", ".join(f"{number} {kind}" for kind, number in counts.items()), highlight=False)
    return events


def photo_times(events: list[Event]) -> dict[str, float]:
    """For each photo the seconds from the event that showed it in work to the one that showed its end."""
    began: dict[str, float] = {}
    times: dict[str, float] = {}
    for event in events:
        for number, photo in enumerate(_photos(event), start=1):
            if photo["status"] in {"DONE", "ERROR"}:
                name = f"photo {number} {words.clean(photo['filename'])[:20]}"
                times.setdefault(name, event.at - began.get(photo["id"], event.at))
            elif photo["status"] == "PROCESSING":
                began[photo["id"]] = event.at
    return times


def _photos(event: Event) -> list[dict[str, Any]]:
    return event.data["photos"] if event.type == "progress" else []


async def _judge(api: Api, batch_id: str, events: list[Event], console: Console) -> list[str]:
    rest = await api.get_batch(batch_id)
    last_id = events[-1].id if events else ""
    checks = {
        "progress came first, complete once and last": verdict.faults_of_order(events),
        "ids rise without a step back": verdict.faults_of_ids(events),
        "every state is legal, counters fit the photos": verdict.faults_of_states(events),
        "the last SSE state is REST's": verdict.faults_of_agreement(events, rest),
        "inventory totals agree": verdict.faults_of_inventory(rest, await api.get_inventory(batch_id)),
        "a stream reopened with the last id answers 204": await _answers(
            api, batch_path(batch_id) + "/stream", 204, last_id
        ),
        "a batch that is not there answers 404": [
            fault
            for path in (batch_path(str(uuid.uuid4())), batch_path(str(uuid.uuid4())) + "/stream")
            for fault in await _answers(api, path, 404)
        ],
    }
    console.print("\nChecks", style="bold")
    for name, faults in checks.items():
        console.print(Text(f"  {'✗' if faults else '✓'} {name}", style="red" if faults else "green"))
        for fault in faults:
            console.print(Text(f"      {words.clean(fault)}"), soft_wrap=True)
    return [f"{name}: {fault}" for name, faults in checks.items() for fault in faults]


async def _answers(api: Api, path: str, status: int, last_id: str = "") -> list[str]:
    """Only the status is read: a stream that should not be one would not end."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    try:
        async with api.http.stream("GET", path, headers=headers) as response:
            return [] if response.status_code == status else [f"{path} answered {response.status_code}, not {status}"]
    except httpx.TransportError as error:
        raise errors.Unavailable("unreachable", f"{path} did not answer: {error!r}.") from error


def _say(console: Console, notice: Event | Link, start: float) -> None:
    at = f"{(notice.at - start) * 1000:9.1f} ms  "
    match notice:
        case Event():
            console.print(Text(f"{at}{notice.type:<9} {_gist(notice.type, notice.data)}"), soft_wrap=True)
        case Link():
            console.print(Text(f"{at}{words.link(notice, notice.at)}", style="bright_black"), soft_wrap=True)


def _gist(kind: str, data: dict[str, Any]) -> str:
    if kind != "progress":
        return words.clean(
            ", ".join(f"{name} {value}" for name, value in data.items() if not isinstance(value, list | dict))
        )
    photos = "  ".join(f"{words.clean(photo['filename'])[-24:]} {photo['status']}" for photo in data["photos"])
    return f"{data['eventId'].rpartition('-')[2]:>4}  {data['status']} {data['progress']} %  {photos}"
