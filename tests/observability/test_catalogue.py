"""What the private ports show after a load: bounded, whole from the start, and right after processes died."""

import re

import httpx
import pytest

from roomtally.batches import queue
from tests.fixtures.app import Api
from tests.fixtures.house import House
from tests.fixtures.plain import NO_TLS
from tests.fixtures.waiting import until
from tests.observability.conftest import mixed_load, post_form, watch

MOST_SERIES = 2000  # of one process
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def samples(private_url: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    text = httpx.get(f"{private_url}/metrics", verify=NO_TLS).text
    rows = [row.rpartition(" ") for row in text.splitlines() if row and not row.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def ports(house: House) -> dict[str, str]:
    assert house.web
    return {"web": house.web.private_url} | {
        worker.log.name.split("-")[0]: worker.private_url for worker in house.workers
    }


@pytest.mark.usefixtures("running_house")
async def test_a_mixed_load_makes_few_series_and_none_of_an_id(house: House, owner: Api):
    await mixed_load(owner)
    await mixed_load(owner)
    for name, url in ports(house).items():
        shown = samples(url)
        assert len(shown) < MOST_SERIES, name
        named = [row for row in shown if UUID.search(row) or owner.email in row or "trace_id" in row]
        assert named == [], name


@pytest.mark.usefixtures("running_house", "owner")
def test_failures_are_shown_before_the_first_one(house: House):
    web, worker, sweeper = (samples(ports(house)[name]) for name in ("web", "work", "sweep"))
    for row in (
        'roomtally_http_requests_total{code="500",method="POST",route="/api/batches"}',
        'roomtally_streams_closed_total{reason="slow"}',
        'roomtally_stream_failures_total{part="topic"}',
        'roomtally_valkey_errors_total{operation="publish"}',
    ):
        assert web[row] == 0, row
    assert worker['roomtally_claims_total{outcome="expired"}'] == 0
    assert worker[f'roomtally_task_executions_total{{outcome="error",task="{queue.TASK}"}}'] == 0
    assert sweeper['roomtally_sweeper_passes_total{outcome="failed"}'] == 0


@pytest.mark.usefixtures("running_house")
async def test_only_the_sweeper_shows_gauges_of_the_whole_installation(house: House, owner: Api):
    await mixed_load(owner)
    for name in ("roomtally_queue_lag", "roomtally_queue_consumers", "roomtally_photo_oldest_waiting_seconds"):
        assert [process for process, url in ports(house).items() if name in samples(url)] == ["sweep"], name
    shown = samples(ports(house)["sweep"])
    assert shown['roomtally_batches{state="QUEUED"}'] == 0
    assert shown["roomtally_batch_most_overdue_seconds"] == 0


@pytest.mark.usefixtures("running_house")
async def test_runs_deadlines_streams_and_spared_polls_are_counted(house: House, owner: Api):
    batch = await post_form(owner, 2)
    stream = await watch(owner, batch)
    await until(lambda: stream.ended, 20)
    web, worker = (samples(ports(house)[name]) for name in ("web", "work"))
    assert worker['roomtally_batches_finished_total{outcome="COMPLETED"}'] == 1
    assert worker['roomtally_batch_deadlines_total{met="true"}'] == 1
    assert 0 < worker['roomtally_batch_duration_seconds_sum{outcome="COMPLETED"}'] < 20
    assert worker['roomtally_database_operation_duration_seconds_count{operation="claims.claim_photo"}'] == 2
    assert web["roomtally_stream_time_to_first_event_seconds_count"] == 1
    assert web["roomtally_stream_notify_lag_seconds_count"] == web["roomtally_stream_lag_seconds_count"] > 0
    assert web["roomtally_stream_notify_lag_seconds_sum"] < web["roomtally_stream_lag_seconds_sum"]
    assert web["roomtally_streams_open"] == 0


async def test_a_viewer_spares_a_poll_every_two_seconds(house: House):
    web = house.start_web()
    async with Api(web) as owner:
        await owner.sign_in()
        batch = await owner.create_batch([b"\xff\xd8\xff\xe0" + bytes(2000)])
        before = samples(web.private_url)
        streams = [await watch(owner, batch["batchId"]) for _ in range(4)]
        snapshot = len((await owner.http.get(f"/api/batches/{batch['batchId']}")).content)

        def spared(name: str) -> float:
            return samples(web.private_url)[name] - before[name]

        await until(lambda: spared("roomtally_polls_avoided_total") > 3, 10, "a sweep of 2 s: one poll a viewer")
        polls, size = spared("roomtally_polls_avoided_total"), spared("roomtally_polling_bytes_avoided_total")
        for stream in streams:
            stream.leave()
    assert size / polls == pytest.approx(snapshot + 600, rel=0.1)


@pytest.mark.usefixtures("running_house")
async def test_no_gauge_is_wrong_after_sigkill_and_restart(house: House, owner: Api):
    batch = await post_form(owner, 1)
    streams = [await watch(owner, batch, "?mode=delta") for _ in range(3)]
    house.kill_web()
    for worker in list(house.workers):
        worker.kill()
    house.workers.clear()
    web = house.start_web()
    await house.start_worker()
    await house.start_worker("sweep")
    await until(lambda: all(stream.closed for stream in streams))
    shown = samples(web.private_url)
    assert (shown["roomtally_streams_open"], shown["roomtally_http_requests_in_flight"]) == (0, 0)
    in_progress = f'roomtally_tasks_in_progress{{task="{queue.TASK}"}}'
    await until(
        lambda: samples(ports(house)["sweep"]).get('roomtally_batches{state="PROCESSING"}') == 0, 40, "the batch ends"
    )
    assert samples(ports(house)["work"])[in_progress] == 0
    assert samples(ports(house)["sweep"])["roomtally_queue_lag"] == 0
