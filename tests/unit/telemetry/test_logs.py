import json
import logging

import pytest
import structlog
from opentelemetry import trace

from roomtally.telemetry import logs, tracing


@pytest.fixture(autouse=True)
def restored():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_one_json_object_a_line_with_what_is_bound(capsys: pytest.CaptureFixture[str]):
    logs.configure("info", "json", service="web")
    structlog.get_logger("x").info("batch_created", batch_id="b1")
    logging.getLogger("other").warning("from %s", "elsewhere")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["batch_id"], ours["service"], ours["level"]) == ("batch_created", "b1", "web", "info")
    assert (theirs["event"], theirs["level"]) == ("from elsewhere", "warning")


def test_a_line_written_inside_a_span_names_its_trace(capsys: pytest.CaptureFixture[str]):
    tracing.configure("test", "0", None)
    logs.configure("info", "json")
    with tracing.tracer().start_as_current_span("work"):
        traceparent = tracing.current_traceparent()
        assert not trace.get_current_span().is_recording()  # there is nobody to send it to
        structlog.get_logger().info("inside")
    assert json.loads(capsys.readouterr().err)["trace_id"] == tracing.trace_id_of(traceparent)


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]):
    logs.configure("warning", "json")
    structlog.get_logger().info("quiet")
    assert capsys.readouterr().err == ""
