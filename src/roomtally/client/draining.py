"""`roomtally drain`: sends the streams of one web process away by its private port, and waits until they are gone."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from roomtally import errors

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 5.0


class Drained(NamedTuple):
    """`most`: streams there were at any time. `left`: those that are still open; more may come unless it is `over`. `stopped`: the
    process ended meanwhile."""

    most: int
    left: int
    over: bool
    stopped: bool = False


def drain(host: str, port: int, timeout_seconds: float, show: Callable[[str], object]) -> Drained:
    """Returns when no stream is left, or after the time; `show` is told of every change. Raises errors.Unavailable where nobody
    answers, errors.Forbidden where the process takes no drain from here."""
    deadline = time.monotonic() + timeout_seconds
    state = _ask(host, port, "GET")
    most = left = int(state["streams"])
    _ask(host, port, "POST")
    show(
        f"{host}:{port} takes its leave: {streams(left)} open. It may take more for a few seconds, then it ends them all."
    )
    while not _is_over(state) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        try:
            state = _ask(host, port, "GET")
        except errors.Unavailable:
            return Drained(most, 0, over=True, stopped=True)
        if state["streams"] != left:
            left = int(state["streams"])
            show(f"{streams(left)} left")
        most = max(most, left)
    return Drained(most, left, _is_over(state))


def streams(count: int) -> str:
    return f"{count:,} stream{'' if count == 1 else 's'}"


def _is_over(state: dict[str, Any]) -> bool:
    return state["status"] == "drained" and not state["streams"]


def _ask(host: str, port: int, method: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, "/drain")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise errors.Unavailable(
            "no-private-port", f"Nothing answers on {host}:{port} ({error}); see --private-host and --private-port."
        ) from error
    finally:
        connection.close()
    if answer.status == 403:
        raise errors.Forbidden(
            "drain-from-elsewhere",
            f"The web process on {host}:{port} takes a drain from its own machine only, by a loopback address: "
            "run `roomtally drain` there.",
        )
    if answer.status not in {200, 202}:
        raise errors.Unavailable(
            "no-web-process",
            f"What listens on {host}:{port} is no web process of Roomtally: it answers {answer.status} to {method} /drain.",
        )
    return json.loads(body)
