"""The person's word over HTTP: /api/photos/{id}/items and /api/items/{id}. What the statements do is tried with the batches."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import httpx_sse
import pytest

from roomtally.batches.model import FoundItem, PhotoStatus, State
from roomtally.db.pool import create_pool
from tests.fixtures.app import Api, WebProcess
from tests.fixtures.batches import Batch, Person, World, world_on
from tests.fixtures.problems import problem
from tests.integration.batches.states import bring_to

BED = FoundItem(label="bed", count=1, litres=1600, confidence=0.75, boxes=((0.1, 0.2, 0.5, 0.9),))
STANDS = FoundItem(label="nightstand", count=2, litres=150, proposed=True)
CHANGED = (412, "item-changed", "This item was changed meanwhile; read it again and repeat the correction.")
NOT_READY = (409, "photo-not-ready")


@pytest.fixture(scope="module")
async def behind(web: WebProcess) -> AsyncIterator[World]:
    """The services on the database of the web process, to do the workers' part."""
    async with create_pool(web.settings.database_url, size=4) as pool, world_on(pool, web.settings.redis_url) as world:
        yield world


@pytest.fixture
async def owner(api: Api) -> Person:
    [[user]] = await api.ask("SELECT id FROM users WHERE email = %s", api.email)
    return Person(user, UUID(await api.create_project()))


@pytest.fixture
async def batch(behind: World, owner: Person) -> Batch:
    """Finished, with a bed that was seen and two nightstands that were only inferred on its one photo."""
    batch = await behind.batch(owner, 1)
    await batch.finish(0, [BED, STANDS])
    return batch


def items_path(batch: Batch) -> str:
    return f"/api/photos/{batch.photos[0]}/items"


async def items_of(api: Api, batch: Batch) -> dict[str, dict[str, Any]]:
    """By label, as the client reads them."""
    answer = await api.http.get(items_path(batch))
    assert answer.status_code == 200, answer.text
    return {item["label"]: item for item in answer.json()["items"]}


async def add(api: Api, batch: Batch, body: Mapping[str, object], key: str | None = None) -> httpx.Response:
    return await api.http.post(items_path(batch), json=body, headers={"Idempotency-Key": key} if key else {})


async def patch(api: Api, item: dict[str, Any], body: Mapping[str, object], **headers: str) -> httpx.Response:
    seen = {"If-Match": f'"{item["version"]}"'} | headers
    return await api.http.patch(f"/api/items/{item['id']}", json=body, headers=seen)


async def remove(api: Api, item: dict[str, Any], **headers: str) -> httpx.Response:
    seen = {"If-Match": f'"{item["version"]}"'} | headers
    return await api.http.delete(f"/api/items/{item['id']}", headers=seen)


async def test_the_list_gives_what_an_editor_needs(api: Api, batch: Batch) -> None:
    answer = (await api.http.get(items_path(batch))).json()
    assert answer["confirmed"] is False
    bed, stands = answer["items"]
    assert {**bed, "id": "", "confidence": 0.75} == {
        "id": "",
        "version": 1,
        "label": "bed",
        "labelFr": "lit double",
        "labelEn": "double bed",
        "count": 1,
        "volume": 1.6,
        "volumeEach": 1.6,
        "confidence": 0.75,
        "boxes": [[0.1, 0.2, 0.5, 0.9]],
        "proposed": False,
        "byPerson": False,
    }
    assert (stands["volume"], stands["volumeEach"], stands["proposed"]) == (0.3, 0.15, True)


async def test_what_is_added_has_the_volume_of_the_table_and_the_answer_is_the_new_state(
    api: Api, batch: Batch
) -> None:
    answer = await add(api, batch, {"label": "  BUREAU \u202e"})
    assert answer.status_code == 201, answer.text
    item = answer.json()["item"]
    assert (item["label"], item["labelFr"], item["count"], item["volume"]) == ("desk", "bureau", 1, 0.75)
    assert (item["version"], item["byPerson"], item["boxes"]) == (1, True, [])
    assert answer.headers["etag"] == '"1"'
    assert (await items_of(api, batch))["desk"] == item
    shown = (await api.http.get(f"/api/batches/{batch.id}")).json()
    assert answer.json()["batch"] == shown
    assert (shown["run"], shown["status"], shown["inventorySummary"]["totalVolume"]) == (2, "COMPLETED", 2.65)


