"""Clients that nobody here wrote read the stream: curl, httpx-sse, and the npm package `eventsource` with its reconnecting."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx_sse
import pytest

from tests.fixtures.app import Api
from tests.fixtures.tools import need

HERE = Path(__file__).parent / "eventsource"


async def token_of(owner: Api) -> str:
    answer = await owner.http.post("/api/tokens", json={"name": "clients"})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def output_of(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(60):
            text, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, text
    return text.decode()


async def test_curl_reads_blocks_until_the_end(owner: Api, demo_photos: list[bytes]):
    need("curl")
    batch = await owner.create_batch(demo_photos[:2])
    url = f"{owner.web.url}/api/batches/{batch['batchId']}/stream"
    text = await output_of("curl", "-sSNi", "-H", f"Authorization: Bearer {await token_of(owner)}", url)
    head, _, body = text.partition("\r\n\r\n")
    assert "text/event-stream" in head
    assert "no-transform" in head
    assert "\r" not in body
    blocks = body.split("\n\n")
    assert blocks[-1] == ""
    assert blocks[0].startswith("retry: ")
    assert "event: progress" in blocks[0]
    assert "event: complete" in blocks[-2]


async def test_httpx_sse_reads_every_event(owner: Api, demo_photos: list[bytes]):
    batch = await owner.create_batch(demo_photos[:2])
    async with httpx_sse.aconnect_sse(owner.http, "GET", f"/api/batches/{batch['batchId']}/stream") as source:
        events = [event async for event in source.aiter_sse()]
    assert {event.event for event in events} <= {"progress", "complete", "ping"}
    assert (events[0].event, events[-1].event) == ("progress", "complete")
    assert 1000 <= (events[0].retry or 0) <= 3000


@pytest.fixture(scope="session")
async def eventsource(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script with its package beside it."""
    need("node", "npm")
    folder = tmp_path_factory.mktemp("eventsource")
    for name in ("package.json", "package-lock.json", "watch.mjs"):
        shutil.copy(HERE / name, folder)
    try:
        await output_of("npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder))
    except (AssertionError, TimeoutError):
        pytest.skip("npm could not fetch the package `eventsource`; a full run needs its registry")
    return folder / "watch.mjs"


async def test_eventsource_ends_after_complete_by_itself(owner: Api, demo_photos: list[bytes], eventsource: Path):
    """It reconnects after the end of the stream with the id of `complete`, is told 204 and stays away."""
    batch = await owner.create_batch(demo_photos[:2])
    url = f"{owner.web.url}/api/batches/{batch['batchId']}/stream"
    lines = (await output_of("node", str(eventsource), url, await token_of(owner))).splitlines()
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    kinds = [event["type"] for event in events]
    assert kinds.count("complete") == 1
    assert kinds.count("open") == 1
    assert "message" not in kinds
    assert events[-1]["type"] == "error"
    assert events[-1]["closed"]
    last = next(event for event in events if event["type"] == "complete")
    snapshot = (await owner.http.get(f"/api/batches/{batch['batchId']}")).json()
    assert last["id"] == snapshot["eventId"]
    states = [event["data"] for event in events if event["type"] == "progress"]
    assert {key: value for key, value in states[-1].items() if key != "committedAt"} == snapshot
