"""Traces by opentelemetry-sdk: their ids are always made, for logs and rows; spans only where an endpoint is set.

A span that nobody is sent takes 24 us of each request, and its ids alone 4.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()
SAMPLED = 1  # the bit in the last part of a traceparent whose spans are sent away


class _Export:
    """Whether spans of this process go anywhere; what is costly and seen nowhere else is left out where not."""

    on = False


def configure(service: str, version: str, endpoint: str | None, ratio: float = 1.0) -> TracerProvider:
    """Make this process's tracer provider the global one.

    `endpoint`: base URL of an OTLP/HTTP receiver, or None for none. `ratio`: of the traces that begin here; one that another
    process began is sampled as it was there.
    """
    resource = Resource.create({"service.name": service, "service.version": version})
    sampler = ParentBased(TraceIdRatioBased(ratio)) if endpoint else ALWAYS_OFF
    provider = TracerProvider(resource=resource, sampler=sampler)
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint.rstrip("/") + "/v1/traces")))
    _Export.on = bool(endpoint)
    trace.set_tracer_provider(provider)
    return provider


def tracer() -> trace.Tracer:
    return trace.get_tracer("roomtally")


@contextmanager
def span(name: str, kind: trace.SpanKind = trace.SpanKind.INTERNAL, **more: Any) -> Generator[trace.Span]:
    """A span around the block, current in it. What is raised is named by its class: texts of errors hold values of rows.

    `more`: `attributes`, `context`.
    """
    with tracer().start_as_current_span(
        name, kind=kind, record_exception=False, set_status_on_exception=False, **more
    ) as running:
        try:
            yield running
        except BaseException as error:
            fail(running, error)
            raise


def fail(span: trace.Span, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__qualname__)
    span.set_status(trace.StatusCode.ERROR)


def is_wanted() -> bool:
    """Whether a span that is begun now, inside the current one, would be sent away."""
    return _Export.on and trace.get_current_span().is_recording()


def is_sent(traceparent: str | None) -> bool:
    """Whether the spans of `traceparent` are sent away, so that a link to it leads somewhere."""
    return _Export.on and traceparent is not None and bool(int(traceparent[-2:], 16) & SAMPLED)


def exemplar(span: trace.Span | None = None) -> dict[str, str] | None:
    """What an observation made inside `span`, by default the current one, is shown with; None where no trace would be found."""
    context = (span or trace.get_current_span()).get_span_context()
    return {"trace_id": f"{context.trace_id:032x}"} if _Export.on and context.trace_flags.sampled else None


def current_traceparent() -> str | None:
    """The W3C `traceparent` of the running span, to be stored in a task or an event row; None outside any span."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def context_of(traceparent: str | None) -> Context | None:
    """The context that `traceparent` names, to start a span in or link to; None where there is none."""
    return PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None


def links_to(*traceparents: str | None) -> list[trace.Link]:
    """A link to each span that caused this one: consumers link to producers, since one batch makes many tasks."""
    contexts = [context_of(traceparent) for traceparent in dict.fromkeys(traceparents) if traceparent]
    spans = [trace.get_current_span(context).get_span_context() for context in contexts]
    return [trace.Link(span) for span in spans if span.is_valid]


def link_current(traceparent: str | None) -> None:
    """The same for the span that runs already."""
    for link in links_to(traceparent):
        trace.get_current_span().add_link(link.context)


def trace_id_of(traceparent: str | None) -> str | None:
    """The 32 hex digits of a `traceparent`."""
    return traceparent.split("-")[1] if traceparent and traceparent.count("-") == 3 else None