async def test_a_thing_that_nobody_measured_is_an_other_item_and_keeps_its_name(api: Api, batch: Batch) -> None:
    item = (await add(api, batch, {"label": "Aquarium  d\u2019angle", "count": 2})).json()["item"]
    assert (item["label"], item["labelFr"], item["volumeEach"]) == ("Aquarium d\u2019angle",) * 2 + (0.1,)
    measured = (await add(api, batch, {"label": "Totem", "count": 3, "volumeEach": 0.3333})).json()["item"]
    assert (measured["volumeEach"], measured["volume"]) == (0.333, 0.999)


async def test_count_label_and_volume_are_changed_one_by_one(api: Api, batch: Batch) -> None:
    item = (await items_of(api, batch))["bed"]
    for body, expected in (
        ({"count": 2}, ("bed", 2, 1.6)),
        ({"label": "armchair"}, ("armchair", 2, 0.5)),
        ({"volumeEach": 0.7}, ("armchair", 2, 0.7)),
        ({"label": "chair"}, ("chair", 2, 0.7)),  # the person had measured it
        ({"label": "Thron", "count": 1, "volumeEach": 0.9}, ("Thron", 1, 0.9)),
    ):
        answer = await patch(api, item, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["item"]["version"] == item["version"] + 1
        item = answer.json()["item"]
        assert (item["label"], item["count"], item["volumeEach"]) == expected
        assert answer.headers["etag"] == f'"{item["version"]}"'
    assert item["boxes"] == [[0.1, 0.2, 0.5, 0.9]], "where it stands is not forgotten"


async def test_a_removed_item_is_in_no_list_and_can_be_brought_back(api: Api, batch: Batch) -> None:
    item = (await items_of(api, batch))["bed"]
    answer = await remove(api, item)
    assert answer.status_code == 200
    assert (answer.json()["item"]["count"], answer.json()["batch"]["inventorySummary"]["totalItems"]) == (0, 2)
    assert set(await items_of(api, batch)) == {"nightstand"}
    back = await patch(api, answer.json()["item"], {"count": 1})
    assert (back.status_code, back.json()["item"]["version"]) == (200, 3)
    assert set(await items_of(api, batch)) == {"bed", "nightstand"}


async def test_a_proposal_is_confirmed_or_dismissed(api: Api, batch: Batch) -> None:
    stands = (await items_of(api, batch))["nightstand"]
    confirmed = (await patch(api, stands, {"proposed": False})).json()["item"]
    assert (confirmed["proposed"], confirmed["byPerson"], confirmed["count"]) == (False, True, 2)
    assert (await api.http.get(items_path(batch))).json()["confirmed"] is True
    inventory = (await api.http.get(f"/api/batches/{batch.id}/inventory")).json()
    assert (inventory["usuallyAlso"], [line["proposed"] for line in inventory["byItem"]]) == (0.0, [0, 0])
    assert (await remove(api, confirmed)).status_code == 200
    assert set(await items_of(api, batch)) == {"bed"}


ONE_VERSION = (400, "invalid-version", 'If-Match takes one version in quotes, like "3".')


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (
            None,
            (
                428,
                "version-missing",
                'Say which version you have seen: If-Match with its `version` in quotes, like "3".',
            ),
        ),
        ("*", ONE_VERSION),
        ("1", ONE_VERSION),
        ('"1", "2"', ONE_VERSION),
        ('"0"', ONE_VERSION),
        ('"2"', CHANGED),
        ('W/"2"', CHANGED),
    ],
)
async def test_a_correction_names_the_version_that_was_seen(
    api: Api, batch: Batch, header: str | None, refusal: tuple[int, str, str]
) -> None:
    path, before = f"/api/items/{(await items_of(api, batch))['bed']['id']}", await batch.log()
    headers = {"If-Match": header} if header else {}
    assert problem(await api.http.patch(path, json={"count": 2}, headers=headers)) == refusal
    assert problem(await api.http.delete(path, headers=headers)) == refusal
    assert await batch.log() == before


