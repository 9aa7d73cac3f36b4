"""A viewer who comes back with a number that the log no longer has, at a real process."""

import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.waiting import until
from tests.integration.streams.client import Client


async def come_back(api: Api, batch: str, last: str, mode: str) -> Client:
    headers = {"Cookie": f"roomtally_session={api.http.cookies['roomtally_session']}", "Last-Event-ID": last}
    client = Client(api.web.settings.port, f"/api/batches/{batch}/stream?mode={mode}", headers)
    await client.open()
    return client


@pytest.mark.parametrize("mode", ["default", "delta"])
async def test_who_comes_back_after_the_log_was_pruned_gets_the_state(api: Api, mode: str) -> None:
    made = await api.create_batch([JPEG])
    batch, first = made["batchId"], made["eventId"]
    paused = (await api.http.post(f"/api/batches/{batch}/pause")).json()["eventId"]
    ended = (await api.http.post(f"/api/batches/{batch}/cancel")).json()["eventId"]
    await api.ask("DELETE FROM batch_events WHERE batch_id = %s RETURNING 1", batch)
    for last in (first, paused):
        client = await come_back(api, batch, last, mode)
        await until(lambda client=client: client.ended)
        assert [received.event for received in client.events] == ["progress", "complete"]
        assert client.events[-1].id == ended
        assert client.events[0].data["status"] == "CANCELLED"
    assert (await come_back(api, batch, ended, mode)).status == 204
