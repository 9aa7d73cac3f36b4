"""The vision endpoint against a real HTTP server: what is asked, what is made of each kind of failure, how long it takes."""

import base64
import io
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import msgspec
import pytest
from PIL import Image

from roomtally import errors
from roomtally.analysis import engines
from roomtally.analysis.endpoint import analyzer as endpoint
from roomtally.analysis.endpoint import exchange, pausing
from roomtally.analysis.model import Analysis, Found
from roomtally.settings import Settings
from roomtally.telemetry import metrics

ANSWER = {"room_type": "office", "room_confidence": 0.7, "items": [{"label": "desk", "count": 2, "confidence": 0.9}]}

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by the script, its last line for ever; keeps what it was asked."""

    script: ClassVar[list[Reply]] = []
    asked: ClassVar[list[tuple[str, dict[str, str], Any]]] = []
    release: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, dict(self.headers), body))
        (self.script.pop(0) if len(self.script) > 1 else self.script[0])(self)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        del format, args


def says(content: object, status: int = 200, **headers: str) -> Reply:
    body = msgspec.json.encode({"choices": [{"message": {"content": msgspec.json.encode(content).decode()}}]})
    return lambda handler: handler.answer(status, body, **headers)


def fails(status: int, text: str = "no", **headers: str) -> Reply:
    return lambda handler: handler.answer(status, text.encode(), **headers)


def hangs(handler: Handler) -> None:
    handler.release.wait(10)


def trickles(handler: Handler) -> None:
    """A byte now and then: never silent for long enough to be called silent."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not handler.release.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass


def drips_its_head(handler: Handler) -> None:
    """A head that never ends, byte by byte: no silence, and nothing that a reader of the body ever sees."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    try:
        while not handler.release.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()
    except OSError:
        pass


def nests(handler: Handler) -> None:
    handler.answer(200, b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def redirects(place: str) -> Reply:
    return lambda handler: handler.answer(307, b"", Location=place)


def floods(handler: Handler) -> None:
    handler.answer(200, b" " * (exchange.LARGEST_ANSWER + 1))


def hangs_up(handler: Handler) -> None:
    handler.connection.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of the endpoint; the pauses between tries are short."""
    monkeypatch.setattr(endpoint, "FIRST_PAUSE_SECONDS", 0.01)
    Handler.script, Handler.asked, Handler.release = [says(ANSWER)], [], threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/v1/"
        Handler.release.set()
        listening.shutdown()


Make = Callable[..., Settings]


@pytest.fixture
def ask(server: str, engine_settings: Make, wide_photo: Image.Image) -> Callable[..., Analysis]:
    def run(*script: Reply, image: Image.Image = wide_photo, **changes: Any) -> Analysis:
        Handler.script = list(script) or Handler.script
        own = {"analyzer": "openai", "openai_base_url": server, "openai_model": "seer-1", "openai_api_key": "secret"}
        return engines.create_analyzer(engine_settings(**(own | changes))).analyze(image)

    return run


def counted(outcome: str) -> float:
    return metrics.REGISTRY.get_sample_value("roomtally_endpoint_requests_total", {"outcome": outcome}) or 0.0


def test_it_is_asked_by_the_book(ask: Callable[..., Analysis]) -> None:
    analysis = ask(image=Image.new("RGB", (3000, 2000), "olive"))
    assert analysis == Analysis("office", 0.7, (Found("desk", 2, 0.9),))
    ((path, headers, body),) = Handler.asked
    assert (path, headers["Authorization"], body["model"]) == ("/v1/chat/completions", "Bearer secret", "seer-1")
    assert body["response_format"]["json_schema"]["strict"] is True
    _, picture = body["messages"][0]["content"]
    kind, _, text = picture["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(text))).size == (1024, 683)


def test_a_local_server_needs_no_key(ask: Callable[..., Analysis]) -> None:
    ask(openai_api_key=None)
    assert "Authorization" not in Handler.asked[0][1]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (fails(500), "refused"),
        (fails(503), "refused"),
        (fails(429, Retry_After="0"), "refused"),
        (says("a nice room"), "bad_answer"),
        (floods, "bad_answer"),
        (nests, "bad_answer"),
        (hangs_up, "connection"),
    ],
)
def test_a_passing_failure_is_tried_again(ask: Callable[..., Analysis], failure: Reply, outcome: str) -> None:
    before = counted(outcome), counted("ok")
    assert ask(failure, failure, says(ANSWER)).room_type == "office"
    assert (counted(outcome) - before[0], counted("ok") - before[1]) == (2, 1)


