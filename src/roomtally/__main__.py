"""The command line. One function a command; what it does lives in the rooms below."""

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from roomtally import errors
from roomtally import settings as configuration

DATA = "ROOMTALLY_DATA"  # of `up` alone: a folder, not a setting of the processes


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != DATA}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="roomtally")
def cli() -> None:
    """Photos of rooms in, a moving inventory out, watched live."""


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where people reach it. [default: 8000]")
@click.option(
    "--private-port", type=click.IntRange(0, 65535), help="Metrics and health; 0 takes free ones. [default: 9100]"
)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), envvar=DATA, help="Where everything is kept.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that look at photos."
)
@click.option("--sample/--no-sample", default=True, show_default=True, help="Make a sample move on the first start.")
def up(port: int | None, private_port: int | None, data: Path | None, workers: int, sample: bool) -> None:
    """Start everything on this machine: PostgreSQL, Valkey, web, workers, sweeper. Ctrl-C stops it; the data stays."""
    from roomtally.embedded import data_folder, supervisor
    from roomtally.telemetry import logs

    environ = _environ()
    logs.configure("info", "auto", process="up")
    folder = data or data_folder.default_folder(environ)
    supervisor.up(supervisor.Options(folder, port, private_port, workers, sample), environ)


@cli.command()
def serve() -> None:
    """Run the web process alone."""
    from roomtally.telemetry import logs

    settings = configuration.load(_environ())
    logs.configure(settings.log_level, settings.log_format, service="web")
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.server import Server

    # One worker process: streams do not spread evenly over several, and one process is one registry of metrics.
    Server(
        "roomtally.app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.auto,
        websockets=False,
        backpressure=settings.backpressure,
        log_enabled=False,
        process_name="roomtally web",
    ).serve(target_loader=partial(_load_web, settings), wrap_loader=False)


def _load_web(settings: configuration.Settings) -> Any:
    """In granian's worker process, forked or spawned: it must end with its parent and has its own telemetry."""
    from roomtally import app, telemetry
    from roomtally.embedded import children

    children.die_with_parent(signal.SIGTERM)()
    telemetry.start(settings, "web")
    return app.create_app(settings)


@cli.command()
def work() -> None:
    """Run one worker process: it looks at one photo at a time."""
    from roomtally import worker

    worker.run_worker(configuration.load(_environ()))


@cli.command()
def sweep() -> None:
    """Run the sweeper: it moves on what dead workers left and hints again."""
    from roomtally import worker

    worker.run_sweeper(configuration.load(_environ()))


@cli.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from roomtally.db import migrate as migrations

    applied = migrations.migrate(configuration.load(_environ()).database_url)
    click.echo("\n".join(applied) if applied else "The schema is current.")


@cli.group()
def user() -> None:
    """People who may sign in."""


def main() -> None:
    """The entry point: an error of ours is one line on stderr, not a traceback."""
    try:
        cli(prog_name="roomtally")
    except errors.RoomtallyError as error:
        click.echo(f"roomtally: {error.detail}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
