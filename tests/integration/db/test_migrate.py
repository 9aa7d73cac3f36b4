"""Migrations on a real, empty database."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from roomtally import errors
from roomtally.db import migrate as migrations
from roomtally.db.migrate import list_migrations, migrate
from roomtally.embedded.postgres import EmbeddedPostgres

NAMES = [migration.name for migration in list_migrations()]


@pytest.fixture
async def empty(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    name = sql.Identifier(f"empty_{uuid4().hex}")
    server = postgres_server.url_of("postgres")
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as conn:
        await conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield postgres_server.url_of(name.as_string().strip('"'))
        await conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


async def test_all_are_applied_once(empty: str) -> None:
    assert migrate(empty) == NAMES
    assert migrate(empty) == []


async def test_processes_that_start_together_apply_each_once(empty: str) -> None:
    applied = await asyncio.gather(*(asyncio.to_thread(migrate, empty) for _ in range(4)))
    assert sorted(chain(*applied)) == NAMES


async def test_a_file_that_was_changed_afterwards_is_refused(empty: str) -> None:
    migrate(empty)
    async with await psycopg.AsyncConnection.connect(empty, autocommit=True) as conn:
        await conn.execute("UPDATE schema_migrations SET sha256 = 'other' WHERE version = 1")
    with pytest.raises(errors.Conflict, match="migration-changed"):
        migrate(empty)


async def test_a_server_that_is_too_old_is_refused_before_anything_is_written(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await psycopg.AsyncConnection.connect(empty) as conn:
        version = conn.info.server_version
    monkeypatch.setattr(migrations, "OLDEST", version + 10000)
    with pytest.raises(errors.Unsupported) as refused:
        migrate(empty)
    major, minor = divmod(version, 10000)
    assert refused.value.detail == (f"Roomtally needs PostgreSQL {major + 1} or newer; this server is {major}.{minor}.")
    async with await psycopg.AsyncConnection.connect(empty) as conn:
        row = await (await conn.execute("SELECT to_regclass('schema_migrations') IS NULL")).fetchone()
    assert row == (True,)


async def test_each_database_has_an_epoch_of_its_own(empty: str, database: str) -> None:
    migrate(empty)
    epochs: list[str] = []
    for url in (empty, database):
        async with await psycopg.AsyncConnection.connect(url) as conn:
            row = await (await conn.execute("SELECT epoch FROM installation")).fetchone()
            assert row is not None
            epochs.append(row[0])
    assert all(len(epoch) == 12 for epoch in epochs)
    assert epochs[0] != epochs[1]
