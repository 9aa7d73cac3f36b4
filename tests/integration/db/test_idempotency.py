import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest

from roomtally import errors
from roomtally.db import idempotency
from roomtally.db.pool import Pool, transaction


@pytest.fixture
async def user(pool: Pool) -> UUID:
    id_ = uuid4()
    async with pool.connection() as conn:
        await conn.execute("INSERT INTO users (id, email, password_hash) VALUES (%s, 'a@b', 'x')", [id_])
    return id_


async def claim(pool: Pool, user: UUID, resource: UUID, fingerprint: bytes = b"same") -> UUID:
    async with transaction(pool) as conn:
        return await idempotency.claim(conn, user, "key", fingerprint, resource)


async def age(pool: Pool, hours: int) -> None:
    async with pool.connection() as conn:
        await conn.execute("UPDATE idempotency_keys SET created_at = now() - %s * interval '1 hour'", [hours])


async def test_the_first_takes_the_key_and_others_learn_its_resource(pool: Pool, user: UUID) -> None:
    first = uuid4()
    assert await claim(pool, user, first) == first
    assert await claim(pool, user, uuid4()) == first


async def test_twins_at_the_same_moment_agree(pool: Pool, user: UUID) -> None:
    answers = await asyncio.gather(*(claim(pool, user, uuid4()) for _ in range(6)))
    assert len(set(answers)) == 1


async def test_a_request_that_failed_leaves_the_key_free(pool: Pool, user: UUID) -> None:
    async with transaction(pool) as conn:
        await idempotency.claim(conn, user, "key", b"same", uuid4())
        raise psycopg.Rollback
    mine = uuid4()
    assert await claim(pool, user, mine) == mine


async def test_another_request_with_the_same_key_is_refused(pool: Pool, user: UUID) -> None:
    await claim(pool, user, uuid4())
    with pytest.raises(errors.Conflict, match="idempotency-key-reused"):
        await claim(pool, user, uuid4(), b"other")


async def test_a_key_is_free_again_after_a_day_swept_or_not(pool: Pool, user: UUID) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    await claim(pool, user, first)
    await age(pool, 23)
    assert await claim(pool, user, second) == first
    await age(pool, 25)
    assert await claim(pool, user, second, b"other") == second
    await age(pool, 25)
    async with pool.connection() as conn:
        assert await idempotency.forget_old(conn) == 1
    assert await claim(pool, user, third) == third
