"""The command line. One function a command; what it does lives in the rooms below."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from roomtally import errors
from roomtally import settings as configuration

if TYPE_CHECKING:
    from roomtally.accounts import model
    from roomtally.client import access

DRAIN_UNFINISHED = 3  # an exit code


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="roomtally")
def cli() -> None:
    """Photos of rooms in, a moving inventory out, watched live."""


@cli.command(short_help="Start everything on this machine; Ctrl-C stops it.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Where people reach it. [env var: ROOMTALLY_PORT; default: 8000]"
)
@click.option(
    "--private-port",
    type=click.IntRange(0, 65535),
    help="Metrics and health; 0 takes free ones. [env var: ROOMTALLY_PRIVATE_PORT; default: 9100, or a free one]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=configuration.DATA,
    show_envvar=True,
    help="Where everything is kept. [default: /var/lib/roomtally as root, else ~/.local/share/roomtally]",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that look at photos."
)
@click.option("--sample/--no-sample", default=True, show_default=True, help="Make a sample move on the first start.")
def up(port: int | None, private_port: int | None, data: Path | None, workers: int, sample: bool) -> None:
    """Start everything on this machine: PostgreSQL, Valkey, web, workers, sweeper. Ctrl-C stops it; the data stays."""
    from roomtally.embedded import data_folder, supervisor
    from roomtally.telemetry import logs

    environ = os.environ
    logs.configure("info", "auto", process="up")
    folder = data or data_folder.default_folder(environ)
    supervisor.up(supervisor.Options(folder, port, private_port, workers, sample), environ)


@cli.command()
def serve() -> None:
    """Run the web process alone."""
    from roomtally.telemetry import logs

    settings = configuration.load(os.environ)
    _close_files_to_others()
    logs.configure(settings.log_level, settings.log_format, service="web")
    from roomtally import listener

    listener.serve(settings, partial(_load_web, settings))


def _close_files_to_others() -> None:
    """Photos of homes: nobody else on the machine reads them. What the group may, the one who starts us decides."""
    os.umask(os.umask(0o077) | 0o007)


def _load_web(settings: configuration.Settings) -> Any:
    """In granian's worker process, forked or spawned: it must end with its parent and has its own telemetry."""
    from roomtally import app
    from roomtally.embedded import children
    from roomtally.telemetry import process

    children.die_with_parent(signal.SIGTERM)()
    process.start(settings, "web")
    try:
        return app.create_app(settings)
    except errors.RoomtallyError as error:
        _say(error)
        sys.exit(_exit_code(error))


@cli.command(short_help="Send the streams of a web process away.")
@click.option(
    "--private-port",
    type=click.IntRange(1, 65535),
    envvar="ROOMTALLY_PRIVATE_PORT",
    show_envvar=True,
    default=9100,
    show_default=True,
    help="Of the web process.",
)
@click.option("--private-host", default="127.0.0.1", show_default=True, help="Where that port is.")
@click.option("--timeout", type=click.FloatRange(min=1), default=120, show_default=True, help="Seconds to wait.")
def drain(private_port: int, private_host: str, timeout: float) -> None:
    """Send the streams of a web process away and wait until none is left. It serves everything else until it is stopped.

    \b
    Exit codes: 0  no stream is left
                1  it was not asked: nothing answers there, or it takes a drain from its own machine only
                2  an option is wrong
                3  it is not done after --timeout, and goes on without us
    """
    from roomtally.client import draining

    found = draining.drain(private_host, private_port, timeout, partial(click.echo, err=True))
    if not found.over:
        click.echo(
            f"roomtally: After {timeout:g} s {found.left} streams are still open; it goes on without us.", err=True
        )
        sys.exit(DRAIN_UNFINISHED)
    stopped = " The process has stopped meanwhile." if found.stopped else ""
    click.echo(f"Drained: {found.most} streams sent away, none is left.{stopped}")


@cli.command()
def work() -> None:
    """Run one worker process: it looks at one photo at a time."""
    from roomtally import worker

    _close_files_to_others()
    worker.run_worker(configuration.load(os.environ))


@cli.command(short_help="Run the sweeper: it moves on what was left.")
def sweep() -> None:
    """Run the sweeper: it moves on what dead workers left and hints again."""
    from roomtally import worker

    _close_files_to_others()
    worker.run_sweeper(configuration.load(os.environ))


def _of_up(command: Callable[..., None]) -> Callable[..., None]:
    """--data, for commands that work on a database."""
    text = "The folder of a running `up` whose own database is meant. [default: ROOMTALLY_DATABASE_URL, else the usual folder]"
    return click.option("--data", type=click.Path(path_type=Path), help=text)(command)


def _database_url(data: Path | None) -> str:
    """As `_find_database`; raises errors.Unavailable where it does not answer."""
    from roomtally.db import pool

    url = _find_database(data)
    pool.require(url)
    return url


def _find_database(data: Path | None) -> str:
    """Of the `up` that runs on `data`; without it as the environment says, else of the `up` that runs on the usual folder."""
    if data is None and os.environ.get("ROOMTALLY_DATABASE_URL"):
        return configuration.load(os.environ).database_url
    from roomtally.embedded import data_folder, postgres

    usual = os.environ.get(configuration.DATA) or data_folder.default_folder(os.environ)
    folder = (data or Path(usual)).expanduser().absolute()
    return postgres.find_running(folder / data_folder.POSTGRES)


