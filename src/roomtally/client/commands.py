"""The commands that talk to a running service, as plain functions: they return the exit code."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from roomtally import errors
from roomtally.batches.model import BatchStatus
from roomtally.client import access, api, demo_photos
from roomtally.client import smoke as smoking
from roomtally.client import submit as submitting
from roomtally.client import watch as watching

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def submit(url: str, account: access.Account, photos: list[Path], project: str | None, *, watch: str | None) -> int:
    """0 when the batch was made; without `watch`, the command to follow it by, it is followed: 0 when every photo was counted."""

    async def run(console: Console) -> int:
        async with api.connect(url, account) as service:
            status = await submitting.submit(service, photos, project, console, watch=watch)
        return 0 if status in {None, BatchStatus.COMPLETED} else 1

    return _run(run)


def watch(url: str, account: access.Account, batch_id: str) -> int:
    """0 when every photo was counted."""

    async def run(console: Console) -> int:
        async with api.connect(url, account) as service:
            status = await watching.watch(service, batch_id, console)
        return 0 if status is BatchStatus.COMPLETED else 1

    return _run(run)


def smoke(url: str, account: access.Account, photos: list[Path], *, timeout_seconds: float) -> int:
    """0 when the service kept every promise that was looked at."""

    async def run(console: Console) -> int:
        async with api.connect(url, account) as service:
            faults = await smoking.smoke(
                service, photos or demo_photos.demo_photos(), console, timeout_seconds=timeout_seconds
            )
        console.print(f"\nFAILED: {len(faults)} differences" if faults else "\nOK", style="red" if faults else "green")
        return 1 if faults else 0

    return _run(run)


def open_console() -> Console:
    """What the terminal's encoding cannot write becomes a question mark instead of a crash."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue] -- a text file has it
    return Console(highlight=False)


def _run(work: Callable[[Console], Coroutine[Any, Any, int]]) -> int:
    console = open_console()
    try:
        return asyncio.run(work(console))
    except KeyboardInterrupt:
        console.print("Stopped. What was submitted goes on at the server.")
        return INTERRUPTED
    except msgspec.ValidationError as error:
        raise errors.Unavailable(
            "unexpected-answer", f"The service answered in a way unknown here: {error}."
        ) from error
