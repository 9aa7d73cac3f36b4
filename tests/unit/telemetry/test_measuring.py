"""The small parts of measuring: names of statements, links, rounds, spared polls, label sets."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Histogram

from roomtally.db import naming
from roomtally.streams import polling
from roomtally.streams.deliveries import Deliveries
from roomtally.streams.polling import Polling
from roomtally.telemetry import calls, loop, metrics, tracing, zeros
from roomtally.telemetry.tallied import Tallied

STORE = """
import inspect
async def execute():
    return asker(inspect.currentframe())
async def run_move():
    return await execute()
async def claim_photo():
    return await run_move()
"""
SAMPLED, UNSAMPLED = f"00-{7:032x}-{9:016x}-01", f"00-{7:032x}-{9:016x}-00"


def shown(histogram: Histogram) -> dict[tuple[str, str], float]:
    [family] = histogram.collect()
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for sample in family.samples
        if "created" not in sample.name
    }


def test_a_tallied_histogram_shows_what_any_other_shows() -> None:
    registry, amounts = CollectorRegistry(), [0.0, 0.1, 0.25, 0.5, 0.50001, 1.0, 7.0]
    tallied = Tallied("x", "X.", buckets=(0.1, 0.5, 1), registry=registry)
    plain = Histogram("x", "X.", buckets=(0.1, 0.5, 1), registry=None)
    assert shown(tallied) == shown(plain)
    for amount in amounts:
        for histogram in (tallied, plain):
            histogram.observe(amount)
            histogram.observe(amount, {"trace_id": "x"})
        assert shown(tallied) == shown(plain)
    assert registry.get_sample_value("x_count") == 2 * len(amounts)


def test_nothing_is_lost_between_who_observes_and_who_collects() -> None:
    tallied, over = Tallied("x", "X.", buckets=(0.1,), registry=None), threading.Event()

    def collect() -> None:
        while not over.is_set():
            shown(tallied)

    threads = [threading.Thread(target=collect) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(50_000):
        tallied.observe(1.0)
    over.set()
    for thread in threads:
        thread.join()
    assert shown(tallied)["x_count", ""] == shown(tallied)["x_sum", ""] == 50_000


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def module(name: str) -> dict[str, Any]:
    """One with a cursor's `execute` and two functions above it."""
    found: dict[str, Any] = {"__name__": name, "asker": naming.asker}
    exec(STORE, found)  # noqa: S102 - a module that is in no room needs no file
    return found


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans of this process as if they were sent away."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("test"))
    monkeypatch.setattr(tracing._Export, "on", True)  # pyright: ignore[reportPrivateUsage] -- what `configure` sets
    yield exporter
    provider.shutdown()


# --- names of statements


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("roomtally.batches.store.claims", "claims.claim_photo"),
        ("roomtally.projects.store", "projects.claim_photo"),
        ("roomtally.db.idempotency", "idempotency.claim_photo"),
        ("roomtally.batches.service.work", "other"),
        ("psycopg.cursor_async", "other"),
    ],
)
async def test_a_statement_is_called_by_the_outermost_function_of_a_store(where: str, name: str):
    assert await module(where)["claim_photo"]() == name


# --- spans of calls


def test_a_call_is_a_span_only_inside_one_that_is_sent(spans: InMemorySpanExporter):
    with calls.measured(metrics.DATABASE_SECONDS, "postgresql", "test.alone"):
        pass
    assert spans.get_finished_spans() == ()
    with (
        tracing.tracer().start_as_current_span("request"),
        calls.measured(metrics.DATABASE_SECONDS, "postgresql", "test.in"),
    ):
        pass
    call, request = spans.get_finished_spans()
    assert (call.name, call.parent and call.parent.span_id) == ("test.in", request.context and request.context.span_id)
    assert dict(call.attributes or {}) == {"db.system.name": "postgresql", "db.query.summary": "test.in"}


