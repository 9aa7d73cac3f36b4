"""The commands that are a process of the service."""

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from roomtally import errors
from roomtally import settings as configuration
from roomtally.commands import ending

DRAIN_UNFINISHED = 3  # an exit code


@click.command(short_help="Start everything on this machine; Ctrl-C stops it.")
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
@click.option(
    "--sample/--no-sample", default=True, show_default=True, help="Make an empty sample move on the first start."
)
def up(port: int | None, private_port: int | None, data: Path | None, workers: int, sample: bool) -> None:
    """Start everything on this machine: PostgreSQL, Valkey, web, workers, sweeper. Ctrl-C stops it; the data stays."""
    from roomtally.embedded import data_folder, supervisor
    from roomtally.telemetry import logs

    environ = os.environ
    logs.configure("info", "auto", process="up")
    folder = data or data_folder.default_folder(environ)
    supervisor.up(supervisor.Options(folder, port, private_port, workers, sample), environ)


@click.command()
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
        ending.say(error)
        sys.exit(ending.code(error))


@click.command(short_help="Send the streams of a web process away.")
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
            f"roomtally: After {timeout:g} s {draining.streams(found.left)} left open; it goes on without us.", err=True
        )
        sys.exit(DRAIN_UNFINISHED)
    stopped = " The process has stopped meanwhile." if found.stopped else ""
    click.echo(f"Drained: {draining.streams(found.most)} sent away, none is left.{stopped}")


@click.command()
def work() -> None:
    """Run one worker process: it looks at one photo at a time."""
    from roomtally import worker

    _close_files_to_others()
    worker.run_worker(configuration.load(os.environ))


@click.command(short_help="Run the sweeper: it moves on what was left.")
def sweep() -> None:
    """Run the sweeper: it moves on what dead workers left and hints again."""
    from roomtally import worker

    _close_files_to_others()
    worker.run_sweeper(configuration.load(os.environ))
