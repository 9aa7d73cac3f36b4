"""What came of a batch, printed once: every photo, the rooms, the total with its range."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from roomtally.batches.model import BatchStatus, Snapshot
from roomtally.client import board, words
from roomtally.inventory.model import Inventory

NOTHING_FOUND = "No furniture was found in these photos."


def show(console: Console, snapshot: Snapshot, inventory: Inventory) -> None:
    width = min(console.width, board.WIDEST)
    for part in board.head(snapshot, None, width):
        console.print(part)
    console.print()
    console.print(board.photo_table(snapshot.photos, width))
    for photo in snapshot.photos:
        if photo.error:
            console.print(
                Text(f"   {words.clean(photo.filename)}: {words.clean(photo.error)}", style="red"), soft_wrap=True
            )
    console.print()
    if snapshot.inventory_summary is not None and snapshot.inventory_summary.by_room:
        console.print(_rooms(snapshot))
        console.print()
    console.print(_answer(inventory))
    if snapshot.status is BatchStatus.CANCELLED and snapshot.counts.queued:
        console.print(f"Cancelled: {words.photos(snapshot.counts.queued)} not analysed.")


def _rooms(snapshot: Snapshot) -> Table:
    assert snapshot.inventory_summary is not None
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    table.add_column("Room", min_width=14)
    table.add_column("Items", justify="right")
    table.add_column("Volume", justify="right")
    for room in snapshot.inventory_summary.by_room:
        table.add_row(Text(words.room(room.room_type)), str(room.items), words.cubic_metres(room.volume))
    return table


def _answer(inventory: Inventory) -> Text:
    """The answer is one number, and how far it may be off; what such rooms usually also hold is in no total."""
    if not inventory.total_items:
        return Text(NOTHING_FOUND)
    low, high = inventory.volume_range.low, inventory.volume_range.high
    text = Text.assemble(
        (words.cubic_metres(inventory.total_volume), "bold"), f", {words.items(inventory.total_items)}"
    )
    text.append(f"  (at least {words.cubic_metres(low)}, at most {words.cubic_metres(high)})", "bright_black")
    if inventory.usually_also:
        text.append(f"\nUsually also in such rooms: {words.cubic_metres(inventory.usually_also)}", "bright_black")
    return text
