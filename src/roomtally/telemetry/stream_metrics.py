"""Every metric of the streams and the bus, declared once, as `telemetry/metrics.py` declares the others."""

from prometheus_client import Counter, Gauge, Histogram

from roomtally.telemetry.metrics import FAST
from roomtally.telemetry.registry import REGISTRY
from roomtally.telemetry.tallied import Tallied

LIVES = (1, 10, 60, 300, 900, 1800, 2400)  # seconds; a stream is ended after 1,800 s +-10 %

STREAMS_OPEN = Gauge("roomtally_streams_open", "Streams open in this process.", registry=None)
STREAM_TOPICS = Gauge("roomtally_stream_topics", "Topics followed in this process.", registry=None)
STREAMS_OPENED = Counter("roomtally_streams_opened_total", "Streams opened.", registry=REGISTRY)
STREAMS_CLOSED = Counter(
    "roomtally_streams_closed_total",
    "Streams ended: client, complete, timeout, drain, session-ended, deleted, error, slow (took nothing), operator.",
    ["reason"],
    registry=REGISTRY,
)
STREAMS_REFUSED = Counter(
    "roomtally_streams_refused_total",
    "Streams and long-polls refused by a limit: process (full), user (has too many), address (opens too fast).",
    ["reason"],
    registry=REGISTRY,
)
STREAM_LAG = Tallied(
    "roomtally_stream_lag_seconds",
    "From commit to the bytes of the last viewer handed to its socket: the oldest of the changes that go out together.",
    buckets=FAST,
    registry=REGISTRY,
)
STREAM_NOTIFY_LAG = Tallied(
    "roomtally_stream_notify_lag_seconds",
    "The part of roomtally_stream_lag_seconds before this process began to hand out.",
    buckets=FAST,
    registry=REGISTRY,
)
STREAM_FIRST_EVENT = Histogram(
    "roomtally_stream_time_to_first_event_seconds",
    "From the request to the first event handed to the socket.",
    buckets=FAST,
    registry=REGISTRY,
)
STREAM_SECONDS = Histogram(
    "roomtally_stream_duration_seconds", "The life of a stream that ended.", buckets=LIVES, registry=REGISTRY
)
STREAMS_LIMIT = Gauge("roomtally_streams_limit", "Streams that this process takes.", registry=None)
STREAM_RESUMES = Counter(
    "roomtally_stream_resumes_total",
    "Streams and batches of streams that came back with an id: continued, or reset (the id was of another history).",
    ["result"],
    registry=REGISTRY,
)
POLLS_AVOIDED = Counter(
    "roomtally_polls_avoided_total",
    "Polls that the open streams would have made by now, one every 2 s and batch followed.",
    registry=REGISTRY,
)
POLLING_BYTES_AVOIDED = Counter(
    "roomtally_polling_bytes_avoided_total",
    "Bytes of those polls: 600 of both heads and the whole snapshot each, uncompressed, never 304.",
    registry=REGISTRY,
)
BROWSER_LATENCY = Histogram(
    "roomtally_browser_latency_seconds",
    "From commit to a browser's event handler, as a sample of browsers measured it by their own clocks.",
    buckets=FAST,
    registry=REGISTRY,
)
STREAM_EVENTS = Counter("roomtally_stream_events_total", "Events handed to sockets.", ["event"], registry=REGISTRY)
STREAM_BYTES = Counter("roomtally_stream_bytes_total", "Bytes of events handed to sockets.", registry=REGISTRY)
STREAM_READS = Counter(
    "roomtally_stream_reads_total",
    "Reads of the database for streams: snapshot, log, sweep.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
STREAM_REPAIRS = Counter(
    "roomtally_stream_sweep_repairs_total", "Topics found behind the database by the sweep.", registry=REGISTRY
)
STREAM_FAILURES = Counter(
    "roomtally_stream_failures_total",
    "Exceptions kept inside one topic, connection or message.",
    ["part"],
    registry=REGISTRY,
)
BUS_CONNECTED = Gauge("roomtally_bus_connected", "1 while the bus connection is up.", registry=None)
BUS_RECONNECTS = Counter("roomtally_bus_reconnects_total", "Bus connections lost and made again.", registry=REGISTRY)
BUS_MESSAGES = Counter("roomtally_bus_messages_total", "Messages received from the bus.", registry=REGISTRY)