@pytest.mark.parametrize("failure", [fails(500), says({"room_type": 1}), hangs_up])
def test_after_the_last_try_it_is_the_infrastructures_fault(ask: Callable[..., Analysis], failure: Reply) -> None:
    with pytest.raises(errors.Unavailable, match="endpoint-unavailable"):
        ask(failure)
    assert len(Handler.asked) == endpoint.TRIES


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "OPENAI_BASE_URL"), (400, "the model")]
)
def test_what_another_try_cannot_mend_is_not_tried_again(ask: Callable[..., Analysis], status: int, hint: str) -> None:
    with pytest.raises(errors.Unavailable, match=f"HTTP {status}: that is why.*{hint}") as refused:
        ask(fails(status, "that is why."))
    assert (len(Handler.asked), refused.value.retry_after) == (1, 60)


@pytest.mark.parametrize("seconds", [20, 120])
def test_a_long_retry_after_goes_back_to_the_queue_at_once(ask: Callable[..., Analysis], seconds: int) -> None:
    start = time.monotonic()
    with pytest.raises(errors.Unavailable) as refused:
        ask(fails(429, Retry_After=str(seconds)))
    assert (len(Handler.asked), refused.value.retry_after) == (1, seconds)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("digits", ["9" * 400, "99999999999999999999"])
def test_a_retry_after_without_end_is_bounded(ask: Callable[..., Analysis], digits: str) -> None:
    with pytest.raises(errors.Unavailable) as refused:
        ask(fails(429, Retry_After=digits))
    assert (len(Handler.asked), refused.value.retry_after) == (1, pausing.LONGEST_SECONDS)


@pytest.mark.parametrize("place", ["http://[x", "http://h:abc/", "http://" + "a" * 70 + ".org/", "\x00", "//"])
def test_a_redirect_to_nowhere_is_the_endpoints_fault(ask: Callable[..., Analysis], place: str) -> None:
    with pytest.raises(errors.Unavailable):
        ask(redirects(place))


@pytest.mark.parametrize("slow", [hangs, trickles, drips_its_head])
def test_a_slow_endpoint_is_given_up_in_time(ask: Callable[..., Analysis], slow: Reply) -> None:
    before, start = counted("timeout"), time.monotonic()
    with pytest.raises(errors.Unavailable, match=r"no answer within 0\.3 s"):
        ask(slow, openai_timeout_seconds=0.3)
    assert time.monotonic() - start < 3
    assert counted("timeout") - before == endpoint.TRIES


def test_all_tries_together_stay_within_the_photos_time(ask: Callable[..., Analysis]) -> None:
    """A thread that overruns it would cost the worker's process."""
    start = time.monotonic()
    with pytest.raises(errors.Unavailable):
        ask(hangs, openai_timeout_seconds=30, photo_timeout_seconds=endpoint.MARGIN_SECONDS + 1)
    assert time.monotonic() - start < 2


def test_nobody_listens(ask: Callable[..., Analysis]) -> None:
    with pytest.raises(errors.Unavailable, match="endpoint-unavailable"):
        ask(openai_base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"openai_base_url": None}, "openai-base-url-missing"),
        ({"openai_base_url": "api.example.org/v1"}, "openai-base-url-missing"),
        ({"openai_model": None}, "openai-model-missing"),
        ({"openai_base_url": "http://[x"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://h:abc/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://h:99999/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://h:0/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://:80/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://a b/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": f"http://{'a' * 70}.org/v1"}, "openai-base-url-invalid"),
        ({"openai_base_url": "http://h/" + "a" * 70_000}, "openai-base-url-invalid"),
        ({"openai_api_key": "clé"}, "openai-api-key-invalid"),
        ({"openai_api_key": "key\n"}, "openai-api-key-invalid"),
    ],
)
def test_what_is_not_set_is_told_at_start(ask: Callable[..., Analysis], changes: dict[str, Any], slug: str) -> None:
    with pytest.raises(errors.Invalid, match=slug):
        ask(**changes)
