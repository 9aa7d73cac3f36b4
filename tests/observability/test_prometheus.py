"""Every query of every panel and every metric of every rule has data in a real Prometheus, and what is broken is told."""

import math
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from observability import build, panels, slos
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.app import Api, free_port
from tests.fixtures.house import House
from tests.fixtures.tools import need
from tests.fixtures.waiting import until
from tests.observability.conftest import mixed_load, post_form, watch
from tests.observability.prometheus import Prometheus
from tests.observability.receiver import Receiver

SELECTOR = re.compile(r'(?:roomtally|process|slo)[\w:]+(?:\{(?:"[^"]*"|[^"}])*\})?|up\{[^}]*\}')
# What a healthy service has nothing to show for; each is provoked below or in the rules' own tests.
EMPTY_WHEN_HEALTHY = {"sum by (alertname, alertstate) (ALERTS)"}
LIMIT = 10  # streams of the web process here


@asynccontextmanager
async def watched(
    house: House, receiver: Receiver, folder: Path, **changes: Any
) -> AsyncGenerator[tuple[Prometheus, Api]]:
    """Web, one worker and the sweeper, scraped every second; a client that is signed in."""
    need("prometheus")
    house.settings = msgspec.structs.replace(house.settings, otlp_endpoint=receiver.endpoint, **changes)
    web = house.start_web()
    workers = [await house.start_worker(), await house.start_worker("sweep")]
    urls = [web.private_url, *(worker.private_url for worker in workers)]
    prometheus = Prometheus(folder / "prometheus", [url.removeprefix("http://") for url in urls])
    try:
        await until(prometheus.ready, 20)
        await until(
            lambda: len(prometheus.ask("up == 1")) == len(urls), 20, "what comes before the first scrape is no rise"
        )
        async with Api(web) as api:
            await api.sign_in()
            yield prometheus, api
    finally:
        prometheus.stop()


@pytest.fixture
async def monitored(house: House, receiver: Receiver, tmp_path: Path) -> AsyncIterator[tuple[Prometheus, Api]]:
    async with watched(house, receiver, tmp_path, process_streams=LIMIT, user_streams=0) as both:
        yield both


def queries() -> dict[str, str]:
    """Each query as Grafana would send it, by where it stands."""
    return {
        f"{name}: {panel['title']}: {target['legendFormat']}": target["expr"].replace(panels.RATE, "1m")
        for name, whole in build.dashboards().items()
        for panel in whole["panels"]
        for target in panel["targets"]
    }


def without_data(prometheus: Prometheus) -> dict[str, str]:
    """NaN is none: nothing was divided or measured."""
    return {
        place: query
        for place, query in queries().items()
        if query not in EMPTY_WHEN_HEALTHY and all(math.isnan(value) for _, value in prometheus.ask(query))
    }


def selectors() -> set[str]:
    expressions = [rule.expression.replace("WINDOW", "1m") for rule in build.all_alerts()]
    return {selector for text in expressions for selector in SELECTOR.findall(text)}


async def test_every_panel_and_every_rule_has_data(monitored: tuple[Prometheus, Api]):
    prometheus, api = monitored
    assert without_data(prometheus), "nothing has happened yet"
    missing: dict[str, str] = {}
    for _ in range(20):
        await mixed_load(api)
        if not (missing := without_data(prometheus)):
            break
    assert missing == {}
    assert len(selectors()) > 40
    assert {name for name in selectors() if not prometheus.ask(name)} == set()
    known = {labels["slo"] for labels, value in prometheus.ask("slo:sli_error:ratio_rate5m") if not math.isnan(value)}
    assert known == {slo.name for slo in slos.OBJECTIVES}
    assert prometheus.exemplars("roomtally_stream_lag_seconds_bucket")


