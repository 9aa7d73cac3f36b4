"""The command line: python -m roomtally, roomtally."""

import sys

import click

from roomtally import errors
from roomtally.commands import clients, database, doctor, ending, processes


@click.group(cls=ending.PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="roomtally")
def cli() -> None:
    """Photos of rooms in, a moving inventory out, watched live."""


COMMANDS = (
    processes.up,
    processes.serve,
    processes.work,
    processes.sweep,
    processes.drain,
    database.migrate,
    database.user,
    clients.submit,
    clients.watch,
    clients.smoke,
    doctor.doctor,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """The entry point."""
    try:
        cli(prog_name="roomtally")
    except errors.RoomtallyError as error:
        ending.say(error)
        sys.exit(ending.code(error))


if __name__ == "__main__":
    main()
