"""Every metric but those of streams (`stream_metrics.py`), declared once. One process, one registry, one private port; no id, path
or user as a label.
"""

from prometheus_client import Counter, Gauge, Histogram

from roomtally.telemetry import registry

REGISTRY, owned = registry.REGISTRY, registry.owned
FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
REQUEST = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
COARSE = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)  # seconds, where a label has fifty values: 2,000 series a process at most
RUNS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
WORK = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)

BUILD_INFO = Gauge("roomtally_build_info", "1, with the version as a label.", ["version", "service"], registry=REGISTRY)

# --- HTTP
HTTP_REQUESTS = Counter(
    "roomtally_http_requests_total",
    "Requests by route template; code 499: the client left before an answer began.",
    ["method", "route", "code"],
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "roomtally_http_request_duration_seconds",
    "Until the answer ended; of a stream, until it began.",
    ["method", "route"],
    buckets=REQUEST,
    registry=REGISTRY,
)
HTTP_IN_FLIGHT = Gauge("roomtally_http_requests_in_flight", "Requests without a whole answer yet.", registry=None)
UPLOAD_BYTES = Counter("roomtally_upload_bytes_total", "Bytes of photos stored.", registry=REGISTRY)
UPLOADS_REFUSED = Counter(
    "roomtally_uploads_refused_total", "Photos and forms refused, by problem.", ["reason"], registry=REGISTRY
)
SIGN_INS = Counter(
    "roomtally_sign_ins_total", "Attempts to sign in: accepted, refused, limited.", ["outcome"], registry=REGISTRY
)

