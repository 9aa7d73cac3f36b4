"""Adding people."""

import pytest

from roomtally import errors
from roomtally.accounts.model import Role
from roomtally.accounts.service.passwords import Passwords
from roomtally.accounts.service.sessions import add_user
from roomtally.db.pool import Pool


@pytest.fixture
def passwords():
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_a_new_user(pool: Pool, passwords: Passwords):
    user = await add_user(pool, passwords, " Jean@Example.org ", "long enough a password", Role.OPERATOR)
    assert (user.email, user.role) == ("jean@example.org", Role.OPERATOR)
    with pytest.raises(errors.Conflict, match="email-taken"):
        await add_user(pool, passwords, "JEAN@example.org", "long enough a password", Role.USER)


@pytest.mark.parametrize(
    "email",
    ["", "jean", "@example.org", "jean@", "a b@example.org", "x" * 250 + "@e.org", "a\u202e@e.org", "a\0@e.org"],
)
async def test_what_is_no_address(pool: Pool, passwords: Passwords, email: str):
    with pytest.raises(errors.Invalid, match="invalid-email"):
        await add_user(pool, passwords, email, "long enough a password", Role.USER)


@pytest.mark.parametrize("password", ["", "too short", "x" * 1001])
async def test_what_is_no_password(pool: Pool, passwords: Passwords, password: str):
    with pytest.raises(errors.Invalid, match="weak-password"):
        await add_user(pool, passwords, "a@example.org", password, Role.USER)