async def test_a_tag_that_a_proxy_weakened_is_good(api: Api, batch: Batch) -> None:
    bed = (await items_of(api, batch))["bed"]
    assert (await patch(api, bed, {"count": 2}, **{"If-Match": 'W/"1"'})).status_code == 200


async def test_of_two_editors_at_once_one_is_told(api: Api, batch: Batch) -> None:
    bed = (await items_of(api, batch))["bed"]
    answers = await asyncio.gather(*(patch(api, bed, {"count": count}) for count in (2, 3, 4, 5)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert [problem(answer) for answer in answers if answer is not won[0]] == [CHANGED] * 3
    after = (await items_of(api, batch))["bed"]
    assert (after["version"], after["count"]) == (2, won[0].json()["item"]["count"])


LABEL = (400, "invalid-label", "A label has 1 to 100 characters.")
COUNT = (400, "invalid-count", "A count goes from 0 to 1000.")
VOLUME = (400, "invalid-volume", "A volume goes from 0 to 100 m3 for one.")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"label": ""}, LABEL),
        ({"label": " \u200b\u202e\n"}, LABEL),
        ({"label": "x" * 101}, LABEL),
        ({"label": "x", "count": -1}, COUNT),
        ({"label": "x", "count": 1001}, COUNT),
        ({"label": "x", "count": 10**30}, COUNT),
        ({"label": "x", "volumeEach": -0.0001}, VOLUME),
        ({"label": "x", "volumeEach": 100.001}, VOLUME),
        ({"label": "x", "volumeEach": 1e300}, VOLUME),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_bounds(
    api: Api, batch: Batch, body: Mapping[str, object], refusal: tuple[int, str, str]
) -> None:
    bed, before = (await items_of(api, batch))["bed"], await batch.log()
    assert problem(await add(api, batch, body)) == refusal
    assert problem(await patch(api, bed, body)) == refusal
    assert await batch.log() == before


async def test_what_cannot_be_corrected_so_is_refused(api: Api, batch: Batch) -> None:
    bed, before = (await items_of(api, batch))["bed"], await batch.log()
    assert problem(await add(api, batch, {"label": "x", "count": 0})) == (
        400,
        "invalid-count",
        "Add 1 to 1000 of a thing.",
    )
    assert problem(await patch(api, bed, {})) == (
        400,
        "nothing-to-correct",
        "Say what is to be corrected: label, count, volumeEach or proposed.",
    )
    assert problem(await patch(api, bed, {"proposed": True}))[:2] == (400, "invalid-request")
    assert problem(await patch(api, bed, {"count": "two"}))[:2] == (400, "invalid-request")
    assert problem(await add(api, batch, {"count": 1}))[:2] == (400, "invalid-request")
    exists = (409, "label-exists", "This photo has an item of that label already; change its count instead.")
    assert problem(await add(api, batch, {"label": "Lit double"})) == exists
    assert problem(await patch(api, bed, {"label": "table de chevet"})) == exists
    assert await batch.log() == before


async def test_the_bounds_of_a_batch_and_of_a_photo(api: Api, batch: Batch) -> None:
    huge = {"count": 1000, "volumeEach": 100}  # ten of them are 1,000,000 m3, with the bed it is too much
    for number in range(9):
        assert (await add(api, batch, {"label": f"hall {number}"} | huge)).status_code == 201
    refusal = problem(await add(api, batch, {"label": "hall 9"} | huge))
    assert refusal == (
        409,
        "inventory-too-large",
        "A batch holds 1,000,000 m3 at most; check counts and volumes.",
    )
    await api.ask(
        "INSERT INTO items (id, photo_id, label, count, litres_each, source)"
        " SELECT gen_random_uuid(), %s, 'gone ' || n, 0, 1, 'person' FROM generate_series(1, 489) n RETURNING 1",
        batch.photos[0],
    )
    assert problem(await add(api, batch, {"label": "one more"})) == (
        409,
        "too-many-items",
        "A photo keeps 500 different things at most; change one of them.",
    )
    assert (await add(api, batch, {"label": "gone 7"})).status_code == 201, "a label that is there takes no more room"


