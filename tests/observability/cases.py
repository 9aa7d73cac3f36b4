"""For each alert: series that make it fire, that stay just below, and that end it. Values are one a minute, as promtool reads them.

`a+bxn`: n more values, each b above the one before.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """`bad` and `good` are series by selector; `after` minutes of `bad` the alert fires. `good` takes the place of `bad`."""

    alert: str
    bad: dict[str, str]
    good: dict[str, str]
    after: int = 20


def gauge(name: str, bad: float, good: float) -> tuple[dict[str, str], dict[str, str]]:
    return {name: f"{bad:g}x200"}, {name: f"{good:g}x200"}


def counter(name: str, bad: float, good: float) -> tuple[dict[str, str], dict[str, str]]:
    """That rises by so much a minute."""
    return {name: f"0+{bad:g}x200"}, {name: f"0+{good:g}x200"}


WEB = 'job="roomtally",instance="web:9100"'

CAUSES = (
    Case("TargetDown", *gauge('up{job="roomtally",instance="web:9100"}', 0, 1)),
    Case("WebAbsent", {}, {'roomtally_build_info{service="web"}': "1x200"}),
    Case("WorkerAbsent", {}, {'roomtally_build_info{service="worker"}': "1x200"}),
    Case("SweeperAbsent", {}, {'roomtally_build_info{service="sweeper"}': "1x200"}),
    Case(
        "SweeperSilent",
        {"roomtally_sweeper_looked_timestamp_seconds": "0x200"},
        {"roomtally_sweeper_looked_timestamp_seconds": "-119+60x200"},
    ),
    Case(
        "StreamDeliveryStalled",
        {
            "roomtally_bus_messages_total": "0+60x200",
            "roomtally_stream_sweep_repairs_total": "0x200",
            "roomtally_stream_lag_seconds_count": "0x200",
            "roomtally_streams_open": "3x200",
        },
        {
            "roomtally_bus_messages_total": "0+60x200",
            "roomtally_stream_sweep_repairs_total": "0x200",
            "roomtally_stream_lag_seconds_count": "0+1x200",
            "roomtally_streams_open": "3x200",
        },
    ),
    Case(
        "NoWorkers",
        {"roomtally_queue_consumers": "0x200", 'roomtally_batches{state="QUEUED"}': "1x200"},
        {"roomtally_queue_consumers": "0x200", 'roomtally_batches{state="QUEUED"}': "0x200"},
    ),
    Case("PhotosWaitLong", *gauge("roomtally_photo_oldest_waiting_seconds", 121, 120)),
    Case("BatchOverdue", *gauge("roomtally_batch_most_overdue_seconds", 61, 60)),
    Case("PhotosStuck", *gauge("roomtally_photos_stuck", 1, 0)),
    Case("DatabaseLost", *gauge(f"roomtally_database_connected{{{WEB}}}", 0, 1)),
    Case("PhotoStoreLost", *gauge(f"roomtally_storage_present{{{WEB}}}", 0, 1)),
    Case("ValkeyLost", *gauge(f"roomtally_valkey_connected{{{WEB}}}", 0, 1)),
    Case("BusLost", *gauge(f"roomtally_bus_connected{{{WEB}}}", 0, 1)),
    Case("BrokerLost", *gauge(f"roomtally_broker_connected{{{WEB}}}", 0, 1)),
    Case("HintsLost", *counter('roomtally_hints_total{outcome="lost"}', 1, 0)),
    Case("DatabasePoolFull", *gauge('roomtally_database_waiting{pool="main"}', 1, 0)),
    Case("PhotosBreakAnalyzer", *counter('roomtally_claims_total{outcome="spent"}', 1, 0)),
    Case("ClaimsExpire", *counter('roomtally_claims_total{outcome="expired"}', 0.25, 0.19)),
    Case("RenewalsBreak", *counter('roomtally_claim_renewals_total{outcome="broke"}', 1, 0)),
    Case("TasksFail", *counter('roomtally_task_executions_total{outcome="error"}', 1, 0)),
    Case(
        "EndpointFails",
        {
            'roomtally_endpoint_requests_total{outcome="timeout"}': "0+51x200",
            'roomtally_endpoint_requests_total{outcome="ok"}': "0+49x200",
        },
        {
            'roomtally_endpoint_requests_total{outcome="timeout"}': "0+50x200",
            'roomtally_endpoint_requests_total{outcome="ok"}': "0+50x200",
        },
    ),
    Case(
        "StreamReconnectStorm",
        {"roomtally_streams_opened_total": "0+60x60 3600+600x140", "roomtally_streams_open": "900x200"},
        {"roomtally_streams_opened_total": "0+60x60 3600+300x140", "roomtally_streams_open": "900x200"},
        after=66,
    ),
    Case(
        "StreamsNearLimit",
        {f"roomtally_streams_open{{{WEB}}}": "81x200", f"roomtally_streams_limit{{{WEB}}}": "100x200"},
        {f"roomtally_streams_open{{{WEB}}}": "80x200", f"roomtally_streams_limit{{{WEB}}}": "100x200"},
    ),
    Case("StreamsRefused", *counter('roomtally_streams_refused_total{reason="process"}', 1, 0)),
    Case(
        "StreamImbalance",
        {
            'roomtally_streams_open{instance="a"}': "201x200",
            'roomtally_streams_open{instance="b"}': "0x200",
            'roomtally_streams_open{instance="c"}': "99x200",
        },
        {
            'roomtally_streams_open{instance="a"}': "200x200",
            'roomtally_streams_open{instance="b"}': "0x200",
            'roomtally_streams_open{instance="c"}': "100x200",
        },
    ),
    Case(
        "SlowViewersCut",
        {
            'roomtally_streams_closed_total{reason="slow"}': "0+11x200",
            'roomtally_streams_closed_total{reason="client"}': "0+89x200",
        },
        {
            'roomtally_streams_closed_total{reason="slow"}': "0+10x200",
            'roomtally_streams_closed_total{reason="client"}': "0+90x200",
        },
        after=25,
    ),
    Case("StreamDefects", *counter('roomtally_stream_failures_total{part="topic"}', 1, 0)),
    Case(
        "BusLosesMessages",
        {"roomtally_stream_sweep_repairs_total": "0+6.6x200", "roomtally_bus_connected": "1x200"},
        {"roomtally_stream_sweep_repairs_total": "0+6x200", "roomtally_bus_connected": "1x200"},
        after=25,
    ),
    Case("DrainStuck", *gauge(f"roomtally_draining{{{WEB}}}", 1, 0)),
    Case(
        "EventLoopLate",
        {
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="0.25"}}': "0+98x200",
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="0.5"}}': "0+100x200",
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="+Inf"}}': "0+100x200",
        },
        {
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="0.25"}}': "0+99x200",
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="0.5"}}': "0+100x200",
            f'roomtally_event_loop_lag_seconds_bucket{{{WEB},le="+Inf"}}': "0+100x200",
        },
    ),
    Case(
        "FilesNearLimit",
        {f"process_open_fds{{{WEB}}}": "81x200", f"process_max_fds{{{WEB}}}": "100x200"},
        {f"process_open_fds{{{WEB}}}": "80x200", f"process_max_fds{{{WEB}}}": "100x200"},
    ),
    Case("SignInsLimited", *counter('roomtally_sign_ins_total{outcome="limited"}', 6.6, 6), after=25),
)

# Of each objective: what fails and what does not, each rising by so much a minute.
OUTCOMES = {
    "api-availability": (
        {'roomtally_http_requests_total{route="/api/projects",code="500"}': 1},
        {'roomtally_http_requests_total{route="/api/projects",code="200"}': 1},
    ),
    "api-latency": (
        {'roomtally_http_request_duration_seconds_count{method="GET",route="/api/projects"}': 1},
        {
            'roomtally_http_request_duration_seconds_count{method="GET",route="/api/projects"}': 1,
            'roomtally_http_request_duration_seconds_bucket{method="GET",route="/api/projects",le="0.25"}': 1,
        },
    ),
    "stream-open": (
        {"roomtally_stream_time_to_first_event_seconds_count": 1},
        {
            "roomtally_stream_time_to_first_event_seconds_count": 1,
            'roomtally_stream_time_to_first_event_seconds_bucket{le="1.0"}': 1,
        },
    ),
    "stream-freshness": (
        {"roomtally_stream_lag_seconds_count": 1},
        {"roomtally_stream_lag_seconds_count": 1, 'roomtally_stream_lag_seconds_bucket{le="1.0"}': 1},
    ),
    "batch-timeliness": (
        {'roomtally_batch_deadlines_total{met="false"}': 1},
        {'roomtally_batch_deadlines_total{met="true"}': 1},
    ),
    "photo-success": (
        {'roomtally_claims_total{outcome="spent"}': 1},
        {'roomtally_claims_total{outcome="done"}': 1},
    ),
}
# What every process shows at 0 from the start, and the ratios add up.
ALWAYS = (
    'roomtally_http_requests_total{route="/api/stream",code="503"}',
    'roomtally_streams_closed_total{reason="slow"}',
)
