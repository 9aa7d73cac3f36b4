"""What the two inventories say of a real database, and to whom."""

from uuid import UUID, uuid4

import pytest

from roomtally import errors
from roomtally.accounts.model import UserId
from roomtally.batches import service
from roomtally.batches.model import FoundItem
from roomtally.inventory import volumes
from roomtally.inventory.model import Inventory
from roomtally.inventory.service import Inventories
from tests.fixtures.app import Api
from tests.fixtures.batches import Batch, Person, World, result


def item(label: str, count: int = 1, *, proposed: bool = False) -> FoundItem:
    litres = volumes.of(label).typical
    return FoundItem(label=label, count=count, litres=litres, confidence=0.8, boxes=(), proposed=proposed)


async def finish(batch: Batch, position: int, room: str, *items: FoundItem) -> None:
    claimed = await batch.claim(position)
    assert await service.finish_photo(batch.world.context, claimed, result(*items, room=room))


def totals(inventory: Inventory) -> dict[str, tuple[int, float, float]]:
    return {room.room_type: (room.items, room.volume, room.usually_also) for room in inventory.by_room}


def user(person: Person) -> UserId:
    return UserId(person.user)


@pytest.fixture
def inventories(world: World) -> Inventories:
    return Inventories(world.pool)


async def test_a_batch_is_summed_by_room_and_agrees_with_its_snapshot(
    world: World, person: Person, inventories: Inventories
) -> None:
    batch = await world.batch(person, 4)
    await finish(batch, 0, "bedroom", item("bed"), item("nightstand", proposed=True))
    await finish(batch, 1, "bedroom", item("chair", 2))
    await finish(batch, 2, "unknown")
    await batch.fail(3)
    inventory = await inventories.of_batch(user(person), batch.id)
    assert totals(inventory) == {"bedroom": (4, 2.15, 1.26), "unknown": (0, 0.0, 0.0)}
    assert {entry.label: entry.proposed for entry in inventory.by_item} == {"bed": 0, "chair": 0, "nightstand": 1}
    summary = (await batch.snapshot()).inventory_summary
    assert summary is not None
    assert (summary.total_items, summary.total_volume) == (inventory.total_items, inventory.total_volume)


async def test_a_confirmed_list_has_no_proposals_and_nothing_usually_also_there(
    world: World, person: Person, inventories: Inventories
) -> None:
    batch = await world.batch(person, 1)
    await finish(batch, 0, "bedroom", item("bed"), item("nightstand", proposed=True))
    async with world.pool.connection() as conn:
        await conn.execute("UPDATE photos SET confirmed = true WHERE batch_id = %s", [batch.id])
    inventory = await inventories.of_batch(user(person), batch.id)
    assert totals(inventory) == {"bedroom": (2, 1.75, 0.0)}
    assert [entry.proposed for entry in inventory.by_item] == [0, 0]


async def test_what_a_person_took_away_is_gone_and_what_they_measured_has_no_range(
    world: World, person: Person, inventories: Inventories
) -> None:
    batch = await world.batch(person, 1)
    await finish(batch, 0, "office", item("desk"), item("chair", 3))
    async with world.pool.connection() as conn:
        await conn.execute("UPDATE items SET source = 'person', count = 0 WHERE label = 'chair'")
        await conn.execute("UPDATE items SET source = 'person', litres_each = 1234 WHERE label = 'desk'")
    inventory = await inventories.of_batch(user(person), batch.id)
    (desk,) = inventory.by_item
    assert (desk.label, desk.volume_range.low, desk.volume_range.high) == ("desk", 1.234, 1.234)


async def test_a_move_is_all_its_batches_but_the_deleted_ones(
    world: World, person: Person, inventories: Inventories
) -> None:
    assert (await inventories.of_project(user(person), person.project)).total_items == 0
    batches = [await world.batch(person, 1) for _ in range(3)]
    for batch in batches:
        await finish(batch, 0, "office", item("desk"))
    await service.delete(world.context, person.user, batches[0].id)
    inventory = await inventories.of_project(user(person), person.project)
    assert totals(inventory) == {"office": (2, 1.5, 2.16)}


async def test_nobody_sees_anybody_elses(world: World, person: Person, inventories: Inventories) -> None:
    batch, stranger = await world.batch(person, 1), await world.person()
    for asking, known in ((stranger, batch.id), (person, uuid4())):
        with pytest.raises(errors.NotFound, match="batch-not-found"):
            await inventories.of_batch(user(asking), known)
    for asking, known in ((stranger, person.project), (person, uuid4())):
        with pytest.raises(errors.NotFound, match="project-not-found"):
            await inventories.of_project(user(asking), known)
    await service.delete(world.context, person.user, batch.id)
    with pytest.raises(errors.NotFound, match="batch-not-found"):
        await inventories.of_batch(user(person), batch.id)


PATHS = ["/api/projects/{}/inventory", "/api/batches/{}/inventory"]


async def test_an_empty_move_over_http(api: Api) -> None:
    answer = await api.http.get(f"/api/projects/{await api.create_project()}/inventory")
    assert answer.json() == {
        "totalItems": 0,
        "totalVolume": 0.0,
        "volumeRange": {"low": 0.0, "typical": 0.0, "high": 0.0},
        "usuallyAlso": 0.0,
        "byRoom": [],
        "byItem": [],
    }


@pytest.mark.parametrize("path", PATHS)
async def test_only_who_is_signed_in_may_ask(nobody: Api, path: str) -> None:
    assert (await nobody.http.get(path.format(uuid4()))).status_code == 401


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_not_there_is_a_problem_document(api: Api, path: str) -> None:
    missing = await api.http.get(path.format(uuid4()))
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert (await api.http.get(path.format("not-an-id"))).status_code == 404


async def test_somebody_elses_move_is_not_there(api: Api, stranger: Api) -> None:
    path = f"/api/projects/{await api.create_project()}/inventory"
    assert (await api.http.get(path)).status_code == 200
    assert (await stranger.http.get(path)).status_code == 404


async def test_a_photo_tells_its_things_their_names_and_where_they_stand(
    world: World, person: Person, inventories: Inventories
) -> None:
    batch = await world.batch(person, 1)
    bed = FoundItem(label="bed", count=1, litres=1600, confidence=0.75, boxes=((0.1, 0.2, 0.5, 0.9),))
    await finish(batch, 0, "bedroom", item("nightstand", 2, proposed=True), bed)
    photo = UUID((await batch.snapshot()).photos[0].id)
    first, second = (await inventories.of_photo(user(person), photo)).items
    assert (first.label_fr, first.volume, first.confidence, first.proposed) == ("lit double", 1.6, 0.75, False)
    assert [tuple(box) for box in first.boxes] == [(0.1, 0.2, 0.5, 0.9)]
    assert (second.label, second.count, second.volume) == ("nightstand", 2, 0.3)
    assert (second.proposed, second.by_person) == (True, False)


async def test_a_photo_that_waits_shows_nothing_and_a_stranger_is_told_of_none(
    world: World, person: Person, inventories: Inventories
) -> None:
    batch = await world.batch(person, 1)
    photo = UUID((await batch.snapshot()).photos[0].id)
    assert (await inventories.of_photo(user(person), photo)).items == []
    with pytest.raises(errors.NotFound):
        await inventories.of_photo(UserId(uuid4()), photo)
