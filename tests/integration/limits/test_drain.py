"""How a web process takes its leave, by signal, by its private port and by command."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.fixtures.app import WebProcess
from tests.fixtures.waiting import until
from tests.integration.limits.conftest import Housing, Pair, wide_batch
from tests.integration.limits.test_listener import Stalled
from tests.integration.streams.client import Client

QUICK = {"drain_accept_seconds": 0.7, "drain_seconds": 1.5, "user_streams": 0}


def said_goodbye(client: Client) -> bool:
    return client.ended and re.search(rb"retry: [123]\d{3}\n\n$", bytes(client.body)) is not None


async def is_ready(web: WebProcess) -> bool:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{web.private_url}/health/ready")).status_code == 200


async def exit_code(web: WebProcess, seconds: float) -> int:
    return await asyncio.to_thread(web.process.wait, seconds)


async def test_sigterm_not_ready_accept_send_away_exit(housing: Housing) -> None:
    pair = await housing.pair(alone=True, **QUICK)
    web = pair.first
    early = [await pair.open(web) for _ in range(30)]
    started = time.monotonic()
    web.process.send_signal(signal.SIGTERM)
    await until(lambda: _not_ready(web), 0.5, "not ready at once")
    late = await pair.open(web)  # still accepted, and really served
    await until(lambda: late.events)
    assert (await pair.api.http.get("/api/batches")).status_code == 200
    assert not any(client.ended for client in early)
    ends: list[float] = []
    counted: set[Client] = set()

    def note() -> bool:
        for client in {*early, late} - counted:
            if client.ended:
                counted.add(client)
                ends.append(time.monotonic() - started)
        return len(counted) == 31

    await until(lambda: note() or len(counted) > 5)
    during = await pair.open(web)  # a refusal would keep an EventSource away for good
    assert during.status == 200
    await until(lambda: said_goodbye(during), 1)
    assert not during.events
    await until(note, 4)
    assert all(said_goodbye(client) for client in (*early, late))
    assert 0.6 < ends[0] < 1.4
    assert ends[-1] - ends[0] > 1.1
    assert sum(end < ends[0] + 0.75 for end in ends) < 0.75 * len(ends)
    assert await exit_code(web, 1.5) == 0
    assert time.monotonic() - started < 0.7 + 1.5 + 1


async def _not_ready(web: WebProcess) -> bool:
    return not await is_ready(web)


async def test_without_streams_it_ends_after_the_time_of_accepting(housing: Housing) -> None:
    web = housing.web(drain_accept_seconds=0.5, drain_seconds=30.0)
    started = time.monotonic()
    web.process.send_signal(signal.SIGTERM)
    assert await exit_code(web, 3) == 0
    assert 0.5 < time.monotonic() - started < 2


async def test_a_second_signal_ends_it_at_once(housing: Housing) -> None:
    pair = await housing.pair(alone=True, drain_accept_seconds=60.0)
    await pair.open(pair.first)
    pair.first.process.send_signal(signal.SIGTERM)
    await until(lambda: _not_ready(pair.first))
    [serving] = pair.first.children()
    pair.first.process.send_signal(signal.SIGTERM)
    assert await exit_code(pair.first, 1) == 143
    await until(lambda: not _runs(serving), 1)


def _runs(pid: int) -> bool:
    """A process that nobody waited for is still listed, as a zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def test_who_takes_nothing_is_cut_after_the_grace(housing: Housing) -> None:
    pair = await housing.pair(alone=True, drain_grace_seconds=2.0, drain_accept_seconds=0.0)
    batch = await wide_batch(pair.api)
    path = f"/api/batches/{batch['batchId']}"
    stalled = Stalled(pair.first, f"{path}/stream", pair.cookie["Cookie"])
    while not await _is_busy(pair, path):
        pass
    started = time.monotonic()
    pair.first.process.send_signal(signal.SIGTERM)
    assert await exit_code(pair.first, 5) == 0
    assert 0.9 < time.monotonic() - started < 3.5
    stalled.socket.close()


async def _is_busy(pair: Pair, path: str) -> bool:
    for call in ("pause", "resume"):
        await pair.api.http.post(f"{path}/{call}")
    operator = await pair.api.ask("SELECT 1")
    return bool(operator) and pair.first.metric("roomtally_stream_bytes_total") > 900_000


