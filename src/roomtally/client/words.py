"""The words and signs of the terminal: one sign and one word for each state; nothing a file name says can move the cursor."""

from roomtally.batches.model import BatchStatus, Photo, PhotoStatus, Snapshot
from roomtally.client.stream import Link, LinkState

BATCH_WORD = {
    BatchStatus.QUEUED: "Queued",
    BatchStatus.PROCESSING: "Processing",
    BatchStatus.COMPLETED: "Finished",
    BatchStatus.PARTIAL: "Finished, some photos failed",
    BatchStatus.FAILED: "Failed",
    BatchStatus.CANCELLING: "Cancelling",
    BatchStatus.CANCELLED: "Cancelled",
}
BATCH_COLOUR = {
    BatchStatus.QUEUED: "bright_black",
    BatchStatus.PROCESSING: "blue",
    BatchStatus.COMPLETED: "green",
    BatchStatus.PARTIAL: "yellow",
    BatchStatus.FAILED: "red",
    BatchStatus.CANCELLING: "yellow",
    BatchStatus.CANCELLED: "bright_black",
}
PHOTO_WORD = {
    PhotoStatus.PENDING: "waiting",
    PhotoStatus.PROCESSING: "analysing",
    PhotoStatus.DONE: "done",
    PhotoStatus.ERROR: "failed",
}
PHOTO_SIGN = {PhotoStatus.PENDING: "·", PhotoStatus.PROCESSING: "◐", PhotoStatus.DONE: "✓", PhotoStatus.ERROR: "✗"}
PHOTO_COLOUR = {
    PhotoStatus.PENDING: "bright_black",
    PhotoStatus.PROCESSING: "blue",
    PhotoStatus.DONE: "green",
    PhotoStatus.ERROR: "red",
}

SEEN_LITRES = 5  # less than that is no hundredth of a cubic metre, and not nothing either


def clean(text: str) -> str:
    """`text` without what a terminal obeys: control characters, and marks that turn the writing direction."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def room(room_type: str | None) -> str:
    return clean((room_type or "").replace("_", " "))


def cubic_metres(volume: float) -> str:
    """Two decimals, halves up: `volume` is whole litres, which a float's own rounding would take for a little less."""
    if 0 < round(volume * 1000) < SEEN_LITRES:
        return "< 0.01 m³"
    hundredths = (round(volume * 1000) + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02} m³"


def batch(snapshot: Snapshot) -> str:
    return "Paused" if snapshot.paused else BATCH_WORD[snapshot.status]


def photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count} photos"


def items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def thing(name: str, count: int) -> str:
    return clean(name) if count == 1 else f"{count} × {clean(name)}"


def proposed(number: int, count: int) -> str:
    """Of `count` pieces `number` were inferred; nobody has seen them on a photo."""
    if not number:
        return ""
    return "proposed" if number == count else f"{number} of them proposed"


def result(photo: Photo) -> str:
    """What came of one photo, as one phrase."""
    match photo.status:
        case PhotoStatus.DONE:
            parts = (room(photo.room_type), items(photo.item_count), cubic_metres(photo.volume))
            return ", ".join(part for part in parts if part)
        case PhotoStatus.ERROR:
            return clean(photo.error or "")
        case PhotoStatus.PENDING | PhotoStatus.PROCESSING:
            return ""


def link(link: Link, now: float) -> str:
    match link.state:
        case LinkState.LIVE:
            return "live"
        case LinkState.CONNECTING:
            return f"connecting, try {link.failures + 1}" if link.failures else "connecting"
        case LinkState.WAITING:
            seconds = max(0, round(link.at + link.pause - now))
            return f"{link.why}; next try in {seconds} s" if link.why else f"connecting again in {seconds} s"
