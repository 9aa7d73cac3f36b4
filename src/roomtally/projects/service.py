"""What projects can do."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4

from roomtally.accounts.model import UserId
from roomtally.db import idempotency
from roomtally.db.pool import Pool, transaction
from roomtally.names import clean_name
from roomtally.projects import store
from roomtally.projects.model import Project

LONGEST_NAME = 200  # characters


class Projects:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, user_id: UserId, name: str, key: str | None) -> Project:
        """A new project, or the one that the same Idempotency-Key made before. Raises errors.Invalid, errors.Conflict."""
        name = clean_name(name, LONGEST_NAME)
        new_id = uuid4()
        async with transaction(self._pool) as conn:
            project_id = new_id
            if key:
                fingerprint = hashlib.sha256(f"project\n{name}".encode()).digest()
                project_id = await idempotency.claim(conn, user_id, key, fingerprint, new_id)
            if project_id == new_id:
                await store.add_project(conn, new_id, user_id, name)
            return await store.get_project(conn, user_id, project_id)

    async def get(self, user_id: UserId, project_id: UUID) -> Project:
        async with self._pool.connection() as conn:
            return await store.get_project(conn, user_id, project_id)

    async def list(self, user_id: UserId, limit: int, before: tuple[datetime, UUID] | None) -> list[Project]:
        async with self._pool.connection() as conn:
            return await store.list_projects(conn, user_id, limit, before)
