"""How a command ends that cannot do what it was asked for: one sentence on stderr, not a traceback."""

from typing import Any

import click

from roomtally import errors


def say(error: errors.RoomtallyError) -> None:
    click.echo(f"roomtally: {error.detail}", err=True)


def code(error: errors.RoomtallyError) -> int:
    """2 where what was given cannot be used, else 1."""
    return 2 if isinstance(error, errors.Invalid) else 1


class PlainGroup(click.Group):
    """Its commands' options refuse a number in words: click says "'abc' is not a valid integer range"."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.BadParameter as error:
            if error.param is None or not isinstance(error.param.type, click.IntRange | click.FloatRange):
                raise
            given = error.message.partition(" is not ")[0]
            said = f"{given} is no {_wanted(error.param.type)}."
            raise click.BadParameter(said, error.ctx, error.param) from error


def _wanted(kind: click.IntRange | click.FloatRange) -> str:
    number = "whole number" if isinstance(kind, click.IntRange) else "number"
    if kind.max is None:
        return f"{number} of {kind.min:g} or more"
    return f"{number} from {kind.min:g} to {kind.max:g}"
