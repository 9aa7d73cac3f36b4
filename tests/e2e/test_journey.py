"""The main job, whole: photos of real rooms become an inventory, watched live, by real processes."""

import json
from pathlib import Path
from typing import Any

import httpx_sse
import psycopg

from tests.fixtures.app import Api


async def watch(owner: Api, batch_id: str) -> list[httpx_sse.ServerSentEvent]:
    """All events of a batch's stream until the service ends it."""
    async with httpx_sse.aconnect_sse(owner.http, "GET", f"/api/batches/{batch_id}/stream", timeout=60) as source:
        return [event async for event in source.aiter_sse()]


async def test_photos_of_rooms_become_an_inventory(owner: Api, photos_folder: Path):
    photos = sorted(photos_folder.glob("*.jpg"))
    batch = await owner.create_batch([photo.read_bytes() for photo in photos])
    events = await watch(owner, batch["batchId"])

    states: list[dict[str, Any]] = [json.loads(event.data) for event in events if event.event == "progress"]
    assert [event.event for event in events if event.event != "ping"][-1] == "complete"
    numbers = [int(state["eventId"].split("-")[1]) for state in states]
    assert numbers == sorted(set(numbers))
    seen: dict[str, list[str]] = {photo["id"]: [] for photo in batch["photos"]}
    for state in states:
        for photo in state["photos"]:
            if not seen[photo["id"]] or seen[photo["id"]][-1] != photo["status"]:
                seen[photo["id"]].append(photo["status"])
    life = ["PENDING", "PROCESSING", "DONE"]  # who came after the first claim sees the rest of it
    assert all(history == life[-len(history) :] for history in seen.values()), seen
    assert sum(history == life for history in seen.values()) >= len(photos) - 2

    snapshot = (await owner.http.get(f"/api/batches/{batch['batchId']}")).json()
    assert snapshot["status"] == "COMPLETED"
    assert {key: value for key, value in states[-1].items() if key != "committedAt"} == snapshot
    summary = snapshot["inventorySummary"]
    assert json.loads(events[-1].data)["inventorySummary"] == summary
    assert summary["totalItems"] >= len(photos)
    assert summary["totalVolume"] > 5
    assert sum(photo["itemCount"] for photo in snapshot["photos"]) == summary["totalItems"]

    inventory = (await owner.http.get(f"/api/batches/{batch['batchId']}/inventory")).json()
    assert inventory["totalItems"] == summary["totalItems"]
    assert inventory["totalVolume"] == inventory["volumeRange"]["typical"] == summary["totalVolume"]
    assert inventory["volumeRange"]["low"] < summary["totalVolume"] < inventory["volumeRange"]["high"]


async def test_each_photo_is_claimed_once_its_trace_is_kept_and_its_files_are_closed(
    owner: Api, demo_photos: list[bytes]
):
    batch = await owner.create_batch(demo_photos[:3])
    await watch(owner, batch["batchId"])
    files = owner.web.files()
    assert len(files) == 2 * 3
    assert not [name for name in files if (owner.web.storage / name).stat().st_mode & 0o007]
    async with await psycopg.AsyncConnection.connect(owner.web.settings.database_url) as conn:
        rows = await (
            await conn.execute(
                "SELECT p.id, count(*), min(a.outcome), min(a.trace_id) FROM photos p JOIN photo_attempts a ON a.photo_id = p.id"
                " WHERE p.batch_id = %s GROUP BY p.id",
                [batch["batchId"]],
            )
        ).fetchall()
        traces = await (
            await conn.execute(
                "SELECT count(*), count(trace) FROM batch_events WHERE batch_id = %s", [batch["batchId"]]
            )
        ).fetchone()
    assert len(rows) == 3
    assert all((count, outcome) == (1, "done") and trace for _, count, outcome, trace in rows)
    assert traces
    assert traces[0] == traces[1] == 1 + 3 + 3 + 1


async def test_a_broken_photo_is_told_and_the_others_go_on(owner: Api, demo_photos: list[bytes]):
    files = [
        ("photos", ("good.jpg", demo_photos[0], "image/jpeg")),
        ("photos", ("notes.txt", b"This is not a photo.", "image/jpeg")),
        ("photos", ("cut.jpg", demo_photos[1][:20_000], "image/jpeg")),
    ]
    project = await owner.create_project()
    answer = await owner.http.post("/api/batches", data={"projectId": project}, files=files)
    assert answer.status_code == 201, answer.text
    events = await watch(owner, answer.json()["batchId"])
    final = json.loads(events[-1].data)
    assert final["status"] == "PARTIAL"
    snapshot = (await owner.http.get(f"/api/batches/{answer.json()['batchId']}")).json()
    by_name = {photo["filename"]: photo for photo in snapshot["photos"]}
    assert by_name["good.jpg"]["status"] == "DONE"
    for name in ("notes.txt", "cut.jpg"):
        assert by_name[name]["status"] == "ERROR"
        assert by_name[name]["error"].endswith(".")