async def test_what_is_broken_is_told_and_what_is_mended_is_not(
    monitored: tuple[Prometheus, Api], house: House, valkey_server: EmbeddedValkey
):
    prometheus, api = monitored
    await until(lambda: prometheus.ask("roomtally_queue_consumers"), 20)
    await until(lambda: not prometheus.firing(), 5, "nothing is wrong: `absent` is true before the first scrape only")
    house.workers[0].kill()
    await told(prometheus, {"TargetDown", "WorkerAbsent"}, "the worker is gone")
    batch = await post_form(api, 1)
    streams = [await watch(api, batch) for _ in range(LIMIT + 1)]
    assert [stream.status for stream in streams] == [200] * LIMIT + [503]
    await told(prometheus, {"StreamsNearLimit", "StreamsRefused"}, "the streams are full")
    valkey_server.kill()
    await post_form(api, 1)
    await told(prometheus, {"ValkeyLost", "BusLost", "HintsLost"}, "Valkey is gone")
    shut(house, allowed=False)
    for _ in range(20):
        assert (await api.http.get("/api/projects")).status_code == 503
    await told(prometheus, {"DatabaseLost", "ApiAvailabilityBudgetFast"}, "the database is gone")
    shut(house, allowed=True)
    valkey_server.start()
    for stream in streams:
        stream.leave()
    gauges = {"StreamsNearLimit", "ValkeyLost", "BusLost", "DatabaseLost"}
    await until(lambda: not gauges & prometheus.firing(), 30, "what is mended is told no longer")


async def test_what_stops_photos_and_people_is_told(
    house: House, receiver: Receiver, tmp_path: Path, valkey_server: EmbeddedValkey
):
    nowhere: dict[str, Any] = {"openai_base_url": f"http://127.0.0.1:{free_port()}/v1", "openai_model": "gone"}
    async with watched(house, receiver, tmp_path, analyzer="openai", **nowhere) as (prometheus, api):
        await post_form(api, 3)
        for _ in range(120):
            await api.http.post("/api/sessions", json={"email": api.email, "password": "none of the right ones"})
        await told(prometheus, {"SignInsLimited"}, "somebody tries passwords")
        photos = {"EndpointFails", "PhotosStuck", "PhotoSuccessBudgetFast", "PhotoSuccessBudgetSlow"}
        await told(prometheus, photos, "the vision endpoint is gone")
        valkey_server.kill()
        await told(prometheus, {"BrokerLost"}, "a worker misses Valkey")
        valkey_server.start()
        worker, sweeper = house.workers
        worker.kill()
        await age(api, await post_form(api, 1), 3600)
        await told(prometheus, {"PhotosWaitLong", "BatchOverdue", "WorkerAbsent"}, "a photo waits for an hour")
        api.web.storage.rename(api.web.storage.with_name("unmounted"))
        await api.http.get(f"{api.web.private_url}/health/ready")
        await told(prometheus, {"PhotoStoreLost"}, "the photo store is gone")
        await api.http.post(f"{api.web.private_url}/drain")
        await told(prometheus, {"DrainStuck"}, "web drains, and nobody ends it")
        sweeper.kill()
        api.web.kill()
        await told(prometheus, {"WebAbsent", "SweeperAbsent"}, "nothing runs any more")


async def age(api: Api, batch: str, seconds: float) -> None:
    """As if it had been made so much earlier."""
    await api.ask(
        "UPDATE batches SET created_at = created_at - %s * interval '1 second' WHERE id = %s RETURNING 1",
        seconds,
        batch,
    )
    await api.ask(
        "UPDATE batch_events SET created_at = created_at - %s * interval '1 second' WHERE batch_id = %s RETURNING 1",
        seconds,
        batch,
    )


async def told(prometheus: Prometheus, names: set[str], cause: str) -> None:
    await until(lambda: names <= prometheus.firing(), 45, f"{sorted(names)} tell that {cause}")


def shut(house: House, *, allowed: bool) -> None:
    """Close the house's database to everybody, or open it again."""
    name = str(conninfo_to_dict(house.settings.database_url)["dbname"])
    with psycopg.connect(make_conninfo(house.settings.database_url, dbname="postgres"), autocommit=True) as conn:
        conn.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.Literal(allowed))
        )
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
