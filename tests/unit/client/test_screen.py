"""The terminal's picture and its plain lines."""

import io
import time

import pytest
from rich.console import Console

from roomtally.batches.model import BatchStatus, Counts, Photo, PhotoStatus, RoomSum, Snapshot, Summary
from roomtally.client import board, ending, words
from roomtally.client.stream import Link, LinkState
from roomtally.client.watch import Lines
from roomtally.inventory.model import Inventory, ItemTotal, Range, RoomTotal

HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]salon\u202egpj.exe\r\n.jpg"


def photo(number: int, status: PhotoStatus, **changes: object) -> Photo:
    values: dict[str, object] = {
        "id": f"id-{number}",
        "filename": f"room_{number:03}.jpg",
        "status": status,
        "room_type": "living_room" if status is PhotoStatus.DONE else None,
        "item_count": 6 if status is PhotoStatus.DONE else 0,
        "volume": 3.125 if status is PhotoStatus.DONE else 0.0,
        "error": "The file is incomplete." if status is PhotoStatus.ERROR else None,
    }
    return Photo(**(values | changes))  # pyright: ignore[reportArgumentType] -- a test's shorthand


def snapshot(status: BatchStatus, *photos: Photo) -> Snapshot:
    number = [p.status for p in photos].count
    done = number(PhotoStatus.DONE)
    counts = Counts(
        queued=number(PhotoStatus.PENDING),
        processing=number(PhotoStatus.PROCESSING),
        completed=done,
        failed=number(PhotoStatus.ERROR),
        total=len(photos),
    )
    rooms = (RoomSum(room_type="living_room", items=6 * done, volume=3.125 * done),)
    return Snapshot(
        batch_id="8d0e3f52-5a52-4a8e-9d6c-0b8a2f1c7e11",
        project_id="p",
        status=status,
        paused=False,
        run=1,
        progress=100 * (counts.completed + counts.failed) // counts.total,
        counts=counts,
        photos=photos,
        inventory_summary=Summary(total_items=6 * done, total_volume=3.125 * done, by_room=rooms) if done else None,
        event_id="e-1",
        created_at="2026-11-24T10:00:00Z",
        updated_at="2026-11-24T10:00:00Z",
    )


def inventory(items: int, volume: float) -> Inventory:
    between = Range(low=2.0, typical=volume, high=4.5)
    things = [
        ItemTotal("sofa", "canapé", "sofa", 2, 0, 3.0, between),
        ItemTotal("lamp", "lampe", "lamp", 1, 1, 0.125, between),
    ]
    room = RoomTotal("living_room", 1, items, volume, between, 0.69, things if items else [])
    return Inventory(
        total_items=items, total_volume=volume, volume_range=between, usually_also=0.69, by_room=[room], by_item=things
    )


def drawn(snap: Snapshot, width: int = 80, height: int = 24, link: Link | None = None) -> str:
    """What a terminal of that size would show."""
    output = io.StringIO()
    console = Console(
        file=output, force_terminal=True, width=width, height=height, color_system=None, legacy_windows=False
    )
    picture = board.Board()
    picture.snapshot = snap
    picture.link = link or Link(LinkState.LIVE, time.monotonic())
    console.print(picture)
    return output.getvalue()


P, W, D, E = PhotoStatus.PENDING, PhotoStatus.PROCESSING, PhotoStatus.DONE, PhotoStatus.ERROR


def test_the_picture_says_the_state_of_everything_in_words() -> None:
    text = drawn(snapshot(BatchStatus.PROCESSING, photo(1, D), photo(2, E), photo(3, W), photo(4, P)))
    for words_on_it in (
        "Processing",
        "live",
        "50 %",
        "2 of 4 photos",
        "living room",
        "3.13 m³",
        "The file is",
        "failed",
    ):
        assert words_on_it in text
    assert "analysing" in text
    assert "waiting" in text


@pytest.mark.parametrize(("width", "height"), [(40, 10), (60, 24), (80, 24), (200, 60)])
def test_it_fits_every_terminal(width: int, height: int) -> None:
    states = [D] * 90 + [E] * 10 + [W] * 2 + [P] * 98
    lines = drawn(snapshot(BatchStatus.PROCESSING, *map(photo, range(200), states)), width, height).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= height + (3 if height == 10 else 0)  # three photos are shown in the lowest of windows, too


