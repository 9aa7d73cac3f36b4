"""The whole service with its traces sent to a receiver, and a load that touches everything once."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from tests.fixtures.app import Api
from tests.fixtures.house import House
from tests.fixtures.waiting import until
from tests.fixtures.workers import jpeg
from tests.integration.streams.client import Client
from tests.observability.receiver import Receiver, receiving


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # ms; 5 s by default
    with receiving() as receiver:
        yield receiver


@pytest.fixture
async def traced(house: House, receiver: Receiver) -> AsyncIterator[Api]:
    """A signed-in client of web, one worker and the sweeper, all of which send their traces."""
    house.settings = msgspec.structs.replace(house.settings, otlp_endpoint=receiver.endpoint)
    web = house.start_web()
    await house.start_worker()
    await house.start_worker("sweep")
    async with Api(web) as api:
        await api.sign_in()
        yield api


async def post_form(api: Api, photos: int) -> str:
    """One request that uploads `photos` and makes a batch of them, paused by nothing; returns the batch's id."""
    project = await api.create_project()
    files = [("photos", (f"room-{n}.jpg", jpeg(colour="white"), "image/jpeg")) for n in range(photos)]
    answer = await api.http.post("/api/batches", data={"projectId": project}, files=files)
    assert answer.status_code == 201, answer.text
    return answer.json()["batchId"]


async def watch(api: Api, batch: str, query: str = "") -> Client:
    """An open stream of the batch."""
    cookie = f"roomtally_session={api.http.cookies['roomtally_session']}"
    client = Client(api.web.settings.port, f"/api/batches/{batch}/stream{query}", {"Cookie": cookie})
    await client.open()
    return client


async def mixed_load(api: Api) -> None:
    """Good and bad photos, streams, reads, corrections, refusals."""
    batch = await post_form(api, 2)
    streams = [await watch(api, batch), await watch(api, batch, "?mode=delta")]
    for path in ("/", "/api/projects", "/api/batches", f"/api/batches/{batch}", f"/api/batches/{batch}/items", "/none"):
        await api.http.get(path)
    await until(lambda: all(stream.ended for stream in streams), 20, "both streams end")
    await api.http.post("/api/uploads", content=b"", headers={"Content-Type": "image/jpeg"})
    await api.http.post(f"/api/batches/{batch}/cancel")
    await api.http.post("/api/sessions", json={"email": api.email, "password": "wrong password"})
    await api.http.post("/api/latency", json={"samples": [12.5, 80.0]})
    for number in range(20):
        await api.http.get(f"/api/batches/{batch[:-2]}{number:02d}")
