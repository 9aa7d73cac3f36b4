"""Label sets that are known beforehand: shown at 0 from the start, else `rate` never sees the first error of a process."""

from collections.abc import Mapping, Sequence

from prometheus_client import Counter, Histogram

from roomtally.telemetry import metrics, stream_metrics

OUTCOMES: Mapping[Counter | Histogram, Sequence[Sequence[str]]] = {
    metrics.SIGN_INS: [("accepted", "refused", "limited")],
    metrics.DATABASE_FAILURES: [("claim", "renew", "persist")],
    metrics.VALKEY_ERRORS: [
        (
            *("publish", "snapshot_read", "snapshot_write", "sign_in_limit", "stream_accounting", "stream_renewal"),
            *("hint", "lag", "consumers", "forget"),
        )
    ],
    metrics.BROKER_ERRORS: [("connection", "answer", "group", "fallback")],
    metrics.HINTS: [("sent", "lost")],
    metrics.ENDPOINT_REQUESTS: [("ok", "refused", "bad_answer", "timeout", "connection")],
    metrics.PHOTO_STAGE: [("fetch", "decode", "analyze", "thumbnail", "persist")],
    metrics.SWEEPER_PASSES: [("swept", "elsewhere", "failed")],
    metrics.CLAIMS: [
        ("claimed", "none", "refused", "done", "failed", "released", "spent", "expired", "lost", "timeout")
    ],
    metrics.RENEWALS: [("renewed", "lost", "failed", "broke")],
    metrics.BATCH_EVENTS: [
        (
            *("batch_created", "photo_claimed", "photo_done", "photo_failed", "photo_released", "photo_expired"),
            *(
                "photos_retried",
                "item_corrected",
                "batch_paused",
                "batch_resumed",
                "batch_cancelling",
                "batch_finished",
            ),
            "batch_deleted",
        )
    ],
    metrics.CORRECTIONS: [("added", "removed", "count", "label", "volume", "confirmed", "dismissed", "own")],
    metrics.BATCHES_FINISHED: [("COMPLETED", "PARTIAL", "FAILED", "CANCELLED")],
    metrics.BATCH_DEADLINES: [("true", "false")],
    metrics.SNAPSHOT_READS: [("cache", "database")],
    metrics.PURGED: [("batch", "upload", "event", "session", "ticket", "file")],
    metrics.UPLOADS_REFUSED: [("storage-unavailable", "database-unavailable", "upload-stalled", "quota-exceeded")],
    stream_metrics.STREAMS_CLOSED: [
        ("client", "complete", "timeout", "drain", "session-ended", "deleted", "error", "slow", "operator")
    ],
    stream_metrics.STREAMS_REFUSED: [("process", "user", "address")],
    stream_metrics.STREAM_RESUMES: [("continued", "reset")],
    stream_metrics.STREAM_EVENTS: [("progress", "change", "complete", "ping", "timeout", "reset", "error", "retry")],
    stream_metrics.STREAM_READS: [("snapshot", "log", "sweep"), ("done", "failed")],
    stream_metrics.STREAM_FAILURES: [("topic", "connection", "listener", "publish", "wheel", "accounting", "severing")],
}
FAILED = ("500", "503")  # codes of answers that are our fault


def begin() -> None:
    """Show all of them."""
    for metric, values in OUTCOMES.items():
        for labels in _products(values):
            metric.labels(*labels)


def begin_routes(routes: Sequence[tuple[str, str]]) -> None:
    """The failures of each method and route template."""
    for method, route in routes:
        for code in FAILED:
            metrics.HTTP_REQUESTS.labels(method, route, code)


def _products(values: Sequence[Sequence[str]]) -> Sequence[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for choices in values:
        found = [(*before, choice) for before in found for choice in choices]
    return found
