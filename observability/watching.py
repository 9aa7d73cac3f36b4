"""The dashboards of what people get: the objectives, the streams, the photos."""

from observability.panels import INSTANCE, Panel, each, quantile, quantiles, rate
from observability.slos import OBJECTIVES, ratio

OVERVIEW = (
    *(
        Panel(
            slo.name,
            f"{slo.target:.4g} {slo.promise}. What is left of the budget of three days.",
            "percentunit",
            (("left", f'slo:error_budget_remaining:ratio{{slo="{slo.name}"}}'),),
            "stat",
        )
        for slo in OBJECTIVES
    ),
    Panel(
        "Burn rate", "1 spends the budget in exactly 30 days.", "none", (("{{slo}}", "slo:current_burn_rate:ratio"),)
    ),
    Panel("Failing share over an hour", "Of each objective.", "percentunit", (("{{slo}}", ratio("1h")),)),
    Panel(
        "Alerts",
        "What fires or is about to.",
        "none",
        (("{{alertname}} {{alertstate}}", "sum by (alertname, alertstate) (ALERTS)"),),
    ),
    Panel("Requests", "Answers a second, by code.", "reqps", each("roomtally_http_requests_total", "code")),
    Panel(
        "Open streams",
        "In all web processes, and how many they may have.",
        "none",
        (("open", "sum(roomtally_streams_open)"), ("limit", "sum(roomtally_streams_limit)")),
    ),
    Panel("Commit to socket", "What the service is for.", "s", quantiles("roomtally_stream_lag_seconds")),
    Panel(
        "Polls spared",
        "A second, by the model of docs/operations.md.",
        "reqps",
        (("spared", rate("roomtally_polls_avoided_total")), ("answers sent", rate("roomtally_http_requests_total"))),
    ),
    Panel(
        "Bytes spared",
        "What polling would have carried, and what streams carried.",
        "Bps",
        (("polling", rate("roomtally_polling_bytes_avoided_total")), ("streams", rate("roomtally_stream_bytes_total"))),
    ),
    Panel(
        "Versions",
        "Processes by version and kind.",
        "none",
        (("{{service}} {{version}}", "count by (service, version) (roomtally_build_info)"),),
    ),
)

STREAMS = (
    Panel(
        "Open by process",
        "One far above the others: see StreamImbalance.",
        "none",
        ((INSTANCE, "roomtally_streams_open"),),
    ),
    Panel("Opened", "A second.", "ops", ((INSTANCE, rate("roomtally_streams_opened_total", "instance")),)),
    Panel("Ended", "A second, by reason.", "ops", each("roomtally_streams_closed_total", "reason")),
    Panel(
        "Time to the first event",
        "From the request on.",
        "s",
        quantiles("roomtally_stream_time_to_first_event_seconds"),
    ),
    Panel(
        "Commit to socket",
        "Of the last viewer, once a change and batch.",
        "s",
        quantiles("roomtally_stream_lag_seconds"),
    ),
    Panel(
        "Commit to browser",
        "As a tenth of the browsers' events say by their own clocks, when a page is left.",
        "s",
        quantiles("roomtally_browser_latency_seconds"),
    ),
    Panel(
        "Commit to web process",
        "The part of it before handing out.",
        "s",
        quantiles("roomtally_stream_notify_lag_seconds"),
    ),
    Panel(
        "Commit to socket, spread",
        "How many changes took how long.",
        "s",
        (("{{le}}", rate("roomtally_stream_lag_seconds_bucket", "le")),),
        "heatmap",
    ),
    Panel("Events", "A second, by kind.", "ops", each("roomtally_stream_events_total", "event")),
    Panel("Bytes", "A second.", "Bps", (("sent", rate("roomtally_stream_bytes_total")),)),
    Panel(
        "Comebacks",
        "Batches that somebody came back to with an id.",
        "ops",
        each("roomtally_stream_resumes_total", "result"),
    ),
    Panel("Life of streams", "Of those that ended.", "s", quantiles("roomtally_stream_duration_seconds")),
    Panel("Refused", "By limit.", "ops", each("roomtally_streams_refused_total", "reason")),
    Panel("Batches followed", "", "none", ((INSTANCE, "roomtally_stream_topics"),)),
    Panel(
        "Bus",
        "1 while it is connected; messages a second.",
        "none",
        ((INSTANCE, "roomtally_bus_connected"), ("messages", rate("roomtally_bus_messages_total"))),
    ),
    Panel(
        "Repairs and defects",
        "Batches found behind, and exceptions kept inside.",
        "ops",
        (
            ("repairs", rate("roomtally_stream_sweep_repairs_total")),
            ("{{part}}", rate("roomtally_stream_failures_total", "part")),
        ),
    ),
    Panel(
        "Reads for streams",
        "Of the database.",
        "ops",
        (("{{kind}} {{outcome}}", rate("roomtally_stream_reads_total", "kind, outcome")),),
    ),
    Panel("Draining", "1 since a process sends its streams away.", "none", ((INSTANCE, "roomtally_draining"),)),
    Panel("Bus reconnects", "", "ops", (("reconnects", rate("roomtally_bus_reconnects_total")),)),
)

