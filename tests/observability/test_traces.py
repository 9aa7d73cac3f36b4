"""One batch's story over all processes, told by the spans that a real receiver got."""

import json

from tests.fixtures.app import Api
from tests.fixtures.house import House
from tests.fixtures.waiting import until
from tests.observability.conftest import post_form, watch
from tests.observability.receiver import Receiver, Span

STAGES = {"fetch", "decode", "analyze", "thumbnail", "persist"}


async def test_links_lead_from_the_upload_to_its_delivery(traced: Api, receiver: Receiver):
    """Backwards from each delivery: commit, photo, hint, request."""
    batch = await post_form(traced, 2)
    stream = await watch(traced, batch, "?mode=delta")
    await until(lambda: stream.ended, 20)
    await until(
        lambda: len(named(receiver, "process roomtally:photos")) == 2 and delivered(receiver, "persist") == 2, 10
    )
    [request] = named(receiver, "POST /api/batches")
    [enqueued] = named(receiver, "send roomtally:photos")
    spans = receiver.spans()
    assert (request.service, request.kind) == ("roomtally-web", "server")
    assert (enqueued.trace, enqueued.kind) == (request.trace, "producer")
    assert request in line_of(spans, enqueued)
    for delivery in deliveries_of(receiver, "persist"):
        assert (delivery.service, delivery.kind) == ("roomtally-web", "consumer")
        [commit] = [spans[link] for link in delivery.links]
        photo = spans[commit.parent]
        assert (photo.name, photo.service, photo.kind) == ("process roomtally:photos", "roomtally-worker", "consumer")
        assert enqueued.id in photo.links, "consumers link to producers"
        assert request.id in photo.links, "and to the request that made the batch, should the hint be lost"
        stages = {span.name for span in spans.values() if span.parent == photo.id}
        assert stages >= STAGES | {"claims.claim_photo", "publish"}
        below = {span.name for span in spans.values() if span.parent == commit.id}
        assert below >= {"claims.finish_photo", "publish"}
        assert photo.begins <= commit.begins <= delivery.ends


async def test_calls_are_named_by_query_and_carry_no_values(traced: Api, receiver: Receiver):
    batch = await post_form(traced, 1)
    stream = await watch(traced, batch)
    await until(lambda: stream.ended, 20)
    await until(lambda: named(receiver, "claims.finish_photo"), 10)
    calls = [span for span in receiver.spans().values() if span.kind == "client"]
    assert {span.attributes["db.system.name"] for span in calls} == {
        'string_value: "postgresql"\n',
        'string_value: "redis"\n',
    }
    assert {key for span in calls for key in span.attributes} == {"db.system.name", "db.query.summary"}
    assert {span.name for span in calls} >= {"create.create_batch", "claims.finish_photo", "publish", "hint"}
    assert traced.email not in str(receiver.requests)


async def test_a_stream_is_a_short_span_at_its_opening(traced: Api, receiver: Receiver):
    batch = await post_form(traced, 1)
    stream = await watch(traced, batch)
    await until(lambda: stream.ended, 20)
    opening = await until(lambda: named(receiver, "GET /api/batches/{batch_id}/stream"), 10)
    assert opening[0].ends - opening[0].begins < 1e9
    await until(lambda: named(receiver, "deliver"), 10)
    many = [await watch(traced, batch) for _ in range(5)]
    await until(lambda: all(stream.ended for stream in many))
    changes = 1 + 2 + 1  # made, claimed and done, finished
    assert len(named(receiver, "deliver")) <= changes, "one a round, not one a viewer"


async def test_exemplars_name_traces_that_were_sent(traced: Api, receiver: Receiver):
    batch = await post_form(traced, 1)
    stream = await watch(traced, batch)
    await until(lambda: stream.ended, 20)
    accept = {"accept": "application/openmetrics-text"}
    text = (await traced.http.get(f"{traced.web.private_url}/metrics", headers=accept)).text
    rows = [
        row for row in text.splitlines() if row.startswith("roomtally_stream_lag_seconds_bucket") and "trace_id" in row
    ]
    assert rows
    [request] = await until(lambda: named(receiver, "POST /api/batches"), 10)
    photos = await until(lambda: named(receiver, "process roomtally:photos"), 10)
    shown = {row.partition('trace_id="')[2][:32] for row in rows}
    assert shown <= {request.trace, *(photo.trace for photo in photos)}


async def test_a_caller_who_has_decided_not_to_sample_is_heard(traced: Api, receiver: Receiver):
    headers = {"traceparent": f"00-{7:032x}-{9:016x}-00"}
    project = await traced.create_project()
    upload = await traced.upload(b"\xff\xd8\xff\xe0" + bytes(2000))
    answer = await traced.http.post("/api/batches", json={"projectId": project, "uploads": [upload]}, headers=headers)
    assert answer.status_code == 201
    await until(lambda: named(receiver, "POST /api/uploads"), 10)
    assert named(receiver, "POST /api/batches") == []


async def test_lines_of_the_log_name_the_trace(traced: Api, receiver: Receiver, house: House):
    batch = await post_form(traced, 1)
    stream = await watch(traced, batch)
    await until(lambda: stream.ended, 20)
    [photo] = await until(lambda: named(receiver, "process roomtally:photos"), 10)
    lines = [json.loads(line) for line in house.workers[0].log.read_text().splitlines() if "photo_processed" in line]
    assert [(line["trace_id"], line["batch_id"]) for line in lines] == [(photo.trace, batch)]


def named(receiver: Receiver, name: str) -> list[Span]:
    return receiver.named(name)


def deliveries_of(receiver: Receiver, cause: str) -> list[Span]:
    """The deliveries that link to spans called `cause`."""
    spans = receiver.spans()
    return [
        span
        for span in named(receiver, "deliver")
        if any(link in spans and spans[link].name == cause for link in span.links)
    ]


def delivered(receiver: Receiver, cause: str) -> int:
    return len(deliveries_of(receiver, cause))


def line_of(spans: dict[str, Span], span: Span) -> list[Span]:
    """Its parents, up to the root."""
    found: list[Span] = []
    while parent := spans.get(span.parent):
        found.append(span := parent)
    return found
