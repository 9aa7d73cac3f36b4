"""The six objectives, their error ratios over seven windows, and the alerts on how fast their budgets burn.

Windows and factors: Google's SRE workbook, chapter 5, for 30 days: 14.4 x for an hour spends 2 %, 6 x for six hours 5 %, 3 x for a
day 10 %, 1 x for three days 10 %.
"""

from typing import NamedTuple

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
PAGE = (("5m", "1h", 14.4), ("30m", "6h", 6.0))
TICKET = (("2h", "1d", 3.0), ("6h", "3d", 1.0))

STREAMS = "/api/stream|/api/batches/[{]batch_id[}]/stream"
LONG_POLL = "/api/batches/[{]batch_id[}]"  # it waits as long as it is asked to
UPLOADS = "/api/uploads|/api/batches"
ANSWERED = f'route!~"/health/.*|{STREAMS}"'


class Objective(NamedTuple):
    """`bad` and `valid` are PromQL with `[WINDOW]`; `promise` ends a sentence that begins with the target."""

    name: str
    alert: str
    target: float
    promise: str
    bad: str
    valid: str


def _latency(selector: str, limit: str) -> tuple[str, str]:
    """Slower than `limit`, and all; 0 where nobody has asked yet: a sum that is not there takes the others with it."""
    name = "roomtally_http_request_duration_seconds"
    count = f"(sum(rate({name}_count{{{selector}}}[WINDOW])) or vector(0))"
    return f'({count} - (sum(rate({name}_bucket{{{selector},le="{limit}"}}[WINDOW])) or vector(0)))', count


SLOW_READS, READS = _latency(f'method="GET",route!~"/health/.*|{STREAMS}|{LONG_POLL}"', "0.25")
SLOW_WRITES, WRITES = _latency(f'method!="GET",route!~"{UPLOADS}"', "0.25")
SLOW_UPLOADS, ALL_UPLOADS = _latency(f'method!="GET",route=~"{UPLOADS}"', "2.5")
REFUSED_OPENS = f'sum(rate(roomtally_http_requests_total{{route=~"{STREAMS}",code=~"5.."}}[WINDOW]))'
OPENS = "sum(rate(roomtally_stream_time_to_first_event_seconds_count[WINDOW]))"
GIVEN_UP = 'sum(rate(roomtally_streams_closed_total{reason=~"slow|error"}[WINDOW]))'
LAGS = "sum(rate(roomtally_stream_lag_seconds_count[WINDOW]))"
FAULTS = 'sum(rate(roomtally_claims_total{outcome=~"released|spent|expired|timeout"}[WINDOW]))'

OBJECTIVES = (
    Objective(
        "api-availability",
        "ApiAvailability",
        0.999,
        "of all answers are not our fault (5xx); streams and health are counted elsewhere",
        f'sum(rate(roomtally_http_requests_total{{{ANSWERED},code=~"5.."}}[WINDOW]))',
        f"sum(rate(roomtally_http_requests_total{{{ANSWERED}}}[WINDOW]))",
    ),
    Objective(
        "api-latency",
        "ApiLatency",
        0.99,
        "of all answers come within 0.25 s, of uploads within 2.5 s",
        f"({SLOW_READS} + {SLOW_WRITES} + {SLOW_UPLOADS})",
        f"({READS} + {WRITES} + {ALL_UPLOADS})",
    ),
    Objective(
        "stream-open",
        "StreamOpen",
        0.995,
        "of all streams begin, with a first event within 1 s",
        f'({OPENS} - sum(rate(roomtally_stream_time_to_first_event_seconds_bucket{{le="1.0"}}[WINDOW])) + {REFUSED_OPENS})',
        f"({OPENS} + {REFUSED_OPENS})",
    ),
    Objective(
        "stream-freshness",
        "StreamFreshness",
        0.99,
        "of all changes are handed to the last viewer's socket within 1 s of their commit; viewers given up count as late",
        f'({LAGS} - sum(rate(roomtally_stream_lag_seconds_bucket{{le="1.0"}}[WINDOW])) + {GIVEN_UP})',
        f"({LAGS} + {GIVEN_UP})",
    ),
    Objective(
        "batch-timeliness",
        "BatchTimeliness",
        0.99,
        "of all runs of batches end within 30 s and 2 s a photo",
        'sum(rate(roomtally_batch_deadlines_total{met="false"}[WINDOW]))',
        "sum(rate(roomtally_batch_deadlines_total[WINDOW]))",
    ),
    Objective(
        "photo-success",
        "PhotoSuccess",
        0.995,
        "of all tries of photos do not fail by our fault (storage, endpoint, analyzer, dead workers)",
        FAULTS,
        f'({FAULTS} + sum(rate(roomtally_claims_total{{outcome=~"done|failed"}}[WINDOW])))',
    ),
)


class Rule(NamedTuple):
    """A recording rule where `labels` has no severity; a `wait` is for alerts."""

    name: str
    expression: str
    labels: dict[str, str]
    wait: str = ""
    summary: str = ""
    description: str = ""


def ratio(window: str) -> str:
    return f"slo:sli_error:ratio_rate{window}"


def recordings() -> list[Rule]:
    found = [
        Rule(ratio(window), f"{slo.bad} / {slo.valid}".replace("WINDOW", window), {"slo": slo.name})
        for slo in OBJECTIVES
        for window in WINDOWS
    ]
    for slo in OBJECTIVES:
        labels = {"slo": slo.name}
        error = f'{{slo="{slo.name}"}}'
        found += [
            Rule("slo:objective:ratio", f"vector({slo.target})", labels),
            Rule("slo:current_burn_rate:ratio", f"{ratio('5m')}{error} / {1 - slo.target:.4g}", labels),
            Rule("slo:error_budget_remaining:ratio", f"1 - {ratio('3d')}{error} / {1 - slo.target:.4g}", labels),
        ]
    return found


def burns() -> list[Rule]:
    return [
        _burn(slo, "page", PAGE, "in hours") if severity == "page" else _burn(slo, "ticket", TICKET, "in days")
        for slo in OBJECTIVES
        for severity in ("page", "ticket")
    ]


def _burn(slo: Objective, severity: str, pairs: tuple[tuple[str, str, float], ...], speed: str) -> Rule:
    budget = 1 - slo.target
    error = f'{{slo="{slo.name}"}}'
    parts = [
        f"({ratio(short)}{error} > {factor * budget:.6g} and {ratio(long)}{error} > {factor * budget:.6g})"
        for short, long, factor in pairs
    ]
    return Rule(
        f"{slo.alert}Budget{'Fast' if severity == 'page' else 'Slow'}",
        " or ".join(parts),
        {"severity": severity, "slo": slo.name},
        summary=f"The error budget of {slo.name} will be spent {speed}.",
        description=f"{{{{ $value | humanizePercentage }}}} fail. Promised: {slo.target:.4g} {slo.promise}, over 30 days.",
    )
