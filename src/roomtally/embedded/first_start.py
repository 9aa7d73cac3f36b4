"""What `roomtally up` does to a database before the first process looks at it: migrations, the demo account, a sample project."""

import asyncio

from roomtally.accounts.model import Role, UserId
from roomtally.accounts.service import sessions
from roomtally.accounts.service.passwords import Passwords
from roomtally.accounts.store import users
from roomtally.db import migrate
from roomtally.db.pool import Pool, create_pool
from roomtally.embedded.data_folder import DEMO_PASSWORD, DataFolder
from roomtally.projects.service import Projects
from roomtally.settings import Settings

DEMO_EMAIL = "demo@roomtally.local"
SAMPLE_PROJECT = "Sample move"  # empty, so that the first photos have a place


def prepare(settings: Settings, folder: DataFolder, *, sample: bool) -> str:
    """Bring the database up to date and give the line that tells a person how to sign in."""
    migrate.migrate(settings.database_url)
    password = folder.demo_password(settings.demo_password)
    is_new = asyncio.run(_ensure_account(settings, password, sample=sample))
    where = f"the password in {folder.path / DEMO_PASSWORD}"
    return f"sign in as {DEMO_EMAIL} with {f'password {password} ({where})' if is_new else where}"


async def _ensure_account(settings: Settings, password: str, *, sample: bool) -> bool:
    """Whether the account is new. One that is there gets `password`: the folder's word holds, whatever the database knew."""
    passwords = Passwords()
    async with create_pool(settings.database_url, size=1) as pool:
        async with pool.connection() as conn:
            known = await users.find_secret(conn, DEMO_EMAIL)
        if known is None:
            user = await sessions.add_user(pool, passwords, DEMO_EMAIL, password, Role.OPERATOR)
            if sample:
                await Projects(pool).create(user.id, SAMPLE_PROJECT, key=None)
        elif not await passwords.verify(known.password_hash, password):
            await _set_password(pool, passwords, known.user.id, password)
    passwords.close()
    return known is None


async def _set_password(pool: Pool, passwords: Passwords, user_id: UserId, password: str) -> None:
    password_hash = await passwords.hash(password)
    async with pool.connection() as conn:
        await users.set_password(conn, user_id, password_hash)
