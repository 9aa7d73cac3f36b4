"""The commands that work on a database."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from roomtally import settings as configuration

if TYPE_CHECKING:
    from roomtally.accounts import model


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


@click.command()
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


@click.group()
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
