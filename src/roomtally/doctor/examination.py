"""All that is looked at, one after the other; each examination goes on whatever the others found."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import NamedTuple

from roomtally import errors
from roomtally import settings as configuration
from roomtally.client.access import Account
from roomtally.doctor import configured, database, engine, storage, valkey, way
from roomtally.doctor.finding import Finding, fail
from roomtally.settings import Settings


class Public(NamedTuple):
    """The address that people use, and who tries it."""

    url: str
    account: Account


EXAMINERS: tuple[tuple[str, Callable[[Settings], Iterable[Finding]]], ...] = (
    (configured.PART, configured.examine),
    (database.PART, database.examine),
    (valkey.PART, valkey.examine),
    (engine.PART, engine.examine),
)


async def examine(environ: Mapping[str, str], public: Public | None) -> AsyncGenerator[Finding]:
    """With the settings in `environ`; where they cannot be read nothing else can be looked at."""
    try:
        settings = configuration.load(environ)
    except errors.Invalid as error:
        yield fail(configured.PART, error.detail, "docs/operations.md has all settings.")
        return
    for part, examiner in EXAMINERS:
        try:
            for finding in examiner(settings):
                yield finding
        except Exception as error:
            yield _broke(part, error)
    try:
        async for finding in storage.examine(settings):
            yield finding
        for finding in await way.examine(*public) if public else ():
            yield finding
    except Exception as error:
        yield _broke(storage.PART, error)


def _broke(part: str, error: Exception) -> Finding:
    return fail(part, f"could not be looked at: {type(error).__name__}: {error}", "Report it.")
