"""How a command ends that cannot do what it was asked for: one sentence on stderr, not a traceback."""

import click

from roomtally import errors


def say(error: errors.RoomtallyError) -> None:
    click.echo(f"roomtally: {error.detail}", err=True)


def code(error: errors.RoomtallyError) -> int:
    """2 where what was given cannot be used, else 1."""
    return 2 if isinstance(error, errors.Invalid) else 1
