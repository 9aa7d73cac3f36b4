"""The command that looks at everything a service needs."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from roomtally.commands.clients import account_options, find_service, url_option

if TYPE_CHECKING:
    from roomtally.doctor.examination import Public
    from roomtally.doctor.finding import Finding


@click.command(short_help="Is everything there that the service needs?")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
@url_option("The address that people use. Without it no stream is tried.")
@account_options
def doctor(as_json: bool, **service: Any) -> None:
    """Look at database, Valkey, photo store, model and settings, and say what to do; exits 1 where something failed.

    The settings are those of the environment, as the processes read them; without ROOMTALLY_DATABASE_URL, or with --data, those of
    the `up` that runs on this machine. With --url the address that people use is tried too: whether an event of a stream arrives
    there alone and at once. That makes a small batch and deletes it again.
    """
    from roomtally.doctor import telling
    from roomtally.telemetry import logs

    logs.configure("error", "auto", process="doctor")
    environ, public = _environ(service["data"]), _public(service)
    findings = asyncio.run(_examine(environ, public, as_json=as_json))
    if as_json:
        click.echo(telling.as_json(findings))
    sys.exit(0 if telling.is_well(findings) else 1)


def _environ(data: Path | None) -> dict[str, str]:
    if data is None and os.environ.get("ROOMTALLY_DATABASE_URL"):
        return dict(os.environ)
    from roomtally.embedded import data_folder, running

    folder = (data or data_folder.default_folder(os.environ)).expanduser().absolute()
    return running.find_environ(folder)


def _public(service: dict[str, Any]) -> "Public | None":
    if service["url"] is None:
        return None
    from roomtally.doctor.examination import Public

    return Public(*find_service(**service))


async def _examine(environ: Mapping[str, str], public: "Public | None", *, as_json: bool) -> "list[Finding]":
    from roomtally.client import commands
    from roomtally.doctor import examination, telling

    findings = examination.examine(environ, public)
    if as_json:
        return [finding async for finding in findings]
    return await telling.tell(commands.open_console(), findings)
