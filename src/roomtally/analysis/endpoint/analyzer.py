"""The engine over a vision endpoint. Whatever goes wrong there is never the photo's fault."""

import time
from typing import Final

import structlog
from PIL import Image

from roomtally import errors
from roomtally.analysis.endpoint import access, answer, pausing, request
from roomtally.analysis.endpoint.exchange import Line, OverlongError, Reply
from roomtally.analysis.model import Analysis
from roomtally.settings import Settings
from roomtally.telemetry import metrics

TRIES: Final = 3
FIRST_PAUSE_SECONDS: Final = 0.5  # doubles
LONGEST_PAUSE_SECONDS: Final = 10.0  # a longer Retry-After is the sweeper's business: the photo goes back
MARGIN_SECONDS: Final = 5.0
"""Kept of the photo's whole time for the rest of its task: a thread that overruns it costs the process."""

_WORTH_ANOTHER_TRY: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

log = structlog.get_logger()


class _RetryError(Exception):
    """This try brought nothing; another may. `wait`: seconds the endpoint asked for."""

    def __init__(self, outcome: str, detail: str, wait: float | None = None) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.wait = wait


class EndpointAnalyzer:
    """One client for all threads. Nothing is sent before the first photo."""

    name = "openai"

    def __init__(self, settings: Settings) -> None:
        url = access.completions_url(settings.openai_base_url)
        if not settings.openai_model:
            raise errors.Invalid("openai-model-missing", "ROOMTALLY_ANALYZER is openai: set ROOMTALLY_OPENAI_MODEL.")
        self._model = settings.openai_model
        self._timeout = settings.openai_timeout_seconds
        self._budget = max(settings.photo_timeout_seconds - MARGIN_SECONDS, 1.0)
        self._line = Line(url, access.checked_key(settings.openai_api_key))

    def analyze(self, image: Image.Image) -> Analysis:
        """Raises `errors.Unavailable` after the last try, or at once where another cannot help."""
        body = request.body(image, self._model)
        deadline = time.monotonic() + self._budget
        pause = FIRST_PAUSE_SECONDS
        for last in (number == TRIES for number in range(1, TRIES + 1)):
            try:
                return self._ask(body, deadline)
            except _RetryError as failure:
                metrics.ENDPOINT_REQUESTS.labels(failure.outcome).inc()
                wait = max(pause, failure.wait or 0.0)
                if last or wait > LONGEST_PAUSE_SECONDS or time.monotonic() + wait >= deadline:
                    raise _unavailable(failure) from failure
                log.warning("endpoint_retried", outcome=failure.outcome, error=str(failure), wait_seconds=wait)
            time.sleep(wait)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _ask(self, body: bytes, deadline: float) -> Analysis:
        reply = self._post(body, max(min(deadline - time.monotonic(), self._timeout), 0.001))
        _check(reply)
        try:
            analysis = answer.read(reply.body)
        except answer.BadAnswerError as error:
            raise _RetryError("bad_answer", str(error)) from error
        metrics.ENDPOINT_REQUESTS.labels("ok").inc()
        return analysis

    def _post(self, body: bytes, seconds: float) -> Reply:
        try:
            return self._line.post(body, seconds)
        except TimeoutError as error:
            raise _RetryError("timeout", f"no answer within {round(seconds, 1):g} s") from error
        except OverlongError as error:
            raise _RetryError("bad_answer", "the answer is too long") from error
        except (
            Exception
        ) as error:  # httpx lets out more than its HTTPError (InvalidURL, UnicodeError): all mean no answer
            raise _RetryError("connection", str(error) or type(error).__name__) from error


def _check(reply: Reply) -> None:
    status = reply.status
    if status == 200:
        return
    said = reply.body[:300].decode("utf-8", "replace").strip()
    if status in _WORTH_ANOTHER_TRY:
        raise _RetryError("refused", f"HTTP {status}: {said}", pausing.retry_after(reply.retry_after))
    metrics.ENDPOINT_REQUESTS.labels("refused").inc()
    log.error("endpoint_refused", status=status, said=said)
    hint = "Check ROOMTALLY_OPENAI_API_KEY" if status in {401, 403} else "Check ROOMTALLY_OPENAI_BASE_URL and the model"
    raise errors.Unavailable(
        "endpoint-refused", f"The vision endpoint answered HTTP {status}: {said} {hint}.", retry_after=60
    )


def _unavailable(failure: _RetryError) -> errors.Unavailable:
    log.error("endpoint_failed", outcome=failure.outcome, error=str(failure))
    return errors.Unavailable(
        "endpoint-unavailable",
        f"The vision endpoint gave no usable answer: {failure}",
        retry_after=int(failure.wait or 5),
    )
