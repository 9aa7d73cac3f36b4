"""`watch` shows snapshots that it folds from the changes, as they would come whole."""

from typing import Any

import httpx
import msgspec

from roomtally.batches.model import Snapshot
from roomtally.client import watch
from roomtally.client.api import Api
from roomtally.client.stream import Link
from roomtally.client.watch import after_change
from tests.fixtures.scripted import Answer, Exchange, Scripted, scripted

BATCH = "0b6b2a5e-0000-4000-8000-000000000000"
PHOTO: dict[str, Any] = {
    "id": "p",
    "filename": "a.jpg",
    "status": "PENDING",
    "roomType": None,
    "itemCount": 0,
    "volume": 0,
    "error": None,
}
SNAPSHOT: dict[str, Any] = {
    "batchId": BATCH,
    "projectId": "m",
    "status": "QUEUED",
    "paused": False,
    "run": 1,
    "progress": 0,
    "counts": {"queued": 1, "processing": 0, "completed": 0, "failed": 0, "total": 1},
    "photos": [PHOTO],
    "inventorySummary": None,
    "eventId": "0123456789ab-1",
    "createdAt": "t",
    "updatedAt": "t",
}
CHANGE: dict[str, Any] = {
    "batchId": BATCH,
    "run": 1,
    "status": "PROCESSING",
    "paused": False,
    "progress": 0,
    "counts": {"queued": 0, "processing": 1, "completed": 0, "failed": 0, "total": 1},
    "totalItems": 0,
    "totalVolume": 0,
    "photos": [PHOTO | {"status": "PROCESSING"}],
    "changes": [],
    "updatedAt": "u",
    "type": "photo_claimed",
    "eventId": "0123456789ab-2",
    "committedAt": 1.5,
}


def block(event: str, data: dict[str, Any]) -> bytes:
    return f"id: {data['eventId']}\nevent: {event}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()


def streaming(*blocks: bytes) -> Answer:
    async def answer(exchange: Exchange) -> None:
        await exchange.stream(b"retry: 1\n\n", *blocks)

    return answer


class Shown:
    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []

    def show(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def show_link(self, link: Link) -> None:
        pass


async def follow(service: Scripted) -> list[Snapshot]:
    shown = Shown()
    async with httpx.AsyncClient(base_url=service.url) as http:
        await watch.follow(Api(http), BATCH, shown)
    return shown.snapshots


async def test_changes_are_folded_into_what_is_shown() -> None:
    done = block("complete", CHANGE | {"eventId": "0123456789ab-3"})
    async with scripted(streaming(block("progress", SNAPSHOT), block("change", CHANGE), done)) as service:
        first, second = await follow(service)
    assert "/stream?mode=delta " in service.seen[0].line
    assert (first.status, second.status) == ("QUEUED", "PROCESSING")
    assert second.photos[0].status == "PROCESSING"
    assert second.event_id == "0123456789ab-2"


async def test_a_change_that_does_not_follow_makes_it_start_over() -> None:
    late = CHANGE | {"eventId": "0123456789ab-5"}
    whole = SNAPSHOT | {"eventId": "0123456789ab-5"}
    done = block("complete", CHANGE | {"eventId": "0123456789ab-6"})
    async with scripted(
        streaming(block("progress", SNAPSHOT), block("change", late)), streaming(block("progress", whole), done)
    ) as service:
        shown = await follow(service)
    assert [snapshot.n for snapshot in shown] == [1, 5]
    assert "last-event-id" not in service.seen[1].headers


def test_a_change_before_any_snapshot_is_not_followed() -> None:
    assert after_change(None, CHANGE) is None
