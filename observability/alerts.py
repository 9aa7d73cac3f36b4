"""The causes: what is broken, silent or nearly full, whatever the objectives say of it yet."""

from observability.slos import Rule


def _alert(name: str, severity: str, wait: str, expression: str, *texts: str) -> Rule:
    """`texts`: summary and description."""
    summary, description = texts
    return Rule(name, expression, {"severity": severity}, wait, summary, description)


DELIVERED = "sum(rate(roomtally_stream_lag_seconds_count[5m]))"
HEARD = "sum(rate(roomtally_bus_messages_total[5m])) + sum(rate(roomtally_stream_sweep_repairs_total[5m]))"
UNFINISHED = 'max by (state) (roomtally_batches{state=~"QUEUED|PROCESSING"})'

CAUSES = (
    # --- silence
    _alert(
        "TargetDown",
        "page",
        "2m",
        'up{job="roomtally"} == 0',
        "A process of Roomtally does not answer.",
        "{{ $labels.instance }} cannot be scraped.",
    ),
    *(
        _alert(
            f"{service.title()}Absent",
            "page",
            "2m",
            f'absent(roomtally_build_info{{service="{service}"}})',
            f"No {service} process is seen.",
            f"Nothing says that it is a {service}: none runs, or none is scraped.",
        )
        for service in ("web", "worker", "sweeper")
    ),
    _alert(
        "SweeperSilent",
        "page",
        "1m",
        "time() - max(roomtally_sweeper_looked_timestamp_seconds) > 120",
        "No sweeper has looked around for two minutes.",
        "Lost hints and dead workers' photos stay where they are, and the gauges of the installation are old.",
    ),
    _alert(
        "StreamDeliveryStalled",
        "page",
        "2m",
        f"({HEARD}) > 0 and {DELIVERED} == 0 and sum(roomtally_streams_open) > 0",
        "Changes reach the web processes and nobody is sent them.",
        "{{ $value }} changes a second are heard, open streams get none.",
    ),
    _alert(
        "NoWorkers",
        "page",
        "2m",
        f"max(roomtally_queue_consumers) == 0 and sum({UNFINISHED}) > 0",
        "Photos wait and no worker reads hints.",
        "No worker has asked for a hint within two minutes.",
    ),
    # --- lateness
    _alert(
        "PhotosWaitLong",
        "page",
        "5m",
        "max(roomtally_photo_oldest_waiting_seconds) > 120",
        "Photos wait too long for a worker.",
        "One has waited for {{ $value | humanizeDuration }}.",
    ),
    _alert(
        "BatchOverdue",
        "ticket",
        "5m",
        "max(roomtally_batch_most_overdue_seconds) > 60",
        "A batch is past its deadline.",
        "It is {{ $value | humanizeDuration }} late and has not ended.",
    ),
    _alert(
        "PhotosStuck",
        "ticket",
        "10m",
        "max(roomtally_photos_stuck) > 0",
        "Photos are tried again and again.",
        "{{ $value }} photos wait after three failures of storage, database or endpoint.",
    ),
    # --- stores
    *(
        _alert(
            f"{name}Lost",
            severity,
            wait,
            f"{metric} == 0",
            f"A process has lost {what}.",
            "{{ $labels.instance }} cannot reach it.",
        )
        for name, metric, severity, wait, what in (
            ("Database", "roomtally_database_connected", "page", "1m", "PostgreSQL"),
            ("PhotoStore", "roomtally_storage_present", "page", "1m", "the photo store"),
            ("Valkey", "roomtally_valkey_connected", "ticket", "2m", "Valkey"),
            ("Bus", "roomtally_bus_connected", "ticket", "2m", "the bus"),
            ("Broker", "roomtally_broker_connected", "ticket", "2m", "the queue"),
        )
    ),
    _alert(
        "HintsLost",
        "ticket",
        "10m",
        'sum(rate(roomtally_hints_total{outcome="lost"}[5m])) > 0',
        "Hints do not reach Valkey.",
        "{{ $value }} a second are lost; the sweeper sends them again.",
    ),
    _alert(
        "DatabasePoolFull",
        "ticket",
        "2m",
        "roomtally_database_waiting > 0",
        "Requests wait for a database connection.",
        "{{ $value }} callers of the pool {{ $labels.pool }} wait in {{ $labels.instance }}.",
    ),
    # --- photos
    _alert(
        "PhotosBreakAnalyzer",
        "ticket",
        "0m",
        'sum(increase(roomtally_claims_total{outcome=~"spent|timeout"}[15m])) > 0',
        "The analyzer broke or hung on a photo.",
        "{{ $value | humanize }} times in 15 minutes.",
    ),
    _alert(
        "ClaimsExpire",
        "ticket",
        "0m",
        'sum(increase(roomtally_claims_total{outcome="expired"}[15m])) > 3',
        "Workers die with photos in hand.",
        "{{ $value | humanize }} claims ran out in 15 minutes.",
    ),
    _alert(
        "RenewalsBreak",
        "ticket",
        "0m",
        'sum(increase(roomtally_claim_renewals_total{outcome="broke"}[15m])) > 0',
        "A worker cannot renew its claim, and nobody knows why.",
        "{{ $value | humanize }} times in 15 minutes.",
    ),
    _alert(
        "TasksFail",
        "ticket",
        "0m",
        'sum(increase(roomtally_task_executions_total{outcome="error"}[15m])) > 0',
        "A task raised an error that no rule covers.",
        "{{ $value | humanize }} in 15 minutes.",
    ),
    _alert(
        "EndpointFails",
        "ticket",
        "10m",
        'sum(rate(roomtally_endpoint_requests_total{outcome!="ok"}[10m]))'
        " / sum(rate(roomtally_endpoint_requests_total[10m])) > 0.5",
        "The vision endpoint fails more often than not.",
        "{{ $value | humanizePercentage }} of the questions have no good answer.",
    ),
    # --- streams
    _alert(
        "StreamReconnectStorm",
        "page",
        "2m",
        "sum(rate(roomtally_streams_opened_total[2m])) > 5 * sum(rate(roomtally_streams_opened_total[15m] offset 10m))"
        " and sum(rate(roomtally_streams_opened_total[2m])) > clamp_min(0.01 * sum(roomtally_streams_open), 1)",
        "Streams are opened far more often than usual.",
        "{{ $value }} a second: something cuts them, or clients are in a loop.",
    ),
    _alert(
        "StreamsNearLimit",
        "ticket",
        "5m",
        "roomtally_streams_open / roomtally_streams_limit > 0.8",
        "A web process has nearly as many streams as it may have.",
        "{{ $labels.instance }} is at {{ $value | humanizePercentage }}.",
    ),
    _alert(
        "StreamsRefused",
        "page",
        "2m",
        'sum(rate(roomtally_streams_refused_total{reason="process"}[5m])) > 0',
        "Streams are refused: the web processes are full.",
        "{{ $value }} a second.",
    ),
    _alert(
        "StreamImbalance",
        "ticket",
        "15m",
        "max(roomtally_streams_open) / avg(roomtally_streams_open) > 2 and sum(roomtally_streams_open) > 100",
        "One web process has far more streams than the others.",
        "{{ $value }} times the average.",
    ),
    _alert(
        "SlowViewersCut",
        "ticket",
        "10m",
        'sum(rate(roomtally_streams_closed_total{reason="slow"}[10m])) > 0.1 * sum(rate(roomtally_streams_closed_total[10m]))',
        "Many viewers take nothing.",
        "More than a tenth of the streams that end are cut for that: {{ $value }} a second.",
    ),
    _alert(
        "StreamDefects",
        "ticket",
        "0m",
        "sum by (part) (increase(roomtally_stream_failures_total[15m])) > 0",
        "An exception was kept inside the streams.",
        "{{ $value | humanize }} in {{ $labels.part }} in 15 minutes.",
    ),
    _alert(
        "BusLosesMessages",
        "ticket",
        "10m",
        "sum(rate(roomtally_stream_sweep_repairs_total[10m])) > 0.1 and min(roomtally_bus_connected) == 1",
        "The sweep repairs what a connected bus should have brought.",
        "{{ $value }} batches a second are found behind.",
    ),
    _alert(
        "DrainStuck",
        "ticket",
        "10m",
        "roomtally_draining == 1",
        "A web process drains and does not end.",
        "{{ $labels.instance }} has been sending its streams away for ten minutes.",
    ),
    # --- processes
    _alert(
        "EventLoopLate",
        "ticket",
        "5m",
        "histogram_quantile(0.99, sum by (job, instance, le) (rate(roomtally_event_loop_lag_seconds_bucket[5m]))) > 0.25",
        "An event loop is late.",
        "{{ $labels.instance }}: one timer of a hundred is {{ $value | humanizeDuration }} late or more.",
    ),
    _alert(
        "FilesNearLimit",
        "ticket",
        "5m",
        "process_open_fds / process_max_fds > 0.8",
        "A process has nearly as many open files as it may have.",
        "{{ $labels.instance }} is at {{ $value | humanizePercentage }}.",
    ),
    _alert(
        "SignInsLimited",
        "ticket",
        "10m",
        'sum(rate(roomtally_sign_ins_total{outcome="limited"}[10m])) > 0.1',
        "Somebody tries many passwords.",
        "{{ $value }} attempts a second are turned away.",
    ),
)
