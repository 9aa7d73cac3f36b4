"""Two web processes as they are shipped, on one database; and nginx in front of the first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.edge import Edge, running_edge
from tests.fixtures.place import Owner, Place, place
from tests.fixtures.viewers import CurlViewer, SocketViewer, Viewer
from tests.fixtures.waiting import until

Open = Callable[..., Awaitable[Viewer]]
Watch = Callable[..., Awaitable[SocketViewer]]


@pytest.fixture(scope="session")
async def service(
    postgres_server: EmbeddedPostgres, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """Its Valkey is its own: a test may kill it, and starts it again."""
    folder = tmp_path_factory.mktemp("conformance")
    valkey = EmbeddedValkey(folder / "valkey")
    valkey.start()
    async with place(postgres_server, database_template, valkey, folder) as made:
        made.start()
        made.start()
        yield made
    valkey.stop()


@pytest.fixture(scope="session")
def edge(service: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with running_edge(service.webs[0].url, tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture
async def owner(service: Place) -> Owner:
    return await service.owner()


@pytest.fixture
async def opened() -> AsyncIterator[list[Viewer]]:
    """Whoever is in the list leaves at the end of the test."""
    viewers: list[Viewer] = []
    yield viewers
    for viewer in viewers:
        viewer.leave()
    await until(lambda: all(viewer.closed for viewer in viewers))


@pytest.fixture
def watch(service: Place, owner: Owner, opened: list[Viewer]) -> Watch:
    """A stream straight from a web process: `await watch(path, headers, web=...)`."""

    async def open_(
        path: str, headers: dict[str, str] | None = None, *, web: int = 0, who: Owner = owner, receive_buffer: int = 0
    ) -> SocketViewer:
        viewer = SocketViewer()
        opened.append(viewer)
        port = service.webs[web].settings.port
        return await viewer.open(port, path, who.bearer | (headers or {}), receive_buffer=receive_buffer)

    return open_


@pytest.fixture(params=["direct", "nginx-http1", "nginx-http2"])
def through(request: pytest.FixtureRequest, watch: Watch, owner: Owner, opened: list[Viewer]) -> Open:
    """As `watch`, by each of the ways that lead to a viewer."""
    if request.param == "direct":
        return watch
    edge: Edge = request.getfixturevalue("edge")

    async def open_(path: str, headers: dict[str, str] | None = None) -> Viewer:
        sent = owner.bearer | (headers or {})
        if request.param == "nginx-http2":
            curl = CurlViewer()
            opened.append(curl)
            return await curl.open(edge.https, path, sent)
        viewer = SocketViewer()
        opened.append(viewer)
        return await viewer.open(edge.http, path, sent)

    return open_
