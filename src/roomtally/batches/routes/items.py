"""What a photo shows and what a person says about it: /api/photos/{id}/items and /api/items/{id}."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody

from roomtally import errors
from roomtally.accounts import auth
from roomtally.accounts.model import Principal
from roomtally.batches.model import Snapshot
from roomtally.batches.service import Corrected, Correction, corrections
from roomtally.batches.service.context import Context
from roomtally.http import conditional
from roomtally.http.document import problems
from roomtally.http.keys import IdempotencyKey
from roomtally.inventory.model import FoundItem, FoundItems
from roomtally.inventory.service import Inventories

LITRES_A_CUBIC_METRE = 1000

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description='The version of the item that was seen, in quotes: "3". Needed.'),
]


class NewItem(msgspec.Struct, rename="camel"):
    """`volume_each`: m³ of one; left out, the table says it."""

    label: str
    count: int = 1
    volume_each: float | None = None


class ItemCorrection(msgspec.Struct, rename="camel"):
    """What is left out stays. `proposed` can only be taken away: the thing is there."""

    label: str | None = None
    count: int | None = None
    volume_each: float | None = None
    proposed: bool | None = None


class CorrectedItem(msgspec.Struct, rename="camel"):
    """The item as it is now, a removed one with a count of 0, and the whole progress of its batch."""

    item: FoundItem
    batch: Snapshot


CORRECTED = ResponseSpec(CorrectedItem, description="The item and its batch.", generate_examples=False)
REFUSALS = {200: CORRECTED, **problems(400, 401, 403, 404, 409, 412, 428)}


class PhotoItemRoutes(Controller):
    path = "/api/photos/{photo_id:uuid}/items"
    tags = ("Inventory",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @get("/", summary="What one photo shows, and where on it", responses=problems(401, 404))
    async def of_photo(
        self, principal: NamedDependency[Principal], inventories: NamedDependency[Inventories], photo_id: FromPath[UUID]
    ) -> FoundItems:
        return await inventories.of_photo(principal.user_id, photo_id)

    @post(
        "/",
        summary="Add what the analyzer has not found",
        responses={201: CORRECTED, **problems(400, 401, 403, 404, 409, 415)},
    )
    async def add(
        self,
        *,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        inventories: NamedDependency[Inventories],
        photo_id: FromPath[UUID],
        data: JSONBody[NewItem],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        corrected = await corrections.add_item(
            context,
            principal.user_id,
            photo_id,
            label=data.label,
            count=data.count,
            litres=_litres(data.volume_each),
            key=idempotency_key,
        )
        return await _answer(inventories, principal, corrected, 201)


class ItemRoutes(Controller):
    path = "/api/items/{item_id:uuid}"
    tags = ("Inventory",)
    dependencies = {"principal": Provide(auth.principal)}  # noqa: RUF012 - litestar reads it so

    @patch(
        "/",
        summary="Change a count, a label, a volume, or confirm what was proposed",
        responses=REFUSALS | problems(415),
    )
    async def correct(
        self,
        *,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        inventories: NamedDependency[Inventories],
        item_id: FromPath[UUID],
        data: JSONBody[ItemCorrection],
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        version = conditional.read_version(if_match)
        corrected = await corrections.correct_item(
            context,
            principal.user_id,
            item_id,
            version=version,
            correction=_correction(data),
            key=idempotency_key,
        )
        return await _answer(inventories, principal, corrected, 200)

    @delete("/", summary="Say that it is not there", status_code=200, responses=REFUSALS)
    async def remove(
        self,
        *,
        principal: NamedDependency[Principal],
        context: NamedDependency[Context],
        inventories: NamedDependency[Inventories],
        item_id: FromPath[UUID],
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response[bytes]:
        version = conditional.read_version(if_match)
        corrected = await corrections.remove_item(
            context, principal.user_id, item_id, version=version, key=idempotency_key
        )
        return await _answer(inventories, principal, corrected, 200)


def _correction(data: ItemCorrection) -> Correction:
    if all(said is None for said in msgspec.structs.astuple(data)):
        raise errors.Invalid("nothing-to-correct", "Say what is to be corrected: label, count, volumeEach or proposed.")
    if data.proposed:
        raise errors.Invalid("invalid-request", "`proposed` can only be taken away: send false, or leave it out.")
    return Correction(label=data.label, count=data.count, litres=_litres(data.volume_each))


def _litres(cubic_metres: float | None) -> int | None:
    """Whole litres. What is below 0 stays below 0, so that it is refused and not rounded away."""
    if cubic_metres is None:
        return None
    return -1 if cubic_metres < 0 else round(min(cubic_metres, 1e6) * LITRES_A_CUBIC_METRE)


async def _answer(inventories: Inventories, principal: Principal, corrected: Corrected, status: int) -> Response[bytes]:
    """The item is read after the batch: it may be newer than its batch, never older."""
    item = await inventories.of_item(principal.user_id, corrected.item_id)
    body = msgspec.json.encode({"item": item, "batch": msgspec.Raw(corrected.progress.body or b"null")})
    headers = {"ETag": conditional.write_etag(item.version)}
    return Response(body, status_code=status, media_type="application/json", headers=headers)