# --- the process
EVENT_LOOP_LAG = Histogram(
    "roomtally_event_loop_lag_seconds",
    "By how much a timer of the event loop is late, asked twice a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
DRAINING = Gauge("roomtally_draining", "1 since the process sends its streams away, 0 before.", registry=None)

# --- the photo store
STORAGE_PRESENT = Gauge(
    "roomtally_storage_present",
    "1 while the store's marker was there when last looked for, 0 while it failed to be.",
    registry=None,
)

# --- PostgreSQL
DATABASE_CONNECTED = Gauge(
    "roomtally_database_connected", "1 while PostgreSQL answers, 0 since a connection to it was lost.", registry=None
)
DATABASE_FAILURES = Counter(
    "roomtally_database_failures_total",
    "Calls of a worker that failed as PostgreSQL was away or read-only, by part: claim, renew, persist.",
    ["part"],
    registry=REGISTRY,
)

DATABASE_SECONDS = Histogram(
    "roomtally_database_operation_duration_seconds",
    "One statement by the function of the store that makes it, until its rows are there.",
    ["operation"],
    buckets=COARSE,
    registry=REGISTRY,
)
DATABASE_CONNECTIONS = Gauge(
    "roomtally_database_connections",
    "Connections of a pool by state: idle or used.",
    ["pool", "state"],
    registry=REGISTRY,
)
DATABASE_WAITING = Gauge(
    "roomtally_database_waiting", "Callers who wait for a connection of the pool.", ["pool"], registry=REGISTRY
)

# --- Valkey
VALKEY_CONNECTED = Gauge(
    "roomtally_valkey_connected",
    "1 while Valkey is called, 0 while it is away and every call fails at once.",
    registry=None,
)
VALKEY_ERRORS = Counter(
    "roomtally_valkey_errors_total",
    "Calls to Valkey that failed, took over 250 ms, or were not tried as it is away.",
    ["operation"],
    registry=REGISTRY,
)

VALKEY_SECONDS = Histogram(
    "roomtally_valkey_operation_duration_seconds",
    "One call to Valkey that was tried, until it was answered or given up.",
    ["operation"],
    buckets=COARSE,
    registry=REGISTRY,
)

# --- hints and tasks
BROKER_CONNECTED = Gauge(
    "roomtally_broker_connected", "1 while hints can be read from Valkey, 0 while not.", registry=None
)
BROKER_ERRORS = Counter(
    "roomtally_broker_errors_total",
    "Reads of hints that failed: connection, answer (a refusal), group (lost with an emptied Valkey, made again), or fallback "
    "(the database, asked instead, failed too).",
    ["reason"],
    registry=REGISTRY,
)
HINTS = Counter(
    "roomtally_hints_total",
    "Hints to the workers by outcome: sent, or lost (the sweeper hints again).",
    ["outcome"],
    registry=REGISTRY,
)
HINTS_FOUND = Counter(
    "roomtally_hints_found_total",
    "Waiting photos that a worker found in the database while Valkey was away.",
    registry=REGISTRY,
)
QUEUE_LAG = Gauge("roomtally_queue_lag", "Hints that no worker has taken yet; NaN while unknown.", registry=None)
QUEUE_CONSUMERS = Gauge("roomtally_queue_consumers", "Worker processes that read hints.", registry=None)
TASK_QUEUE_WAIT = Histogram(
    "roomtally_task_queue_wait_seconds",
    "From sending a hint to a worker taking it.",
    ["task"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800),
    registry=REGISTRY,
)
TASK_DURATION = Histogram(
    "roomtally_task_duration_seconds", "One task, whole.", ["task"], buckets=WORK, registry=REGISTRY
)
TASK_EXECUTIONS = Counter(
    "roomtally_task_executions_total", "Tasks by outcome: success or error.", ["task", "outcome"], registry=REGISTRY
)
TASKS_IN_PROGRESS = Gauge("roomtally_tasks_in_progress", "Tasks running now.", ["task"], registry=REGISTRY)

# --- photos in work
PHOTO_STAGE = Histogram(
    "roomtally_photo_stage_duration_seconds",
    "Stages of one photo: fetch, decode, analyze, thumbnail (made and stored), persist.",
    ["stage"],
    buckets=FAST,
    registry=REGISTRY,
)
ENDPOINT_REQUESTS = Counter(
    "roomtally_endpoint_requests_total",
    "Questions to the vision endpoint by outcome: ok, refused (its status), bad_answer, timeout, connection.",
    ["outcome"],
    registry=REGISTRY,
)
PHOTOS_STUCK = Gauge(
    "roomtally_photos_stuck",
    "Photos that the infrastructure failed three times or more and that still wait; asked by each sweeper every 15 s.",
    registry=None,
)
SWEEPER_PASSES = Counter(
    "roomtally_sweeper_passes_total",
    "Passes of the sweeper by outcome: swept, elsewhere (another process holds the lock), failed.",
    ["outcome"],
    registry=REGISTRY,
)

SWEEPER_LOOKED_AT = Gauge(
    "roomtally_sweeper_looked_timestamp_seconds",
    "When the sweeper last read the gauges of the whole installation, in unix seconds.",
    registry=None,
)
BATCHES = Gauge(
    "roomtally_batches", "Unfinished batches of the installation by state, PAUSED being one.", ["state"], registry=None
)
OLDEST_WAITING = Gauge(
    "roomtally_photo_oldest_waiting_seconds",
    "For how long the photo that may be looked at and waits longest has waited; 0 where none does.",
    registry=None,
)
OLDEST_OVERDUE = Gauge(
    "roomtally_batch_most_overdue_seconds",
    "By how much the batch that is latest is past its deadline; 0 where none is.",
    registry=None,
)

# --- batches
CLAIMS = Counter(
    "roomtally_claims_total",
    "Claims on photos by outcome: claimed, none (nothing to claim), refused (the batch closed), and how they ended: done, "
    "failed (the photo's fault), released (the infrastructure's), spent (the analyzer broke), expired (its time ran out), "
    "lost (given up before the result came), timeout (the process ended).",
    ["outcome"],
    registry=REGISTRY,
)
RENEWALS = Counter(
    "roomtally_claim_renewals_total",
    "Renewals of claims by outcome: renewed, lost (no longer ours), failed (the database was away), broke (nobody knows why).",
    ["outcome"],
    registry=REGISTRY,
)
BATCH_EVENTS = Counter("roomtally_batch_events_total", "Events committed, by type.", ["type"], registry=REGISTRY)
BATCHES_FINISHED = Counter(
    "roomtally_batches_finished_total",
    "Runs of batches that ended, by the state they ended in.",
    ["outcome"],
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "roomtally_batch_duration_seconds",
    "From the first event of a run to its end, pauses included.",
    ["outcome"],
    buckets=RUNS,
    registry=REGISTRY,
)
BATCH_DEADLINES = Counter(
    "roomtally_batch_deadlines_total",
    "Runs that ended by themselves, by whether they met the deadline: 30 s and 2 s a photo. Runs that were paused or "
    "cancelled are not judged.",
    ["met"],
    registry=REGISTRY,
)
CORRECTIONS = Counter(
    "roomtally_items_corrected_total",
    "What people said about the analyzer's items: added (it missed one), removed (not there), count, label, volume (it was "
    "wrong in this), confirmed (it was right), dismissed (a proposal is not there), own (about what a person had said).",
    ["kind"],
    registry=REGISTRY,
)
HINTS_TOPPED_UP = Counter(
    "roomtally_hints_topped_up_total", "Hints that the sweeper sent because none had led to a claim.", registry=REGISTRY
)
SNAPSHOT_READS = Counter(
    "roomtally_snapshot_reads_total",
    "Snapshots by where they came from: cache or database.",
    ["source"],
    registry=REGISTRY,
)
PURGED = Counter(
    "roomtally_purged_total",
    "What was removed for good: batch (deleted before), upload (never used), event (of a finished batch), session, ticket, "
    "file (that no row knows).",
    ["kind"],
    registry=REGISTRY,
)
