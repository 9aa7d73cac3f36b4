"""The commands a person types, against real processes."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from contextlib import aclosing, suppress
from pathlib import Path

from roomtally.client import verdict
from roomtally.client.access import Account
from roomtally.client.api import Api as Client
from roomtally.client.api import batch_path, connect
from roomtally.client.demo_photos import demo_photos as two_photos
from roomtally.client.stream import Event, Follower, Link, LinkState
from tests.fixtures.app import PASSWORD, Api
from tests.fixtures.house import House
from tests.fixtures.waiting import until

COMMAND = (sys.executable, "-m", "roomtally")


def environ(owner: Api, email: str) -> dict[str, str]:
    return os.environ | {"ROOMTALLY_URL": owner.web.url, "ROOMTALLY_EMAIL": email, "ROOMTALLY_PASSWORD": PASSWORD}


async def roomtally(env: dict[str, str], *arguments: str | Path) -> tuple[int, str]:
    """Exit code and output (both streams) of a command."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *map(str, arguments), env=env, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_submit_watch_and_smoke(owner: Api, tmp_path: Path) -> None:
    env = environ(owner, owner.email)
    cut = tmp_path / "cave.jpg"
    cut.write_bytes(two_photos()[0].read_bytes()[:20_000])

    code, said = await roomtally(env, "submit", *two_photos(), "--project", "Rue des Lilas", "--watch")
    assert code == 0, said
    assert f"{owner.web.url}/batches/" in said
    assert said.index("Finished: 2 photos") > said.index("100 %")
    assert "living room" in said
    assert "at least" in said

    code, said = await roomtally(env, "submit", two_photos()[0], cut, "--project", "Rue des Lilas", "--watch")
    assert code == 1, said
    assert "cave.jpg  (The file is incomplete" in said
    projects = (await owner.http.get("/api/projects")).json()["items"]
    assert [project["name"] for project in projects] == ["Rue des Lilas"]

    code, said = await roomtally(env, "submit", cut, "--project", "Rue des Lilas", "--url", owner.web.url)
    assert code == 0, said
    assert f"Follow it with: python -m roomtally watch --url {owner.web.url} " in said

    newest = (await owner.http.get("/api/batches")).json()["items"][0]["batchId"]
    code, said = await roomtally(env, "watch", newest)
    assert code == 1, said
    assert "Failed: 1 photo" in said

    code, said = await roomtally(env, "smoke")
    assert code == 0, said
    assert said.rstrip().endswith("OK")
    assert "✗" not in said


async def test_what_goes_wrong_is_one_line(owner: Api, tmp_path: Path) -> None:
    """The exit code is 2 where an argument cannot be used, else 1."""
    env = environ(owner, owner.email)
    text = tmp_path / "notes.jpg"
    text.write_text("not a photo")
    for arguments, message, expected in (
        (("submit", text), "notes.jpg: This file is not a photo", 1),
        (("watch", "0b6b2a5e-0000-4000-8000-000000000000"), "There is no such batch.", 1),
        (("watch", "nonsense"), "'nonsense' is not the id of a batch.", 2),
        (("watch", "nonsense", "--password", "wrong"), "No account has this email address and password.", 1),
        (("watch", "nonsense", "--token", "rt_wrong"), "This API token is not valid", 1),
        (("smoke", "--token", "rt_wrong"), "This API token is not valid", 1),
        (("smoke", "--url", "http://127.0.0.1:9"), "`make up` starts the service", 1),
        (("smoke", "--url", "not an address"), "'not an address' is not an address", 2),
    ):
        code, said = await roomtally(env, *arguments)
        assert code == expected, said
        [line] = said.splitlines()
        assert line.startswith("roomtally: ")
        assert message in line


async def test_smoke_fails_where_the_batch_does_not_finish(house: House) -> None:
    owner = Api(house.start_web())
    async with owner.http:
        code, said = await roomtally(environ(owner, await owner.sign_in()), "smoke", "--timeout", "2")
    assert code == 1, said
    assert "not finished within 2 s" in said
    assert "FAILED: 1 differences" in said


async def test_ctrl_c_leaves_the_terminal_as_it_was(house: House) -> None:
    """No worker here, so the batch waits for ever."""
    owner = Api(house.start_web())
    async with owner.http:
        env = environ(owner, await owner.sign_in()) | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        batch = await owner.create_batch([two_photos()[0].read_bytes()])
        screen, terminal = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "watch", batch["batchId"]], env=env, stdin=terminal, stdout=terminal, stderr=terminal
        )
        os.close(terminal)
        os.set_blocking(screen, False)
        shown = b""

        def reads(text: str) -> bool:
            nonlocal shown
            with suppress(OSError):  # nothing new, or the other end is closed
                shown += os.read(screen, 65536)
            return text.encode() in shown

        await until(lambda: reads("room-1.jpg"), timeout=15)
        assert "live" in shown.decode()
        process.send_signal(signal.SIGINT)
        await until(
            lambda: reads("Stopped.") and process.poll() is not None, timeout=10
        )  # a terminal is read all the time
        os.close(screen)
    assert process.returncode == 130
    assert b"Traceback" not in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")  # the cursor is back


async def test_a_web_process_that_dies_costs_the_client_a_pause_and_nothing_else(
    running_house: House, owner: Api, demo_photos: list[bytes]
) -> None:
    batch = await owner.create_batch(demo_photos[:8])
    account = Account(email=owner.email, password=PASSWORD)
    async with connect(owner.web.url, account) as client:
        notices = await _follow_over_a_crash(client, batch["batchId"], running_house)
        rest = await client.get_batch(batch["batchId"])
    events = [notice for notice in notices if isinstance(notice, Event)]
    links = [notice for notice in notices if isinstance(notice, Link)]
    assert any(link.state is LinkState.WAITING for link in links)
    assert sum(link.state is LinkState.LIVE for link in links) == 2
    assert verdict.faults_of_order([event for event in events if event.type != "reset"]) == []
    assert verdict.faults_of_ids(events) == []
    assert verdict.faults_of_states(events) == []
    assert verdict.faults_of_agreement(events, rest) == []


async def _follow_over_a_crash(client: Client, batch_id: str, house: House) -> list[Event | Link]:
    seen: list[Event | Link] = []
    killed = False
    async with aclosing(Follower(client.http, batch_path(batch_id) + "/stream").notices()) as notices:
        async for notice in notices:
            seen.append(notice)
            if isinstance(notice, Event) and notice.data.get("progress", 0) > 0 and not killed:
                killed = True
                house.kill_web()
                await asyncio.to_thread(house.start_web)
    assert killed
    return seen
