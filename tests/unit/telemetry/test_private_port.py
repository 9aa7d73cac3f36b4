import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from roomtally.telemetry.private_port import Checks, is_loopback, serve_private


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def reasons() -> list[str]:
    return []


@pytest.fixture
def drained() -> list[bool]:
    return []


@pytest.fixture
def client(registry: CollectorRegistry, reasons: list[str], drained: list[bool]) -> Iterator[httpx.Client]:
    port = serve_private("127.0.0.1", 0, registry, Checks(lambda: reasons, lambda: drained.append(True)))
    with httpx.Client(base_url=f"http://127.0.0.1:{port.port}") as client:
        yield client
    port.close()


def test_metrics_in_the_form_that_is_asked_for(client: httpx.Client, registry: CollectorRegistry):
    Counter("seen_total", "Seen.", registry=registry).inc(3, exemplar={"trace_id": "abc"})
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain")
    assert "seen_total 3.0" in plain.text
    rich = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert rich.headers["content-type"].startswith("application/openmetrics-text")
    assert 'trace_id="abc"' in rich.text


def test_not_ready_says_why(client: httpx.Client, reasons: list[str]):
    assert client.get("/health/ready").status_code == 200
    reasons.append("the database does not answer")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the database does not answer"])
    assert client.get("/health/live").status_code == 200


def test_drain_is_passed_on(client: httpx.Client, drained: list[bool]):
    assert client.post("/drain").status_code == 202
    assert drained == [True]


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("fe80::1%eth0", False),
        ("2001:db8::1", False),
    ],
)
def test_which_peers_are_this_machine(address: str, own: bool):
    assert is_loopback(address) is own


def test_drain_is_refused_to_other_machines(registry: CollectorRegistry, drained: list[bool]):
    """This machine by its address on the network looks like any other one."""
    address = _outer_address()
    port = serve_private("", 0, registry, Checks(list[str], lambda: drained.append(True)))
    try:
        answer = httpx.post(f"http://{address}:{port.port}/drain")
        assert httpx.get(f"http://{address}:{port.port}/health/live").status_code == 200
    finally:
        port.close()
    assert (answer.status_code, answer.json()["status"]) == (403, "forbidden")
    assert drained == []


def _outer_address() -> str:
    """By which this machine would speak to others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback; the check itself is tested above")
        return probe.getsockname()[0]


def test_anything_else_is_not_there(client: httpx.Client):
    assert client.get("/secrets").status_code == 404
    assert client.post("/metrics").status_code == 404
