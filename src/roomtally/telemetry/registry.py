"""The one registry of a process, and the gauges that only some processes show."""

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def owned(gauge: Gauge) -> Gauge:
    """`gauge`, shown by this process from now on.

    For gauges made with `registry=None`: a process without such a thing shows none, because its 0 would be a false alarm.
    """
    if gauge not in _owned:
        REGISTRY.register(gauge)
        _owned.add(gauge)
    return gauge


_owned: set[Gauge] = set()
