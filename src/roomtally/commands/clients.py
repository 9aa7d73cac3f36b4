"""The commands that talk to a running service."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from roomtally import settings as configuration

if TYPE_CHECKING:
    from roomtally.client import access


def client_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which service, as which account. Without them: those of the `up` that runs on this machine."""
    text = "The service. [default: that of the running `up`, else http://127.0.0.1:8000]"
    return url_option(text)(account_options(command))


def url_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--url", envvar=configuration.URL, show_envvar=True, help=text)


def account_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            envvar=configuration.DATA,
            show_envvar=True,
            help="The folder that `up` was given.",
        ),
        click.option("--password", envvar=configuration.PASSWORD, show_envvar=True),
        click.option("--email", envvar=configuration.EMAIL, show_envvar=True),
        click.option("--token", envvar=configuration.TOKEN, show_envvar=True, help="An API token."),
    ):
        command = option(command)
    return command


def find_service(
    url: str | None, token: str | None, email: str | None, password: str | None, data: Path | None
) -> "tuple[str, access.Account]":
    from roomtally.client import access
    from roomtally.embedded import data_folder

    folder = (data or data_folder.default_folder(os.environ)).expanduser().absolute()
    address = access.address(url or data_folder.find_address(folder) or "http://127.0.0.1:8000")
    given = access.Account(token, email, password)
    return address, access.choose(address, given, folder / data_folder.DEMO_PASSWORD)


PHOTO = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("photos", nargs=-1, required=True, type=PHOTO, metavar="PHOTO...")
@click.option("--project", metavar="NAME|ID", help="The move they belong to; a new name makes a new move.")
@click.option("--watch", "follow", is_flag=True, help="Stay and show the progress.")
@client_options
def submit(photos: tuple[Path, ...], project: str | None, follow: bool, **service: Any) -> None:
    """Upload photos as one batch. With --watch it exits 1 unless every photo was counted."""
    from roomtally.client import commands

    sys.exit(
        commands.submit(*find_service(**service), list(photos), project, watch=None if follow else _watch_command())
    )


def _watch_command() -> str:
    """As this one was called: `.venv/bin/roomtally` is on nobody's PATH, and the same service is meant. No secret is repeated."""
    called, context = Path(sys.argv[0]), click.get_current_context()
    words = ["python", "-m", "roomtally"] if called.name == "__main__.py" else [str(called)]
    words.append("watch")
    for name in ("url", "data"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [f"--{name}", str(context.params[name])]
    return shlex.join(words)


@click.command()
@click.argument("batch")
@client_options
def watch(batch: str, **service: Any) -> None:
    """Show a batch's progress until it is finished. Exits 1 unless every photo was counted."""
    from roomtally.client import commands

    sys.exit(commands.watch(*find_service(**service), batch))


@click.command(short_help="Try a running service from end to end.")
@click.argument("photos", nargs=-1, type=PHOTO, metavar="[PHOTO]...")
@click.option("--timeout", type=click.FloatRange(min=1), default=300, show_default=True, help="Seconds for everything.")
@client_options
def smoke(photos: tuple[Path, ...], timeout: float, **service: Any) -> None:
    """Try a running service from end to end (by default with two demo photos); exits 1 on any difference."""
    from roomtally.client import commands

    sys.exit(commands.smoke(*find_service(**service), list(photos), timeout_seconds=timeout))