def test_of_many_photos_those_in_work_are_shown_in_their_order() -> None:
    photos = tuple(map(photo, range(200), [D] * 100 + [W] * 2 + [P] * 98))
    assert board.window(photos, 10) == range(95, 105)
    assert board.window(photos[:5], 10) == range(5)
    finished = tuple(photo(n, D) for n in range(200))
    assert board.window(finished, 10) == range(190, 200)


def test_a_line_that_is_down_is_never_called_live() -> None:
    waiting = Link(LinkState.WAITING, time.monotonic(), failures=2, pause=5, why="nothing was heard for too long")
    text = drawn(snapshot(BatchStatus.PROCESSING, photo(1, W)), width=140, link=waiting)
    assert "live" not in text
    assert "nothing was heard for too long; next try in 5 s" in text


def test_a_file_name_commands_nothing() -> None:
    for cleaned in (words.clean(HOSTILE), drawn(snapshot(BatchStatus.PROCESSING, photo(1, D, filename=HOSTILE)))):
        assert "\x1b[2J" not in cleaned
        assert "\x07" not in cleaned
        assert "\u202e" not in cleaned
        assert "[red]" in cleaned  # shown as it is, no markup


def lines_of(*snapshots: Snapshot) -> list[str]:
    output = io.StringIO()
    lines = Lines(Console(file=output, width=80))
    for snap in snapshots:
        lines.show(snap)
    return [line.partition("  ")[2] for line in output.getvalue().splitlines()]


def test_without_a_terminal_each_change_is_one_line() -> None:
    said = lines_of(
        snapshot(BatchStatus.QUEUED, photo(1, P), photo(2, P)),
        snapshot(BatchStatus.PROCESSING, photo(1, W), photo(2, P)),
        snapshot(BatchStatus.PROCESSING, photo(1, D), photo(2, P)),
        snapshot(BatchStatus.PROCESSING, photo(1, D), photo(2, P)),
        snapshot(BatchStatus.PARTIAL, photo(1, D), photo(2, E)),
    )
    assert said == [
        "Queued: 2 photos",
        "Processing: 2 photos",
        "  0 %  analysing  room_001.jpg",
        " 50 %  done       room_001.jpg  (living room, 6 items, 3.13 m³)",
        "100 %  failed     room_002.jpg  (The file is incomplete.)",
        "Finished, some photos failed: 2 photos",
    ]


def ending_of(snap: Snapshot, held: Inventory, *, terminal: bool) -> str:
    output = io.StringIO()
    console = Console(file=output, width=100, color_system=None, force_terminal=terminal, legacy_windows=False)
    ending.show(console, snap, held)
    return output.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_the_end_shows_the_items_of_each_room_and_the_total_with_its_range(terminal: bool) -> None:
    text = ending_of(snapshot(BatchStatus.COMPLETED, photo(1, D)), inventory(3, 3.125), terminal=terminal)
    assert "3.13 m³, 3 items  (at least 2.00 m³, at most 4.50 m³)" in text
    assert "Usually also in such rooms: 0.69 m³" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["living", "room", "3.13", "m³", "3", "items", "on", "1", "photo"] in rows
    assert ["2", "×", "sofa", "3.00", "m³"] in rows
    assert ["lamp", "0.13", "m³", "proposed"] in rows


def test_the_end_in_a_pipe_repeats_no_photo() -> None:
    snap, held = snapshot(BatchStatus.PARTIAL, photo(1, D), photo(2, E)), inventory(3, 3.125)
    assert "room_002.jpg" in ending_of(snap, held, terminal=True)
    assert "room_00" not in ending_of(snap, held, terminal=False)
    assert "%" not in ending_of(snap, held, terminal=False)


def test_the_end_of_an_empty_house_says_so() -> None:
    output = io.StringIO()
    ending.show(Console(file=output, width=100), snapshot(BatchStatus.FAILED, photo(1, E)), inventory(0, 0))
    assert ending.NOTHING_FOUND in output.getvalue()
