"""`roomtally submit`: photos up, one batch made of them."""

import uuid
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from roomtally import errors
from roomtally.batches.model import BatchStatus
from roomtally.client import watch as watching
from roomtally.client import words
from roomtally.client.api import Api


async def submit(
    api: Api, photos: list[Path], project: str | None, console: Console, *, watch: str | None
) -> BatchStatus | None:
    """Makes the batch, says where it is and follows it: the status it ended with. With `watch`, the command that would, says that.

    Raises client.api.Refused for what the service does not take, errors.Invalid for a file that cannot be read.
    """
    sizes = [_size(photo) for photo in photos]
    uploads = await _upload(api, photos, sum(sizes), console)
    project_id = await _project_id(api, project)  # last: a photo that is refused leaves no empty move behind
    batch = await api.create_batch(project_id, uploads)
    batch_id = str(batch["batchId"])
    console.print(Text(f"Batch {batch_id} of {words.photos(len(photos))}"), soft_wrap=True)
    console.print(Text(str(api.http.base_url.join(f"/batches/{batch_id}"))), soft_wrap=True)
    if watch:
        console.print(Text(f"Follow it with: {watch} {batch_id}"), soft_wrap=True)
        return None
    console.print()
    return await watching.watch(api, batch_id, console)


async def _upload(api: Api, photos: list[Path], total: int, console: Console) -> list[str]:
    columns = (
        TextColumn("Uploading"),
        BarColumn(complete_style="magenta", finished_style="magenta"),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        return await api.upload_all(photos, lambda size: bar.advance(task, size))


async def _project_id(api: Api, wanted: str | None) -> str:
    """The project of that id, else of that name (or of today's date), else a new one."""
    if wanted is not None and _is_id(wanted):
        return wanted
    name = wanted or f"Move of {date.today().isoformat()}"  # noqa: DTZ011 - the person's own day
    for project in await api.list_projects():
        if project["name"] == name:
            return str(project["id"])
    return str((await api.create_project(name))["id"])


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _size(photo: Path) -> int:
    try:
        with photo.open("rb"):
            return photo.stat().st_size
    except OSError as error:
        raise errors.Invalid("unreadable-photo", f"{photo} cannot be read: {error.strerror}.") from error
