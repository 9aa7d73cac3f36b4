"""One batch in the terminal: the bar, the counters, the photos that fit, the total so far. Drawing only."""

import time
from collections.abc import Callable, Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from roomtally.batches.model import ItemSum, Photo, PhotoStatus, Snapshot
from roomtally.client import words
from roomtally.client.stream import Link, LinkState
from roomtally.inventory import volumes

WIDEST = 100  # in a wider window the eye loses the row
CHROME_LINES = 9  # all but the photo rows, in a window that is too low for every photo
LINK_COLOUR = {LinkState.LIVE: "green", LinkState.CONNECTING: "yellow", LinkState.WAITING: "yellow"}


class Board:
    """What is known now; rich draws it again and again."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.link = Link(LinkState.CONNECTING, time.monotonic())
        self._spinner = Spinner("dots", style="blue")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.snapshot is None:
            yield _connection(self.link)
            return
        rows = max(3, options.size.height - CHROME_LINES)
        width = min(options.max_width, WIDEST)
        yield from head(self.snapshot, self.link, width)
        yield ""
        yield from self._photos(window(self.snapshot.photos, rows), width)
        yield ""
        yield _total(self.snapshot)

    def _photos(self, shown: range, width: int) -> Iterable[RenderableType]:
        assert self.snapshot is not None
        photos = self.snapshot.photos
        yield photo_table([photos[at] for at in shown], width, self._sign)
        hidden = {"above": shown.start, "below": len(photos) - shown.stop}
        if any(hidden.values()):
            told = ", ".join(f"{number} more {where}" for where, number in hidden.items() if number)
            yield Text(f"   … {told}", style="bright_black")

    def _sign(self, photo: Photo) -> RenderableType:
        return self._spinner if photo.status is PhotoStatus.PROCESSING else sign(photo)


def head(snapshot: Snapshot, link: Link | None, width: int) -> Iterable[RenderableType]:
    """Three lines: what this is and how the line stands; the bar; the counters."""
    first = Table.grid(pad_edge=False)
    first.width = width
    first.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    first.add_column(justify="right", no_wrap=True)
    title = Text.assemble(
        (words.batch(snapshot), f"bold {words.BATCH_COLOUR[snapshot.status]}"),
        ("  batch " + snapshot.batch_id, "bright_black"),
    )
    first.add_row(title, _connection(link) if link else "")
    yield first
    yield _bar(snapshot, width)
    yield _counters(snapshot)


def sign(photo: Photo) -> Text:
    return Text(words.PHOTO_SIGN[photo.status], style=words.PHOTO_COLOUR[photo.status])


def photo_table(photos: Iterable[Photo], width: int, sign_of: Callable[[Photo], RenderableType] = sign) -> Table:
    """One row a photo, in the order of upload. A failed photo says why where the others show room, items and volume."""
    table = Table(box=None, width=width, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    table.add_column("", width=1)
    table.add_column("Photo", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("Status", width=9)
    table.add_column("Room", ratio=2, no_wrap=True, overflow="ellipsis")
    if width >= 60:
        table.add_column("Items", width=5, justify="right")
    table.add_column("Volume", width=9, justify="right")
    for photo in photos:
        table.add_row(*_cells(photo, sign_of(photo), wide=width >= 60))
    return table


def window(photos: tuple[Photo, ...], rows: int) -> range:
    """Which photos to show in `rows` lines: all, or (order kept) those around the first that is not finished."""
    if len(photos) <= rows:
        return range(len(photos))
    open_photos = (
        at for at, photo in enumerate(photos) if photo.status in {PhotoStatus.PENDING, PhotoStatus.PROCESSING}
    )
    first_open = next(open_photos, len(photos))
    start = min(max(0, first_open - rows // 2), len(photos) - rows)
    return range(start, start + rows)


def _cells(photo: Photo, mark: RenderableType, *, wide: bool) -> list[RenderableType]:
    colour = words.PHOTO_COLOUR[photo.status]
    done = photo.status is PhotoStatus.DONE
    room = words.room(photo.room_type) if done else words.clean(photo.error or "")
    cells: list[RenderableType] = [
        mark,
        Text(words.clean(photo.filename), style="bright_black" if photo.status is PhotoStatus.PENDING else ""),
        Text(words.PHOTO_WORD[photo.status], style=colour),
        Text(room, style="" if done else colour),
    ]
    if wide:
        cells.append(str(photo.item_count) if done else "")
    return [*cells, words.cubic_metres(photo.volume) if done else ""]


def _connection(link: Link) -> Text:
    return Text("● " + words.link(link, time.monotonic()), style=LINK_COLOUR[link.state])


def _bar(snapshot: Snapshot, width: int) -> Table:
    counts = snapshot.counts
    finished = counts.completed + counts.failed
    colour = words.BATCH_COLOUR[snapshot.status]
    line = Table.grid(padding=(0, 0, 0, 2))
    line.width = width
    line.add_column(ratio=1)
    line.add_column(no_wrap=True)
    bar = ProgressBar(total=counts.total, completed=finished, complete_style=colour, finished_style=colour)
    line.add_row(bar, f"{snapshot.progress:3d} %  {finished} of {words.photos(counts.total)}")
    return line


def _counters(snapshot: Snapshot) -> Text:
    counts = snapshot.counts
    numbers = {
        PhotoStatus.PENDING: counts.queued,
        PhotoStatus.PROCESSING: counts.processing,
        PhotoStatus.DONE: counts.completed,
        PhotoStatus.ERROR: counts.failed,
    }
    line = Text()
    for status, number in numbers.items():
        colour = words.PHOTO_COLOUR[status] if number else "bright_black"
        line.append(f"{words.PHOTO_SIGN[status]} {number} {words.PHOTO_WORD[status]}   ", style=colour)
    return line


def _total(snapshot: Snapshot) -> Text:
    summary = snapshot.inventory_summary
    if summary is None:
        return Text("The volume appears with the first counted photo.", style="bright_black")
    names = [words.thing(_name(item.label), item.count) for item in sorted(summary.by_item, key=_volume, reverse=True)]
    return Text.assemble(
        (words.cubic_metres(summary.total_volume), "bold"),
        f" so far, {words.items(summary.total_items)}",
        (f"  {', '.join(names)}" if names else "", "bright_black"),
        overflow="ellipsis",
        no_wrap=True,
    )


def _volume(item: ItemSum) -> float:
    return item.volume


def _name(label: str) -> str:
    known = volumes.find(label)
    return known.label_en if known else label
