"""What `roomtally doctor` finds, on real servers: well, wrong, gone, full."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import redis
from psycopg import conninfo, sql

from roomtally.client.access import Account
from roomtally.doctor import configured, database, engine, storage, valkey, way
from roomtally.doctor.examination import Public, examine
from roomtally.doctor.finding import Finding, State
from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.embedded.valkey import EmbeddedValkey
from roomtally.settings import Settings, to_environ
from roomtally.storage.photos import MARKER
from tests.fixtures.app import PASSWORD, Api, free_port
from tests.fixtures.edge import running_edge


def but(settings: Settings, **changes: Any) -> Settings:
    return msgspec.structs.replace(settings, **changes)


def worst(findings: Iterable[Finding]) -> list[tuple[State, str]]:
    """What is not well, each with something to do."""
    found = [finding for finding in findings if finding.state is not State.OK]
    assert all(finding.todo for finding in found)
    return [(finding.state, finding.says) for finding in found]


async def of_storage(settings: Settings) -> list[Finding]:
    return [finding async for finding in storage.examine(settings)]


# --- database


def test_a_database_of_ours_is_well_but_for_the_fsync_that_tests_leave_off(settings: Settings) -> None:
    found = list(database.examine(settings))
    assert worst(found) == [(State.WARN, "a crash may take back what was answered")]
    assert {"may be written", "its schema is this version's, 0002"} <= {finding.says for finding in found}
    assert any("ms ahead of this machine's" in each.says or "ms behind this machine's" in each.says for each in found)


def test_a_database_that_does_not_answer_is_told_in_its_own_words(settings: Settings) -> None:
    [gone] = database.examine(but(settings, database_url=f"postgresql://x@127.0.0.1:{free_port()}/none"))
    assert gone.state is State.FAIL
    assert "onnection refused" in gone.says
    [wrong] = database.examine(but(settings, database_url="postgresql://x@127.0.0.1/none?nonsense=1"))
    assert (wrong.state, "nonsense" in wrong.says) == (State.FAIL, True)


def test_a_schema_that_is_not_this_versions(settings: Settings, postgres_server: EmbeddedPostgres) -> None:
    empty = but(settings, database_url=postgres_server.url_of("postgres"))
    assert (State.FAIL, "is empty") in worst(database.examine(empty))
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        conn.execute("INSERT INTO schema_migrations (version, name, sha256) VALUES (9001, '9001_x', 'x')")
        assert (State.WARN, "a newer version has added 9001") in worst(database.examine(settings))
        conn.execute("UPDATE schema_migrations SET sha256 = 'x' WHERE version = 1")
        assert (State.FAIL, "its schema has another 0001 than this version") in worst(database.examine(settings))
        conn.execute("DELETE FROM schema_migrations WHERE version = 2")
        assert (State.FAIL, "its schema lacks 0002") in worst(database.examine(settings))


def test_a_database_that_is_read_only_or_full(settings: Settings) -> None:
    name = sql.Identifier(str(conninfo.conninfo_to_dict(settings.database_url)["dbname"]))
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        conn.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 5").format(name))
    found = worst(database.examine(settings))
    assert (State.FAIL, "is read-only") in found
    assert any(state is State.WARN and says.startswith("4 more connections are free") for state, says in found)


def test_clocks_that_differ_are_told_by_how_much() -> None:
    for ahead, state in ((0.05, State.OK), (-0.4, State.WARN), (3.0, State.FAIL)):
        finding = database.clock(ahead)
        assert finding.state is state
        assert (
            finding.says
            == f"its clock is {abs(ahead) * 1000:.0f} ms {'ahead of' if ahead > 0 else 'behind'} this machine's"
        )


# --- Valkey


def test_a_valkey_of_ours_is_well(settings: Settings) -> None:
    assert worst(valkey.examine(settings)) == []


def test_a_valkey_that_does_not_answer(settings: Settings) -> None:
    [gone] = valkey.examine(but(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    assert gone.state is State.FAIL
    assert "does not answer" in gone.says
    [wrong] = valkey.examine(but(settings, redis_url="nonsense"))
    assert wrong.state is State.FAIL


def test_a_valkey_that_refuses_calls_when_it_is_full(settings: Settings, valkey_server: EmbeddedValkey) -> None:
    settings = but(settings, redis_url=valkey_server.url)
    with redis.Redis(port=valkey_server.port) as client:
        client.config_set("maxmemory", "64mb")
        assert worst(valkey.examine(settings)) == [(State.WARN, "takes 64 MiB at most, then noeviction")]
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("appendonly", "yes")
        assert worst(valkey.examine(settings)) == [(State.WARN, "writes all it knows to a disk")]
        client.config_set("appendonly", "no")  # it would take seconds to stop


def test_a_valkey_that_keeps_the_bus_from_us(settings: Settings, valkey_server: EmbeddedValkey) -> None:
    with redis.Redis(port=valkey_server.port) as client:
        client.execute_command("ACL", "SETUSER", "deaf", "on", ">secret", "~*", "resetchannels", "+@all", "-info")
    found = worst(valkey.examine(but(settings, redis_url=f"redis://deaf:secret@127.0.0.1:{valkey_server.port}/0")))
    assert found == [(State.WARN, "does not tell its limits"), (State.FAIL, "does not pass on what is published")]


# --- the photo store


async def test_a_store_is_tried_by_a_probe_that_does_not_stay(settings: Settings) -> None:
    folder = Path(settings.storage_url.removeprefix("file://"))
    found = await of_storage(settings)
    assert worst(found) == []
    assert any("a probe was written, read and removed" in finding.says for finding in found)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [MARKER]


async def test_a_store_that_is_not_there_is_not_made(settings: Settings, tmp_path: Path) -> None:
    [gone] = await of_storage(but(settings, storage_url=(tmp_path / "gone").as_uri()))
    assert (gone.state, (tmp_path / "gone").exists()) == (State.FAIL, False)


async def test_a_store_without_a_marker_and_an_address_that_is_none(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    [(state, says)] = worst(await of_storage(but(settings, storage_url=(tmp_path / "other").as_uri())))
    assert (state, says) == (State.FAIL, f"has no marker ({MARKER}) and no photos")
    [wrong] = await of_storage(but(settings, storage_url="nonsense://x"))
    assert wrong.state is State.FAIL


# --- the model


def test_the_models_of_this_installation_load(settings: Settings) -> None:
    [loaded] = engine.examine(settings)
    assert loaded.state is State.OK
    assert "its 3 files are what the build made" in loaded.says


def test_a_model_that_cannot_be_loaded(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    for path in ("gone.onnx", "model.onnx"):
        [finding] = engine.examine(but(settings, analyzer="onnx", onnx_path=str(tmp_path / path)))
        assert finding.state is State.FAIL


@contextmanager
def endpoint(status: int, body: object) -> Generator[str]:
    """The address of a server that answers this to all that is read from it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def test_an_endpoint_is_asked_for_its_models(settings: Settings) -> None:
    models = {"data": [{"id": "seer"}]}
    for status, body, model, state in (
        (200, models, "seer", State.OK),
        (200, models, "other", State.FAIL),
        (401, {}, "seer", State.FAIL),
        (404, {}, "seer", State.WARN),
        (200, "no list", "seer", State.OK),
    ):
        with endpoint(status, body) as url:
            found = list(engine.examine(but(settings, analyzer="openai", openai_base_url=url, openai_model=model)))
        assert found[-1].state is state, (status, body)
    gone = f"http://127.0.0.1:{free_port()}/v1"
    *_, unreachable = engine.examine(but(settings, analyzer="openai", openai_base_url=gone, openai_model="seer"))
    assert unreachable.state is State.FAIL
    [unset] = engine.examine(but(settings, analyzer="openai"))
    assert "ROOMTALLY_OPENAI_BASE_URL" in unset.says