async def test_who_may_not_correct(api: Api, nobody: Api, stranger: Api, batch: Batch) -> None:
    bed, before = (await items_of(api, batch))["bed"], await batch.log()
    unknown = bed | {"id": str(uuid4())}
    item_gone = (404, "item-not-found", "There is no such item.")
    for who, item in ((stranger, bed), (api, unknown)):
        assert problem(await patch(who, item, {"count": 2})) == item_gone
        assert problem(await remove(who, item)) == item_gone
    assert problem(await add(stranger, batch, {"label": "desk"})) == (404, "photo-not-found", "There is no such photo.")
    assert (await stranger.http.get(items_path(batch))).status_code == 404
    for answer in (
        await patch(nobody, bed, {"count": 2}),
        await remove(nobody, bed),
        await add(nobody, batch, {"label": "desk"}),
    ):
        assert problem(answer)[:2] == (401, "not-signed-in")
    foreign = await patch(api, bed, {"count": 2}, Origin="https://elsewhere.example")
    assert problem(foreign)[:2] == (403, "foreign-origin")
    assert await batch.log() == before


async def test_a_correction_that_is_sent_again_is_made_once(api: Api, batch: Batch) -> None:
    key = str(uuid4())
    first, second = await asyncio.gather(*(add(api, batch, {"label": "desk"}, key) for _ in range(2)))
    assert (first.status_code, second.status_code) == (201, 201)
    item = first.json()["item"]
    assert second.json()["item"] == item
    assert problem(await add(api, batch, {"label": "desk", "count": 2}, key))[:2] == (409, "idempotency-key-reused")
    changing, removing = ({"Idempotency-Key": str(uuid4())} for _ in range(2))
    changed = [(await patch(api, item, {"count": 2}, **changing)) for _ in range(2)]
    assert [(answer.status_code, answer.json()["item"]["version"]) for answer in changed] == [(200, 2)] * 2
    item = changed[0].json()["item"]
    removed = [(await remove(api, item, **removing)) for _ in range(2)]
    assert [(answer.status_code, answer.json()["item"]["count"]) for answer in removed] == [(200, 0)] * 2
    assert [kind for _, kind in await batch.log()].count("item_corrected") == 3


async def test_the_repeat_of_what_brought_an_item_back_finds_it(api: Api, batch: Batch) -> None:
    bed, key = (await items_of(api, batch))["bed"], str(uuid4())
    await remove(api, bed)
    back = [await add(api, batch, {"label": "bed"}, key) for _ in range(2)]
    assert [(answer.status_code, answer.json()["item"]["id"]) for answer in back] == [(201, bed["id"])] * 2
    assert back[1].json()["item"]["version"] == 3


async def test_a_key_of_a_refused_correction_is_free(api: Api, batch: Batch) -> None:
    key = str(uuid4())
    assert problem(await add(api, batch, {"label": "bed"}, key))[:2] == (409, "label-exists")
    assert (await add(api, batch, {"label": "desk"}, key)).status_code == 201


@pytest.mark.parametrize("state", State)
async def test_what_each_state_of_the_batch_says(api: Api, behind: World, owner: Person, state: State) -> None:
    """A photo that was looked at can be corrected in every state, another in none."""
    situation = await bring_to(behind, owner, state)
    for status, photo in situation.where.items():
        before = len(await situation.batch.log())
        answer = await api.http.post(f"/api/photos/{photo}/items", json={"label": "desk"})
        written = len(await situation.batch.log()) - before
        if state is State.DELETED:
            assert (problem(answer)[:2], written) == ((404, "photo-not-found"), 0)
        elif status in {PhotoStatus.PENDING, PhotoStatus.PROCESSING}:
            assert (problem(answer)[:2], written) == (NOT_READY, 0)
        else:
            ended = state not in {State.QUEUED, State.PROCESSING, State.PAUSED, State.CANCELLING}
            assert (answer.status_code, written) == (201, 1 + ended)
            assert answer.json()["batch"]["status"] == ("PROCESSING" if state is State.PAUSED else state.value)


