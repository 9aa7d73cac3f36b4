"""What every process of ours begins with."""

from importlib import metadata

from prometheus_client import disable_created_metrics

from roomtally.settings import Settings
from roomtally.telemetry import logs, metrics, tracing, zeros


def start(settings: Settings, service: str) -> None:
    """Logs, traces and the build's version for this process; `service` is web, worker or sweeper."""
    version = metadata.version("roomtally")
    logs.configure(settings.log_level, settings.log_format, service=service)
    tracing.configure(f"roomtally-{service}", version, settings.otlp_endpoint, settings.trace_ratio)
    disable_created_metrics()  # a time beside each counter: a third more series that nobody asks for
    zeros.begin()
    metrics.BUILD_INFO.labels(version, service).set(1)
