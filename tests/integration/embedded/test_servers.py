import asyncio
import os
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from roomtally import errors
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from tests.fixtures.waiting import until


@pytest.fixture
def open_folder(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    return server_folder / request.node.name[:20]


def test_what_was_committed_survives_a_kill(open_folder: Path):
    server = EmbeddedPostgres(open_folder)
    server.start()
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server.kill()
    server.start()
    with psycopg.connect(server.url) as conn:
        assert conn.execute("SELECT one FROM kept").fetchone() == (1,)
    server.stop()


def test_the_folders_above_the_data_stay_closed(tmp_path: Path):
    """As root the wheel's own launcher would open them."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [folder.stat().st_mode for folder in (closed, *closed.parents)]
    server = EmbeddedPostgres(closed / "pg")
    if os.geteuid() == 0:  # its user cannot pass a parent folder
        with pytest.raises(errors.Invalid, match="data-folder-closed"):
            server.start()
    else:
        server.start()
        server.stop()
    assert [folder.stat().st_mode for folder in (closed, *closed.parents)] == before


def test_a_socket_outside_of_a_long_path_is_removed_on_stop_and_at_the_next_start(open_folder: Path):
    def sockets() -> list[Path]:
        return [link.readlink() for link in server.folder.glob("socket") if link.is_symlink()]

    server = EmbeddedPostgres(open_folder / ("long" * 20))
    server.start()
    [left] = sockets()
    server.kill()
    server.start()
    [second] = sockets()
    assert left != second
    assert not left.exists()
    assert second.exists()
    server.stop()
    assert not second.exists()
    assert sockets() == []


def test_valkey_comes_back_empty_on_its_port(valkey_server: EmbeddedValkey):
    with redis.Redis(port=valkey_server.port) as client:
        client.set("key", "value")
    valkey_server.kill()
    valkey_server.start()
    with redis.Redis(port=valkey_server.port) as client:
        assert client.get("key") is None


PARENT = """
import pathlib, sys, time
from roomtally.embedded.valkey import EmbeddedValkey
server = EmbeddedValkey(pathlib.Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


async def test_a_server_ends_with_its_parent(tmp_path: Path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout
    child = int(await parent.stdout.readline())
    assert psutil.pid_exists(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_a_port_in_use_is_named(valkey_server: EmbeddedValkey, tmp_path: Path):
    second = EmbeddedValkey(tmp_path / "second", port=valkey_server.port)
    with pytest.raises(errors.Unavailable, match=str(valkey_server.port)):
        second.start()