@cli.command()
@click.option(
    "--new-epoch", is_flag=True, help="After a restore to an earlier moment: tell event ids given before from new ones."
)
@_of_up
def migrate(new_epoch: bool, data: Path | None) -> None:
    """Bring the database to this version's schema."""
    from roomtally.db import migrate as migrations

    url = _database_url(data)
    applied = migrations.migrate(url)
    click.echo("\n".join(applied) if applied else "The schema is current.")
    if new_epoch:
        click.echo(f"The epoch is {asyncio.run(_change_epoch(url))} now.")


async def _change_epoch(database_url: str) -> str:
    from roomtally.batches.service import restoring
    from roomtally.db.pool import create_pool

    async with create_pool(database_url, size=1) as pool:
        return await restoring.change_epoch(pool)


@cli.group()
def user() -> None:
    """People who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--operator", is_flag=True, help="May see the operators' pages.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@_of_up
def add_user(email: str, operator: bool, password_stdin: bool, data: Path | None) -> None:
    """Let EMAIL sign in."""
    url = _database_url(data)
    asked = not password_stdin
    password: str = (
        click.prompt("Password", hide_input=True, confirmation_prompt=True)
        if asked
        else sys.stdin.readline().rstrip("\n")
    )
    user = asyncio.run(_add_user(url, email, password, operator=operator))
    click.echo(f"{user.email} can sign in as {user.role}.")


async def _add_user(database_url: str, email: str, password: str, *, operator: bool) -> "model.User":
    from roomtally.accounts import model
    from roomtally.accounts.service import sessions
    from roomtally.accounts.service.passwords import Passwords
    from roomtally.db.pool import create_pool

    role = model.Role.OPERATOR if operator else model.Role.USER
    async with create_pool(database_url, size=1) as pool:
        return await sessions.add_user(pool, Passwords(), email, password, role)


def _client_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which service, as which account. Without them: those of the `up` that runs on this machine."""
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
        click.option(
            "--url",
            envvar=configuration.URL,
            show_envvar=True,
            help="The service. [default: that of the running `up`, else http://127.0.0.1:8000]",
        ),
    ):
        command = option(command)
    return command


def _service(
    url: str | None, token: str | None, email: str | None, password: str | None, data: Path | None
) -> "tuple[str, access.Account]":
    from roomtally.client import access
    from roomtally.embedded import data_folder

    folder = (data or data_folder.default_folder(os.environ)).expanduser().absolute()
    address = access.address(url or data_folder.find_address(folder) or "http://127.0.0.1:8000")
    given = access.Account(token, email, password)
    return address, access.choose(address, given, folder / data_folder.DEMO_PASSWORD)


PHOTO = click.Path(exists=True, dir_okay=False, path_type=Path)


@cli.command()
@click.argument("photos", nargs=-1, required=True, type=PHOTO, metavar="PHOTO...")
@click.option("--project", metavar="NAME|ID", help="The move they belong to; a new name makes a new move.")
@click.option("--watch", "follow", is_flag=True, help="Stay and show the progress.")
@_client_options
def submit(photos: tuple[Path, ...], project: str | None, follow: bool, **service: Any) -> None:
    """Upload photos as one batch. With --watch it exits 1 unless every photo was counted."""
    from roomtally.client import commands

    sys.exit(commands.submit(*_service(**service), list(photos), project, watch=None if follow else _watch_command()))


def _watch_command() -> str:
    """As this one was called: `.venv/bin/roomtally` is on nobody's PATH, and the same service is meant. No secret is repeated."""
    called, context = Path(sys.argv[0]), click.get_current_context()
    words = ["python", "-m", "roomtally"] if called.name == "__main__.py" else [str(called)]
    words.append("watch")
    for name in ("url", "data"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [f"--{name}", str(context.params[name])]
    return shlex.join(words)


@cli.command()
@click.argument("batch")
@_client_options
def watch(batch: str, **service: Any) -> None:
    """Show a batch's progress until it is finished. Exits 1 unless every photo was counted."""
    from roomtally.client import commands

    sys.exit(commands.watch(*_service(**service), batch))


@cli.command(short_help="Try a running service from end to end.")
@click.argument("photos", nargs=-1, type=PHOTO, metavar="[PHOTO]...")
@click.option("--timeout", type=click.FloatRange(min=1), default=300, show_default=True, help="Seconds for everything.")
@_client_options
def smoke(photos: tuple[Path, ...], timeout: float, **service: Any) -> None:
    """Try a running service from end to end (by default with two demo photos); exits 1 on any difference."""
    from roomtally.client import commands

    sys.exit(commands.smoke(*_service(**service), list(photos), timeout_seconds=timeout))


def main() -> None:
    """The entry point: an error of ours is one line on stderr, not a traceback; 2 where what was given cannot be used, else 1."""
    try:
        cli(prog_name="roomtally")
    except errors.RoomtallyError as error:
        _say(error)
        sys.exit(_exit_code(error))


def _say(error: errors.RoomtallyError) -> None:
    click.echo(f"roomtally: {error.detail}", err=True)


def _exit_code(error: errors.RoomtallyError) -> int:
    return 2 if isinstance(error, errors.Invalid) else 1


if __name__ == "__main__":
    main()
