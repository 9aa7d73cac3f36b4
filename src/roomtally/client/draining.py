"""`roomtally drain`: sends the streams of one web process away by its private port, and waits until they are gone."""

import http.client
import json
import time
from typing import Any

from roomtally import errors

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 5.0


def drain(host: str, port: int, timeout_seconds: float) -> int:
    """How many streams there were. Raises errors.Unavailable where nobody answers, or some are left after the time."""
    deadline = time.monotonic() + timeout_seconds
    before = int(_ask(host, port, "GET")["streams"])
    _ask(host, port, "POST")
    while (state := _ask(host, port, "GET"))["status"] != "drained" or state["streams"]:
        if time.monotonic() > deadline:
            raise errors.Unavailable(
                "not-drained",
                f"After {timeout_seconds:g} s {state['streams']} streams are still open; they go on ending.",
            )
        time.sleep(LOOK_SECONDS)
    return before


def _ask(host: str, port: int, method: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, "/drain")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise errors.Unavailable(
            "no-private-port", f"No web process answers on {host}:{port} ({error}); see --private-port."
        ) from error
    finally:
        connection.close()
    if answer.status == 403:
        raise errors.Unavailable(
            "no-private-port", f"{host}:{port} takes a drain from its own machine only: run it there."
        )
    if answer.status not in {200, 202}:
        raise errors.Unavailable("no-web-process", f"What listens on {host}:{port} is no web process of Roomtally.")
    return json.loads(body)