PIPELINE = (
    Panel("Unfinished batches", "By state.", "none", (("{{state}}", "max by (state) (roomtally_batches)"),)),
    Panel(
        "Longest wait and most overdue",
        "",
        "s",
        (
            ("photo waits", "max(roomtally_photo_oldest_waiting_seconds)"),
            ("batch overdue", "max(roomtally_batch_most_overdue_seconds)"),
        ),
    ),
    Panel(
        "Queue",
        "Hints that nobody has taken, and workers that read.",
        "none",
        (("hints", "max(roomtally_queue_lag)"), ("workers", "max(roomtally_queue_consumers)")),
    ),
    Panel("Runs ended", "By outcome.", "ops", each("roomtally_batches_finished_total", "outcome")),
    Panel("Time of runs", "", "s", quantiles("roomtally_batch_duration_seconds")),
    Panel("Deadlines met", "Of 30 s and 2 s a photo.", "ops", each("roomtally_batch_deadlines_total", "met")),
    Panel("Photos", "Claims by what became of them.", "ops", each("roomtally_claims_total", "outcome")),
    Panel("Renewals of claims", "By outcome.", "ops", each("roomtally_claim_renewals_total", "outcome")),
    Panel("Stages, p95", "", "s", (("{{stage}}", quantile(0.95, "roomtally_photo_stage_duration_seconds", "stage")),)),
    Panel("Wait for a worker", "From sending a hint on.", "s", quantiles("roomtally_task_queue_wait_seconds")),
    Panel("Task, whole", "", "s", quantiles("roomtally_task_duration_seconds")),
    Panel(
        "Tasks",
        "Running, and ended by outcome.",
        "none",
        (
            ("running", "sum(roomtally_tasks_in_progress)"),
            ("{{outcome}}", rate("roomtally_task_executions_total", "outcome")),
        ),
    ),
    Panel(
        "Hints",
        "",
        "ops",
        (
            ("{{outcome}}", rate("roomtally_hints_total", "outcome")),
            ("topped up", rate("roomtally_hints_topped_up_total")),
            ("found", rate("roomtally_hints_found_total")),
        ),
    ),
    Panel("Events", "Committed, by type.", "ops", each("roomtally_batch_events_total", "type")),
    Panel(
        "Stuck photos", "Failed three times by the infrastructure.", "none", (("stuck", "max(roomtally_photos_stuck)"),)
    ),
    Panel("Vision endpoint", "By outcome.", "ops", each("roomtally_endpoint_requests_total", "outcome")),
    Panel(
        "Corrections",
        "What people said about the analyzer's items; own: about what a person had said.",
        "ops",
        each("roomtally_items_corrected_total", "kind"),
    ),
)