async def test_an_item_is_not_corrected_while_its_photo_is_tried_again(api: Api, behind: World, owner: Person) -> None:
    batch = await behind.batch(owner, 1)
    await batch.fail(0)
    item = (await add(api, batch, {"label": "desk"})).json()["item"]
    await api.http.post(f"/api/photos/{batch.photos[0]}/retry")
    assert problem(await patch(api, item, {"count": 2}))[:2] == NOT_READY
    assert problem(await remove(api, item))[:2] == NOT_READY


async def test_another_try_of_the_photo_does_not_undo_the_person(api: Api, behind: World, owner: Person) -> None:
    batch = await behind.batch(owner, 1)
    await batch.fail(0)
    await add(api, batch, {"label": "desk", "count": 2, "volumeEach": 0.4})
    lamp = (await add(api, batch, {"label": "lamp"})).json()["item"]
    await remove(api, lamp)
    assert (await api.http.post(f"/api/photos/{batch.photos[0]}/retry")).status_code == 200
    found = [FoundItem(label=label, count=7, litres=1) for label in ("desk", "lamp")]
    await batch.finish(0, [BED, *found])
    after = await items_of(api, batch)
    assert {label: (item["count"], item["volumeEach"], item["byPerson"]) for label, item in after.items()} == {
        "bed": (1, 1.6, False),
        "desk": (2, 0.4, True),
    }


async def next_of(events: AsyncIterator[httpx_sse.ServerSentEvent], *kinds: str) -> dict[str, Any]:
    """The data of the next event of one of `kinds`."""
    async for event in events:
        if event.event in kinds:
            return json.loads(event.data)
    raise AssertionError("the stream ended")


async def test_every_viewer_sees_a_correction_as_rest_shows_it(api: Api, behind: World, owner: Person) -> None:
    batch = await behind.batch(owner, 2)
    await batch.finish(0, [BED])
    async with httpx_sse.aconnect_sse(api.http, "GET", f"/api/batches/{batch.id}/stream") as source:
        events = aiter(source.aiter_sse())
        await next_of(events, "progress")
        answer = (await add(api, batch, {"label": "desk"})).json()
        seen = await next_of(events, "progress")
    assert seen.pop("committedAt") > 1_700_000_000_000
    assert seen == answer["batch"] == (await api.http.get(f"/api/batches/{batch.id}")).json()
    assert (seen["status"], seen["run"], seen["photos"][0]["itemCount"]) == ("PROCESSING", 1, 2)


async def test_a_finished_batch_is_complete_again_for_who_still_looks(api: Api, batch: Batch, behind: World) -> None:
    other = await behind.batch(batch.person, 1)  # keeps the stream open
    bed = (await items_of(api, batch))["bed"]
    url = f"/api/stream?batch={batch.id}&batch={other.id}"
    async with httpx_sse.aconnect_sse(api.http, "GET", url) as source:
        events = aiter(source.aiter_sse())
        assert (await next_of(events, "complete"))["run"] == 1
        answer = (await remove(api, bed)).json()
        again = await next_of(events, "complete")
    assert (again["run"], again["eventId"]) == (2, answer["batch"]["eventId"])
    assert again["inventorySummary"] == answer["batch"]["inventorySummary"]
    assert [kind for _, kind in await batch.log()][-2:] == ["item_corrected", "batch_finished"]


async def test_corrections_are_counted_by_kind_and_repeats_are_not(api: Api, batch: Batch) -> None:
    kinds = ("added", "removed", "count", "label", "volume", "confirmed", "dismissed", "own")

    def counted() -> list[float]:
        return [api.web.metric(f'roomtally_items_corrected_total{{kind="{kind}"}}') for kind in kinds]

    before, items = counted(), await items_of(api, batch)
    await add(api, batch, {"label": "desk"}, "again")
    desk = (await add(api, batch, {"label": "desk"}, "again")).json()["item"]
    await remove(api, items["nightstand"])
    bed = (await patch(api, items["bed"], {"count": 2, "volumeEach": 1})).json()["item"]
    await remove(api, bed)
    await remove(api, desk)
    await patch(api, items["bed"], {"count": 9})  # too old
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 0, 1, 0, 1, 0, 1, 2]
