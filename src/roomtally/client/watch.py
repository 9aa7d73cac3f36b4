"""`roomtally watch`: a batch in the terminal until it is finished; where the output is no terminal, a line for each change."""

import time
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from roomtally.batches.events import BatchEvent, Change, EventType, Gap, reduce
from roomtally.batches.model import BatchStatus, Photo, Snapshot
from roomtally.client import board, ending, words
from roomtally.client.api import Api, batch_path
from roomtally.client.stream import Event, Follower, Link, LinkState
from roomtally.inventory.model import Inventory

REFRESHES_A_SECOND = 10


class Screen(Protocol):
    def show(self, snapshot: Snapshot) -> None: ...
    def show_link(self, link: Link) -> None: ...


async def watch(api: Api, batch_id: str, console: Console) -> BatchStatus:
    """Shows the batch until it is finished, then what came of it; the status that it ended with.

    Raises client.api.Refused where it cannot be followed (not there, deleted, signed out).
    """
    if console.is_terminal:
        live = board.Board()
        with Live(live, console=console, refresh_per_second=REFRESHES_A_SECOND, transient=True):
            await follow(api, batch_id, _OnBoard(live))
    else:
        await follow(api, batch_id, Lines(console))
    snapshot = snapshot_of(await api.get_batch(batch_id))
    inventory = msgspec.convert(await api.get_inventory(batch_id), Inventory)
    ending.show(console, snapshot, inventory)
    return snapshot.status


async def follow(api: Api, batch_id: str, screen: Screen) -> None:
    """Shows each state until the batch is finished, folded from the changes. Raises client.api.Refused."""
    follower = Follower(api.http, batch_path(batch_id) + "/stream?mode=delta")
    snapshot: Snapshot | None = None
    async with aclosing(follower.notices()) as notices:
        async for notice in notices:
            match notice:
                case Link():
                    screen.show_link(notice)
                case Event(type="progress"):
                    snapshot = snapshot_of(notice.data)
                    screen.show(snapshot)
                case Event(type="change"):
                    snapshot = after_change(snapshot, notice.data)
                    if snapshot is None:
                        follower.start_over()
                    else:
                        screen.show(snapshot)
                case Event(type="complete"):
                    return
                case Event():
                    pass


def snapshot_of(data: dict[str, Any]) -> Snapshot:
    return msgspec.convert(data, Snapshot)


def after_change(snapshot: Snapshot | None, data: dict[str, Any]) -> Snapshot | None:
    """None where the change does not follow what is known; only a new snapshot helps then."""
    n = int(str(data["eventId"]).rpartition("-")[2])
    event = BatchEvent(n=n, run=int(data["run"]), type=EventType(data["type"]), payload=msgspec.convert(data, Change))
    try:
        return snapshot and reduce(snapshot, event)
    except Gap:
        return None


class _OnBoard:
    def __init__(self, live: board.Board) -> None:
        self._board = live

    def show(self, snapshot: Snapshot) -> None:
        self._board.snapshot = snapshot

    def show_link(self, link: Link) -> None:
        self._board.link = link


class Lines:
    """For logs and pipes: what changed, a line each; a line that breaks is told too."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._photos: dict[str, Photo] = {}
        self._state = ""

    def show(self, snapshot: Snapshot) -> None:
        if not snapshot.finished:
            self._show_state(snapshot)
        for photo in snapshot.photos:
            known = self._photos.get(photo.id)
            if known != photo and (known is not None or photo.status.value != "PENDING"):
                self._say(f"{snapshot.progress:3d} %  {_line(photo)}")
            self._photos[photo.id] = photo
        self._show_state(snapshot)  # the end comes after what led to it

    def _show_state(self, snapshot: Snapshot) -> None:
        state = words.batch(snapshot)
        if state != self._state:
            self._say(f"{state}: {words.photos(snapshot.counts.total)}")
            self._state = state

    def show_link(self, link: Link) -> None:
        if link.state is LinkState.WAITING:
            self._say("Not connected: " + words.link(link, time.monotonic()))

    def _say(self, text: str) -> None:
        clock = datetime.now().astimezone().strftime("%H:%M:%S")
        self._console.print(Text(f"{clock}  {text}"), soft_wrap=True)


def _line(photo: Photo) -> str:
    result = words.result(photo)
    return f"{words.PHOTO_WORD[photo.status]:<9}  {words.clean(photo.filename)}" + (f"  ({result})" if result else "")
