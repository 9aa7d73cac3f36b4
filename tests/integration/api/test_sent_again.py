"""Every write that a person repeats by pressing once takes the Idempotency-Key header."""

import pytest

from tests.fixtures.app import JPEG, Api
from tests.fixtures.problems import problem

CALLS = [
    ("POST", "/api/batches/{batch}/pause"),
    ("POST", "/api/batches/{batch}/resume"),
    ("POST", "/api/batches/{batch}/retry-failed"),
    ("POST", "/api/batches/{batch}/cancel"),
    ("DELETE", "/api/batches/{batch}"),
    ("POST", "/api/photos/{photo}/retry"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_key_that_came_with_another_request_is_refused(api: Api, method: str, path: str):
    batch = await api.create_batch([JPEG])
    key = {"Idempotency-Key": "taken"}
    assert (await api.http.post("/api/projects", json={"name": "x"}, headers=key)).status_code == 201
    where = path.format(batch=batch["batchId"], photo=batch["photos"][0]["id"])
    assert problem(await api.http.request(method, where, headers=key))[:2] == (409, "idempotency-key-reused")
    assert (await api.http.request(method, where)).is_success  # without one as ever


async def test_the_repeat_of_a_resume_answers_with_the_batch_as_it_is(api: Api):
    path = f"/api/batches/{(await api.create_batch([JPEG]))['batchId']}"
    key = {"Idempotency-Key": "one-wish"}
    await api.http.post(f"{path}/pause")
    assert not (await api.http.post(f"{path}/resume", headers=key)).json()["paused"]
    paused = (await api.http.post(f"{path}/pause")).json()
    again = await api.http.post(f"{path}/resume", headers=key)
    assert (again.status_code, again.json()) == (200, paused)
    for _ in range(2):
        assert (await api.http.delete(path, headers={"Idempotency-Key": "the-end"})).status_code == 204
