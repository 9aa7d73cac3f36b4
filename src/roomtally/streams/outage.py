"""Reads of the database for streams: each is counted; an outage is a line for each kind of read, not for each read in it."""

from typing import Literal, TypeAlias

import structlog

from roomtally.db.pool import DATABASE_AWAY
from roomtally.telemetry import stream_metrics

AWAY = (*DATABASE_AWAY, OSError)  # TimeoutError is one: a database that is frozen

Kind: TypeAlias = Literal["snapshot", "log", "sweep"]

log = structlog.get_logger()


class Reads:
    """What all topics of a process have seen of the database."""

    __slots__ = ("_away",)

    def __init__(self) -> None:
        self._away: set[Kind] = set()

    def done(self, kind: Kind) -> None:
        stream_metrics.STREAM_READS.labels(kind, "done").inc()
        if kind in self._away:
            self._away.discard(kind)
            log.info("stream_read_failed_no_more", kind=kind)

    def failed(self, kind: Kind, error: Exception, **about: object) -> None:
        """`about` is said beside it. What nobody expects is told each time, with its traceback."""
        stream_metrics.STREAM_READS.labels(kind, "failed").inc()
        if not isinstance(error, AWAY):
            log.error("stream_read_broke", kind=kind, exc_info=error, **about)
        elif kind not in self._away:
            self._away.add(kind)
            log.warning("stream_read_failed", kind=kind, error=type(error).__name__, said=str(error), **about)
