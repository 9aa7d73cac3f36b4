"""The dashboards of what it takes: requests, stores, processes, and their cost for each event and photo."""

from observability.panels import INSTANCE, RATE, Panel, cpu_of, each, quantile, quantiles, rate

ERRORS = 'roomtally_http_requests_total{code=~"5.."}'
UNCHANGED = 'roomtally_http_requests_total{code="304"}'

API = (
    Panel(
        "Requests by route",
        "A second.",
        "reqps",
        (("{{method}} {{route}}", rate("roomtally_http_requests_total", "method, route")),),
    ),
    Panel(
        "Failures by route",
        "5xx a second.",
        "reqps",
        (("{{method}} {{route}} {{code}}", rate(ERRORS, "method, route, code")),),
    ),
    Panel(
        "Duration, p95",
        "Of a stream, until it began.",
        "s",
        (("{{method}} {{route}}", quantile(0.95, "roomtally_http_request_duration_seconds", "method, route")),),
    ),
    Panel("In flight", "", "none", ((INSTANCE, "roomtally_http_requests_in_flight"),)),
    Panel("Bytes of photos", "", "Bps", (("stored", rate("roomtally_upload_bytes_total")),)),
    Panel("Uploads refused", "By problem.", "ops", each("roomtally_uploads_refused_total", "reason")),
    Panel("Snapshots", "By where they came from.", "ops", each("roomtally_snapshot_reads_total", "source")),
    Panel("Sign-ins", "", "ops", each("roomtally_sign_ins_total", "outcome")),
    Panel(
        "Not modified",
        "Share of answers that are 304.",
        "percentunit",
        (
            (
                "304",
                f"({rate(UNCHANGED)} or vector(0)) / {rate('roomtally_http_requests_total')}",
            ),
        ),
    ),
)

STORES = (
    Panel(
        "Reachable",
        "1 while it answers.",
        "none",
        tuple(
            (f"{name} {INSTANCE}", metric)
            for name, metric in (
                ("PostgreSQL", "roomtally_database_connected"),
                ("Valkey", "roomtally_valkey_connected"),
                ("queue", "roomtally_broker_connected"),
                ("photos", "roomtally_storage_present"),
            )
        ),
    ),
    Panel(
        "Statements, p95",
        "By function.",
        "s",
        (("{{operation}}", quantile(0.95, "roomtally_database_operation_duration_seconds", "operation")),),
    ),
    Panel("Statements", "A second.", "ops", each("roomtally_database_operation_duration_seconds_count", "operation")),
    Panel(
        "Connections",
        "",
        "none",
        (
            ("{{pool}} {{state}}", "sum by (pool, state) (roomtally_database_connections)"),
            ("waiting", "sum(roomtally_database_waiting)"),
        ),
    ),
    Panel(
        "Valkey, p95",
        "By operation.",
        "s",
        (("{{operation}}", quantile(0.95, "roomtally_valkey_operation_duration_seconds", "operation")),),
    ),
    Panel("Valkey errors", "", "ops", each("roomtally_valkey_errors_total", "operation")),
    Panel(
        "Failed calls of workers",
        "",
        "ops",
        (
            ("database {{part}}", rate("roomtally_database_failures_total", "part")),
            ("hints {{reason}}", rate("roomtally_broker_errors_total", "reason")),
        ),
    ),
    Panel(
        "Sweeper",
        "Passes, and how long ago it looked.",
        "none",
        (
            ("{{outcome}}", rate("roomtally_sweeper_passes_total", "outcome")),
            ("seconds since it looked", "time() - max(roomtally_sweeper_looked_timestamp_seconds)"),
        ),
    ),
    Panel("Purged", "", "ops", each("roomtally_purged_total", "kind")),
    Panel("CPU", "Cores.", "none", ((INSTANCE, f"rate(process_cpu_seconds_total[{RATE}])"),)),
    Panel("Memory", "", "bytes", ((INSTANCE, "process_resident_memory_bytes"),)),
    Panel("Open files", "", "none", ((INSTANCE, "process_open_fds"),)),
    Panel(
        "Event loop, p99",
        "How late its timers are.",
        "s",
        ((INSTANCE, quantile(0.99, "roomtally_event_loop_lag_seconds", "instance")),),
    ),
    Panel(
        "Garbage collections",
        "",
        "ops",
        (("generation {{generation}}", rate("python_gc_collections_total", "generation")),),
    ),
    Panel("Age of processes", "", "s", ((INSTANCE, "time() - process_start_time_seconds"),)),
)

PROMISE = (
    Panel("Commit to socket", "The promise: p99 within 1 s.", "s", quantiles("roomtally_stream_lag_seconds")),
    Panel(
        "Streams",
        "Offered load.",
        "none",
        (("open", "sum(roomtally_streams_open)"), ("busy topics", "sum(roomtally_stream_topics)")),
    ),
    Panel("Events", "Handed over a second.", "ops", (("events", rate("roomtally_stream_events_total")),)),
    Panel(
        "CPU of web for each event",
        "Seconds.",
        "s",
        (
            (
                "web",
                f"{cpu_of('web')} / {rate('roomtally_stream_events_total')}",
            ),
        ),
    ),
    Panel(
        "Bytes for each event",
        "",
        "bytes",
        (("streams", f"{rate('roomtally_stream_bytes_total')} / {rate('roomtally_stream_events_total')}"),),
    ),
    Panel(
        "Bytes, polling against streams",
        "By the model of docs/operations.md.",
        "none",
        (
            (
                "times as many",
                f"{rate('roomtally_polling_bytes_avoided_total')} / {rate('roomtally_stream_bytes_total')}",
            ),
        ),
    ),
    Panel(
        "Requests, polling against streams",
        "Polls spared for each stream that was opened.",
        "none",
        (("polls a stream", f"{rate('roomtally_polls_avoided_total')} / {rate('roomtally_streams_opened_total')}"),),
    ),
    Panel("Photos done", "A second.", "ops", (("done", rate('roomtally_claims_total{outcome="done"}')),)),
    Panel(
        "CPU of workers for each photo",
        "Seconds.",
        "s",
        (
            (
                "worker",
                f"""{cpu_of("worker")} / {rate('roomtally_claims_total{outcome="done"}')}""",
            ),
        ),
    ),
)