async def test_a_request_in_hand_is_finished(housing: Housing) -> None:
    pair = await housing.pair(alone=True, drain_accept_seconds=0.0)
    sent = asyncio.Event()

    async def slowly():
        yield b"\xff\xd8\xff\xe0" + bytes(1000)
        sent.set()
        await asyncio.sleep(1.5)
        yield bytes(1000)

    headers = {"Content-Type": "image/jpeg", "X-Filename": "room.jpg"}
    upload = asyncio.create_task(pair.api.http.post("/api/uploads", content=slowly(), headers=headers))
    await sent.wait()
    pair.first.process.send_signal(signal.SIGTERM)
    assert (await upload).status_code == 201
    assert await exit_code(pair.first, 3) == 0


def drain_command(port: int, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "roomtally", "drain", "--private-port", str(port), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def told(port: int, *options: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    with drain_command(port, *options) as command:
        out, err = await asyncio.to_thread(command.communicate, timeout=8)
    return command.returncode, out, err


async def test_the_command_sends_streams_away_and_waits_for_it(housing: Housing) -> None:
    pair = await housing.pair(alone=True, **QUICK)
    web = pair.first
    clients = [await pair.open(web) for _ in range(5)]
    code, out, err = await told(web.settings.private_port)
    assert (code, out) == (0, "Drained: 5 streams sent away, none is left.\n")
    assert err.splitlines()[0].startswith(f"127.0.0.1:{web.settings.private_port} takes its leave: 5 streams open.")
    assert err.splitlines()[-1] == "0 streams left"
    assert all(said_goodbye(client) for client in clients)
    assert (await pair.api.http.get("/api/batches")).status_code == 200  # it goes on until it is stopped
    assert (await pair.api.http.get(f"{web.private_url}/drain")).json() == {"status": "drained", "streams": 0}
    assert (await told(web.settings.private_port))[:2] == (0, "Drained: 0 streams sent away, none is left.\n")
    started = time.monotonic()
    assert await asyncio.to_thread(web.stop, 3) == 0
    assert time.monotonic() - started < 1  # not once more


async def test_the_command_says_why_it_gave_up(housing: Housing) -> None:
    pair = await housing.pair(alone=True, drain_accept_seconds=3.0)
    stream = await pair.open(pair.first)
    for options, code, says in (
        (("--timeout", "1"), 3, "After 1 s 1 stream left open; it goes on without us."),
        (("--private-port", "1"), 1, "Nothing answers on 127.0.0.1:1"),
        (("--private-port", str(pair.first.settings.port)), 1, "is no web process of Roomtally: it answers 404"),
        (("--timeout", "0"), 2, "Invalid value for '--timeout'"),
    ):
        found = await told(pair.first.settings.private_port, *options)
        assert (found[0], found[1]) == (code, "")
        assert says in found[2]
    stream.leave()
    assert (await told(pair.first.settings.private_port, "--timeout", "1"))[0] == 3, "it still accepts"


async def test_a_process_that_stops_meanwhile_has_no_stream_left(housing: Housing) -> None:
    pair = await housing.pair(alone=True, drain_accept_seconds=5.0)
    await pair.open(pair.first)
    command = asyncio.create_task(told(pair.first.settings.private_port))
    await until(lambda: pair.first.log.read_text().count("draining"))
    pair.first.kill()
    assert (await command)[:2] == (
        0,
        "Drained: 1 stream sent away, none is left. The process has stopped meanwhile.\n",
    )


async def test_from_another_machine_the_command_says_where_it_must_be_run(housing: Housing) -> None:
    pair = await housing.pair(alone=True, private_host="0.0.0.0")  # noqa: S104 - asked from elsewhere
    stream = await pair.open(pair.first)
    address = own_address()
    code, out, err = await told(pair.first.settings.private_port, "--private-host", address)
    assert (code, out) == (1, "")
    assert f"{address}:{pair.first.settings.private_port} takes a drain from its own machine only" in err
    assert not stream.ended


def own_address() -> str:
    """Of this machine in its network, by which it looks like any other; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return probe.getsockname()[0]
