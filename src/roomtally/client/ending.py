"""What came of a batch, printed once: every photo (in a terminal), the items of each room, the total with its range."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from roomtally.batches.model import BatchStatus, Snapshot
from roomtally.client import board, words
from roomtally.inventory.model import Inventory

NOTHING_FOUND = "No furniture was found in these photos."


def show(console: Console, snapshot: Snapshot, inventory: Inventory) -> None:
    """Where the output is no terminal, each photo has had its line already."""
    if console.is_terminal:
        _photos(console, snapshot)
    console.print()
    if inventory.total_items:
        console.print(_rooms(inventory))
        console.print()
    console.print(_answer(inventory))
    if snapshot.status is BatchStatus.CANCELLED and snapshot.counts.queued:
        console.print(f"Cancelled: {words.photos(snapshot.counts.queued)} not analysed.")


def _photos(console: Console, snapshot: Snapshot) -> None:
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


def _rooms(inventory: Inventory) -> Table:
    """Each room with what stands in it, the largest first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=24)
    table.add_column(justify="right")
    table.add_column()
    for room in inventory.by_room:
        if room.items:
            told = f"{words.items(room.items)} on {words.photos(room.photos)}"
            table.add_row(
                Text(words.room(room.room_type), "bold"),
                Text(words.cubic_metres(room.volume), "bold"),
                Text(told, "bright_black"),
            )
        for item in room.by_item:
            told = words.proposed(item.proposed, item.count)
            table.add_row(
                Text("  " + words.thing(item.label_en, item.count)),
                words.cubic_metres(item.volume),
                Text(told, "bright_black"),
            )
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
