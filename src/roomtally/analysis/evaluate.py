"""`python -m roomtally.analysis.evaluate FOLDER`: how good the engine of the settings is on photos with a truth file."""

import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from roomtally import errors, settings
from roomtally.analysis.engines import create_analyzer
from roomtally.analysis.evaluation import TRUTH_FILE, PhotoScore, Score, evaluate
from roomtally.inventory import allowance, volumes

_NEEDS = (
    "`make evaluate PHOTOS=FOLDER` needs a folder of photos with a truth.json beside them, such as "
    '{"photos": {"bedroom.jpg": {"room_type": "bedroom", "coco": {"bed": 1, "chair": 2}}}}; docs/operations.md has all of it.'
)
_NO_SERVERS = {"ROOMTALLY_DATABASE_URL": "none", "ROOMTALLY_REDIS_URL": "none", "ROOMTALLY_STORAGE_URL": "none"}


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the table was printed, 2 for a wrong call, 1 where photos, truth or engine cannot be used."""
    console = Console()
    if len(arguments) != 1:
        console.print(Text(_NEEDS))
        return 2
    if not (Path(arguments[0]) / TRUTH_FILE).is_file():
        console.print(Text(f"There is no truth.json in {arguments[0]}. {_NEEDS}", style="red"))
        return 1
    try:
        analyzer = create_analyzer(settings.load(_NO_SERVERS | os.environ))
        score = evaluate(analyzer, Path(arguments[0]), _litres)
    except errors.RoomtallyError as error:
        console.print(Text(error.detail, style="red"))
        return 1
    except (OSError, msgspec.DecodeError) as error:
        console.print(Text(f"The photos or their truth.json cannot be read: {error}. {_NEEDS}", style="red"))
        return 1
    console.print(_photos(score), _summary(score, analyzer.name))
    return 0


def _litres(label: str) -> int:
    """0 for what has no volume of its own (waste bins, fitted cupboards): the truth names more than moves house."""
    volume = volumes.find(label)
    return volume.typical if volume else 0


def _photos(score: Score) -> Table:
    table = Table(title="photo by photo")
    table.add_column("photo", no_wrap=True, max_width=17)  # all columns fit 80
    table.add_column("room", no_wrap=True)
    for heading in ("hit", "extra", "miss", "m³", "true", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for photo in score.photos:
        table.add_row(*_row(photo), style=None if photo.room_right and not photo.extra + photo.missed else "yellow")
    return table


def _row(photo: PhotoScore) -> list[str]:
    room = photo.room if photo.room_right else f"{photo.room} ✗"
    volumes_of = (f"{photo.litres_found / 1000:.2f}", f"{photo.litres_true / 1000:.2f}")
    return [
        photo.name,
        room,
        *map(str, (photo.hits, photo.extra, photo.missed)),
        *volumes_of,
        f"{photo.seconds * 1e3:.0f}",
    ]


def _summary(score: Score, engine: str) -> Table:
    table = Table("measure", title=f"engine {engine}, {len(score.photos)} photos")
    table.add_column("value", justify="right")
    rooms = f"{score.rooms_right} of {len(score.photos)} ({score.rooms_right / max(len(score.photos), 1):.0%})"
    usual = sum(allowance.litres(photo.room) for photo in score.photos)
    for measure, value in {
        "precision": f"{score.precision:.3f}",
        "recall": f"{score.recall:.3f}",
        "F1": f"{score.f1:.3f}",
        "rooms right": rooms,
        "volume error of all photos": f"{score.volume_error:+.1%}",
        "... with what is usually also there": f"{score.volume_error_with(usual):+.1%}",
        "volume error a photo, mean": f"{score.volume_error_per_photo / 1000:.2f} m³",
        "time a photo, mean": f"{score.milliseconds:.0f} ms",
    }.items():
        table.add_row(measure, value)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
