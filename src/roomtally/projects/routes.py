"""/api/projects."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey
from roomtally.http.paging import CursorText, Limit, read_cursor, write_cursor
from roomtally.projects.model import Project
from roomtally.projects.service import LONGEST_NAME, Projects


class NewProject(msgspec.Struct, rename="camel"):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class ProjectPage(msgspec.Struct, rename="camel"):
    items: list[Project]
    next: str | None


class ProjectRoutes(Controller):
    path = "/api/projects"
    tags = ("Projects",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @post("/", summary="Begin a move", responses=problems(400, 401, 403, 409, 415))
    async def create(
        self,
        principal: NamedDependency[Principal],
        projects: NamedDependency[Projects],
        data: JSONBody[NewProject],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[Project]:
        project = await projects.create(principal.user_id, data.name, idempotency_key)
        return Response(project, headers={"Location": f"/api/projects/{project.id}"})

    @get("/", summary="Your moves, newest first", responses=problems(400, 401))
    async def list_projects(
        self,
        principal: NamedDependency[Principal],
        projects: NamedDependency[Projects],
        limit: Limit = 50,
        cursor: CursorText = None,
    ) -> ProjectPage:
        found = await projects.list(principal.user_id, limit + 1, read_cursor(cursor))
        page = found[:limit]
        more = len(found) > limit
        return ProjectPage(page, write_cursor((page[-1].created_at, page[-1].id)) if more else None)

    @get("/{project_id:uuid}", summary="One move", responses=problems(401, 404))
    async def read(
        self, principal: NamedDependency[Principal], projects: NamedDependency[Projects], project_id: FromPath[UUID]
    ) -> Project:
        return await projects.get(principal.user_id, project_id)
