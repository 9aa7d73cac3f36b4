import psycopg
import pytest

from roomtally.db.pool import Pool, create_pool, transaction


async def setting(pool: Pool, name: str) -> str:
    async with pool.connection() as conn:
        row = await (await conn.execute("SELECT current_setting(%s)", [name])).fetchone()
    assert row is not None
    return row[0]


async def test_a_lone_statement_is_committed_at_once(pool: Pool) -> None:
    async with pool.connection() as conn:
        assert conn.autocommit
        await conn.execute("CREATE TABLE kept (n int)")
    async with pool.connection() as conn:
        await conn.execute("INSERT INTO kept VALUES (1)")


async def test_a_transaction_rolls_back_what_an_exception_leaves(pool: Pool) -> None:
    async def fail() -> None:
        async with transaction(pool) as conn:
            await conn.execute("CREATE TABLE dropped (n int)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with pool.connection() as conn:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await conn.execute("SELECT * FROM dropped")


async def test_the_settings_that_the_statements_count_on(database: str) -> None:
    async with create_pool(f"{database}&application_name=other", size=1) as pool:
        assert await setting(pool, "jit") == "off"
        assert await setting(pool, "statement_timeout") == "30s"
        assert await setting(pool, "synchronous_commit") == "on"
