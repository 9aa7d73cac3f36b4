"""Every metric of Roomtally, declared once. One process, one registry, one private port; no id, path or user as a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
REQUEST = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
WORK = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)

BUILD_INFO = Gauge("roomtally_build_info", "1, with the version as a label.", ["version", "service"], registry=REGISTRY)

# --- Valkey
VALKEY_ERRORS = Counter(
    "roomtally_valkey_errors_total",
    "Calls to Valkey that failed or took over 250 ms.",
    ["operation"],
    registry=REGISTRY,
)