# --- settings


def test_settings_as_they_come_do_not_contradict_each_other(settings: Settings) -> None:
    assert worst(configured.examine(settings)) == []


def test_each_contradiction_of_settings_is_told(settings: Settings) -> None:
    for changes, about in (
        ({"heartbeat_seconds": 60.0}, "HEARTBEAT"),
        ({"public_url": "https://x.example", "request_head_seconds": 10.0}, "REQUEST_HEAD"),
        ({"public_url": "https://x.example", "secure_cookies": False}, "SECURE_COOKIES"),
        ({"public_url": "http://x.example"}, "plain http"),
        ({"public_url": "https://x.example", "host": "0.0.0.0"}, "TRUSTED_PROXIES"),  # noqa: S104 - nothing is bound
        ({"private_host": "0.0.0.0"}, "PRIVATE_HOST"),  # noqa: S104 - nothing is bound
        ({"storage_url": "memory:///"}, "memory"),
        ({"process_streams": 10**9, "backpressure": 10**9}, "PROCESS_STREAMS"),
        ({"analyzer_threads": 10_000}, "ANALYZER_THREADS"),
        ({"analyzer": "openai", "openai_timeout_seconds": 58.0}, "OPENAI_TIMEOUT"),
        ({"openai_base_url": "http://x.example/v1"}, "endpoint"),
        ({"onnx_path": "/x.onnx"}, "ONNX_PATH"),
        ({"otlp_endpoint": "http://x.example", "trace_ratio": 0.0}, "TRACE_RATIO"),
    ):
        [(state, says)] = worst(configured.examine(but(settings, **changes)))
        assert state is State.WARN
        assert about in says