def test_a_call_that_fails_is_counted_and_its_text_is_not_told(spans: InMemorySpanExporter):
    def fail() -> None:
        with (
            tracing.tracer().start_as_current_span("request", record_exception=False, set_status_on_exception=False),
            calls.measured(metrics.VALKEY_SECONDS, "redis", "test.fails"),
        ):
            raise ValueError("secret value")

    with pytest.raises(ValueError, match="secret"):
        fail()
    assert value("roomtally_valkey_operation_duration_seconds_count", operation="test.fails") == 1
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert len(told) == 2
    assert "secret value" not in "".join(told)


# --- deliveries


def test_a_round_is_one_span_that_links_to_all_that_it_carries(spans: InMemorySpanExporter):
    rounds, began = Deliveries(), time.time()
    before = value("roomtally_stream_lag_seconds_count")
    other = f"00-{8:032x}-{10:016x}-01"
    for trace in (SAMPLED, other, SAMPLED, UNSAMPLED, None):
        rounds.spoke_of(began - 1, trace)
    rounds.end(began)
    [span] = spans.get_finished_spans()
    assert linked(span) == [(7, 9), (8, 10)]
    assert value("roomtally_stream_lag_seconds_count") == before + 1
    rounds.end(time.time())
    assert len(spans.get_finished_spans()) == 1, "nothing was handed over since"


def test_the_oldest_of_a_round_is_measured(spans: InMemorySpanExporter):
    rounds, now = Deliveries(), time.time()
    before = value("roomtally_stream_notify_lag_seconds_sum")
    for age in (2, 5, 1):
        rounds.spoke_of(now - age, UNSAMPLED)
    rounds.end(now)
    assert value("roomtally_stream_notify_lag_seconds_sum") - before == pytest.approx(5, abs=0.01)
    assert spans.get_finished_spans() == ()


def linked(span: ReadableSpan) -> list[tuple[int, int]]:
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


# --- traces that go nowhere


def test_without_an_endpoint_nothing_is_sent_and_no_exemplar_shown():
    tracing.configure("test", "0", None)
    with tracing.tracer().start_as_current_span("work"):
        assert tracing.current_traceparent()
        assert (tracing.exemplar(), tracing.is_wanted(), tracing.is_sent(SAMPLED)) == (None, False, False)


@pytest.mark.usefixtures("spans")
def test_what_is_sampled_is_told_by_its_flag():
    assert tracing.is_sent(SAMPLED)
    assert tracing.is_sent(SAMPLED[:-2] + "03"), "with the flag of a random id"
    assert not tracing.is_sent(UNSAMPLED)
    assert not tracing.is_sent(None)


# --- polls


def test_polls_are_one_every_two_seconds_and_viewer_with_both_heads(monkeypatch: pytest.MonkeyPatch):
    clock = iter([100.0, 104.0])
    monkeypatch.setattr(polling.time, "monotonic", lambda: next(clock))
    polls, size = value("roomtally_polls_avoided_total"), value("roomtally_polling_bytes_avoided_total")
    model = Polling()
    model.spare(3, 1000)
    model.spare(2, 0)
    model.end_sweep()
    assert value("roomtally_polls_avoided_total") - polls == 2 * (3 + 2)
    assert value("roomtally_polling_bytes_avoided_total") - size == 2 * (3 * 1600 + 2 * 600)


# --- label sets and the loop


def test_all_label_sets_that_are_known_are_there_from_the_start():
    zeros.begin()
    zeros.begin_routes([("GET", "/test")])
    shown = {
        (sample.name, *sorted(sample.labels.values()))
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
    }
    assert ("roomtally_stream_reads_total", "failed", "sweep") in shown
    assert ("roomtally_photo_stage_duration_seconds_count", "thumbnail") in shown
    assert ("roomtally_http_requests_total", "/test", "503", "GET") in shown


async def test_a_loop_that_stands_still_is_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "EVERY_SECONDS", 0.02)
    before = value("roomtally_event_loop_lag_seconds_sum")
    lag = loop.LoopLag()
    lag.start()
    time.sleep(0.15)  # noqa: ASYNC251 - what is to be seen
    await asyncio.sleep(0.01)
    lag.stop()
    assert value("roomtally_event_loop_lag_seconds_sum") - before > 0.1
