"""What one user may keep: counted in bytes over all uploads."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roomtally.settings import Settings
from tests.fixtures.app import JPEG, Api, running_web
from tests.fixtures.problems import problem

QUOTA = 3 * len(JPEG)


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Api]:
    """On a web process of its own, where three photos are all that fits."""
    with running_web(settings, tmp_path, user_quota_bytes=QUOTA) as web:
        async with Api(web) as api:
            await api.sign_in()
            yield api


async def chunked(photo: bytes) -> AsyncIterator[bytes]:
    yield photo


async def test_what_does_not_fit_is_refused_and_leaves_nothing(api: Api):
    project = await api.create_project()
    await api.upload(JPEG)
    batch = (
        await api.http.post("/api/batches", json={"projectId": project, "uploads": [await api.upload(JPEG)]})
    ).json()
    stored = api.web.files()
    full = (
        413,
        "quota-exceeded",
        f"Your photos may take no more room ({len(JPEG)} bytes are left); delete old batches.",
    )
    larger = JPEG + b"x"
    assert problem(await api.http.post("/api/uploads", content=larger)) == full
    assert problem(await api.http.post("/api/uploads", content=chunked(larger))) == full
    form = await api.http.post(
        "/api/batches", data={"projectId": project}, files=[("photos", ("a.jpg", larger, "image/jpeg"))]
    )
    assert problem(form) == full
    assert api.web.files() == stored
    assert batch["counts"]["total"] == 1

    other = Api(api.web)
    async with other:
        await other.sign_in()
        await other.upload(JPEG)
    await api.upload(JPEG)
    refused = 'roomtally_uploads_refused_total{reason="quota-exceeded"}'
    assert api.web.metric(refused) == 3