# --- the way to people


async def look(api: Api, url: str) -> list[Finding]:
    return await way.examine(url, Account(email=api.email, password=PASSWORD))


async def test_a_proxy_that_hears_us_lets_each_event_through_at_once(api: Api, tmp_path: Path) -> None:
    with running_edge(api.web.url, tmp_path) as edge:
        found = await look(api, f"http://127.0.0.1:{edge.http}")
        if worst(found):  # a busy machine may let a change wait for the sweep; a proxy that buffers does so each time
            found = await look(api, f"http://127.0.0.1:{edge.http}")
    assert worst(found) == []
    assert [finding.says.partition(" comes ")[0] for finding in found] == ["the first event", "each of two changes"]
    assert (await api.http.get("/api/batches")).json()["items"] == [], "the batch was deleted"


async def test_a_proxy_that_buffers_is_found_out(api: Api, tmp_path: Path) -> None:
    with running_edge(api.web.url, tmp_path, "proxy_ignore_headers X-Accel-Buffering;") as edge:
        [(state, says)] = worst(await look(api, f"http://127.0.0.1:{edge.http}"))
    assert state is State.FAIL
    assert "does not come within 5 s, while other answers do" in says
    assert (await api.http.get("/api/batches")).json()["items"] == []


async def test_a_proxy_that_compresses_or_keeps_no_idle_line_is_told(api: Api, tmp_path: Path) -> None:
    tuned = "gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any; keepalive_timeout 10s 10s;"
    with running_edge(api.web.url, tmp_path, f"{tuned} proxy_hide_header Cache-Control;") as edge:
        found = worst(await look(api, f"http://127.0.0.1:{edge.http}"))
    assert (State.WARN, "the stream is compressed on the way (gzip)") in found
    assert (State.WARN, "Cache-Control does not arrive as it was sent") in found


async def test_an_address_or_an_account_that_is_wrong(api: Api) -> None:
    [nobody] = await look(api, f"http://127.0.0.1:{free_port()}")
    assert (nobody.state, "No answer from" in nobody.says) == (State.FAIL, True)
    [stranger] = await way.examine(api.web.url, Account(token="rt_wrong"))
    assert (stranger.state, "token is not valid" in stranger.says) == (State.FAIL, True)


# --- all of it


async def test_each_examination_goes_on_whatever_the_others_found(settings: Settings) -> None:
    wrong = but(
        settings,
        database_url=f"postgresql://x@127.0.0.1:{free_port()}/none",
        redis_url=f"redis://127.0.0.1:{free_port()}/0",
        storage_url="file:///nowhere/at/all",
        analyzer="onnx",
        onnx_path="/none.onnx",
    )
    public = Public(f"http://127.0.0.1:{free_port()}", Account(token="rt_wrong"))
    async with asyncio.timeout(20):
        found = [finding async for finding in examine(to_environ(wrong), public)]
    failed = [finding.part for finding in found if finding.state is State.FAIL]
    assert failed == ["database", "valkey", "model", "storage", "public URL"]


def run(settings: Settings, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | to_environ(settings) | more
    command = [sys.executable, "-m", "roomtally", "doctor", *arguments]
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=60)


def test_the_command_says_what_to_do_and_exits_by_what_failed(settings: Settings) -> None:
    well = run(settings)
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.rstrip().endswith("1 warning")  # fsync
    ill = run(but(settings, redis_url="redis://127.0.0.1:9/0"))
    assert ill.returncode == 1
    assert "→ Start Valkey" in ill.stdout
    assert ill.stdout.rstrip().endswith("1 failure, 1 warning")


def test_the_command_speaks_to_machines_too_and_of_settings_that_cannot_be_read(settings: Settings) -> None:
    misspelt = run(settings, "--json", ROOMTALLY_PROT="1")
    told = json.loads(misspelt.stdout)
    assert (misspelt.returncode, told["ok"]) == (1, False)
    [finding] = told["findings"]
    assert (finding["part"], finding["state"]) == ("settings", "fail")
    assert "ROOMTALLY_PROT" in finding["says"]
    well = json.loads(run(settings, "--json").stdout)
    assert well["ok"]
    assert {finding["part"] for finding in well["findings"]} == {"settings", "database", "valkey", "model", "storage"}
