"""Two web processes on one database and one Valkey that a test may kill, as behind a load balancer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest

from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings
from tests.fixtures.app import JPEG, Api, WebProcess, running_web
from tests.integration.streams.client import Client


class Pair(NamedTuple):
    """`api` is signed in at the first process; the session holds at both."""

    first: WebProcess
    second: WebProcess
    api: Api
    path: str

    async def open(self, web: WebProcess, headers: dict[str, str] | None = None, path: str = "") -> Client:
        """A stream of the one batch, or what was answered instead."""
        client = Client(web.settings.port, path or self.path, self.cookie | (headers or {}))
        await client.open()
        return client

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"roomtally_session={self.api.http.cookies['roomtally_session']}"}


async def wide_batch(api: Api, photos: int = 200) -> dict[str, Any]:
    """A batch whose snapshot has about 80 kB: the uploads are written to the database, and have long names."""
    project = await api.create_project()
    ids = [uuid4() for _ in range(photos)]
    await api.ask(
        """INSERT INTO uploads (id, user_id, storage_key, filename, content_type, bytes, expires_at)
           SELECT new, u.id, 'originals/' || new, repeat('x', 250) || '.jpg', 'image/jpeg', 9, now() + interval '1 hour'
             FROM unnest(%s::uuid[]) new, users u WHERE u.email = %s RETURNING 1""",
        ids,
        api.email,
    )
    answer = await api.http.post("/api/batches", json={"projectId": project, "uploads": [str(id_) for id_ in ids]})
    assert answer.status_code == 201, answer.text
    return answer.json()


class Housing:
    """Starts pairs with their own settings; all are stopped at the end."""

    def __init__(self, settings: Settings, folder: Path, stack: AsyncExitStack) -> None:
        self._settings, self._folder, self._stack = settings, folder, stack

    async def pair(self, *, alone: bool = False, **changes: Any) -> Pair:
        """`alone`: the first process is the second too."""
        first = self.web(**changes)
        second = first if alone else self.web(**changes)
        api = await self.api(first)
        batch = await api.create_batch([JPEG])
        return Pair(first, second, api, f"/api/batches/{batch['batchId']}/stream")

    def web(self, **changes: Any) -> WebProcess:
        return self._stack.enter_context(running_web(self._settings, self._folder, **changes))

    async def api(self, web: WebProcess) -> Api:
        api = await self._stack.enter_async_context(Api(web))
        await api.sign_in()
        return api


@pytest.fixture
async def housing(settings: Settings, valkey_server: EmbeddedValkey, tmp_path: Path) -> AsyncIterator[Housing]:
    own = msgspec.structs.replace(settings, redis_url=valkey_server.url)
    async with AsyncExitStack() as stack:
        yield Housing(own, tmp_path, stack)
