"""Projects: one statement a function."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.db.pool import Connection
from roomtally.projects.model import Project


async def add_project(conn: Connection, project_id: UUID, user_id: UserId, name: str) -> None:
    await conn.execute("INSERT INTO projects (id, user_id, name) VALUES (%s, %s, %s)", [project_id, user_id, name])


async def get_project(conn: Connection, user_id: UserId, project_id: UUID) -> Project:
    """Raises errors.NotFound, for somebody else's too: existence is not told."""
    async with conn.cursor(row_factory=class_row(Project)) as cursor:
        await cursor.execute(
            "SELECT id, name, created_at FROM projects WHERE id = %s AND user_id = %s AND deleted_at IS NULL",
            [project_id, user_id],
        )
        project = await cursor.fetchone()
    if project is None:
        raise errors.NotFound("project-not-found", "You have no such project; list yours at /api/projects.")
    return project


async def list_projects(
    conn: Connection, user_id: UserId, limit: int, before: tuple[datetime, UUID] | None
) -> list[Project]:
    """Newest first, those after the row that `before` names."""
    async with conn.cursor(row_factory=class_row(Project)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, created_at FROM projects
             WHERE user_id = %(user)s AND deleted_at IS NULL
               AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s::uuid))
             ORDER BY created_at DESC, id DESC LIMIT %(limit)s""",
            {"user": user_id, "limit": limit, "at": before and before[0], "id": before and before[1]},
        )
        return await cursor.fetchall()
