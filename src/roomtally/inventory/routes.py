"""/api/batches/{id}/inventory and /api/projects/{id}/inventory."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.http.document import problems
from roomtally.inventory.model import Inventory
from roomtally.inventory.service import Inventories


class InventoryRoutes(Controller):
    path = "/api"
    tags = ("Inventory",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @get("/batches/{batch_id:uuid}/inventory", summary="What one batch holds", responses=problems(401, 404))
    async def of_batch(
        self, principal: NamedDependency[Principal], inventories: NamedDependency[Inventories], batch_id: FromPath[UUID]
    ) -> Inventory:
        return await inventories.of_batch(principal.user_id, batch_id)

    @get("/projects/{project_id:uuid}/inventory", summary="What a whole move holds", responses=problems(401, 404))
    async def of_project(
        self,
        principal: NamedDependency[Principal],
        inventories: NamedDependency[Inventories],
        project_id: FromPath[UUID],
    ) -> Inventory:
        return await inventories.of_project(principal.user_id, project_id)
