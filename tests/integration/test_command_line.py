"""The small commands, as processes: what they print, what they refuse, and that nobody sees a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql

from roomtally.embedded.postgres import EmbeddedPostgres
from roomtally.settings import Settings, to_environ
from tests.fixtures.app import free_port


def run(settings: Settings, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "roomtally", *arguments],
        check=False,
        env=os.environ | to_environ(settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_migrate_builds_an_empty_database_and_then_has_nothing_to_do(
    postgres_server: EmbeddedPostgres, settings: Settings
) -> None:
    name = sql.Identifier("test_migrate_command")
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(name))
        empty = Settings(
            database_url=postgres_server.url_of("test_migrate_command"),
            redis_url=settings.redis_url,
            storage_url=settings.storage_url,
        )
        first, second = run(empty, "migrate"), run(empty, "migrate")
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
    assert first.returncode == second.returncode == 0
    assert "0001" in first.stdout
    assert second.stdout == "The schema is current.\n"


def test_migrate_changes_the_epoch_when_it_is_told_to(settings: Settings) -> None:
    def epoch() -> str:
        with psycopg.connect(settings.database_url) as conn:
            row = conn.execute("SELECT epoch FROM installation").fetchone()
        assert row
        return row[0]

    before = epoch()
    assert run(settings, "migrate").returncode == 0
    assert epoch() == before
    changed = run(settings, "migrate", "--new-epoch")
    assert epoch() != before
    assert changed.stdout == f"The schema is current.\nThe epoch is {epoch()} now.\n"


@pytest.mark.parametrize(("options", "role"), [([], "user"), (["--operator"], "operator")])
def test_a_user_is_added_once(settings: Settings, options: list[str], role: str) -> None:
    added = run(settings, "user", "add", " Ada@Example.org ", "--password-stdin", *options, stdin="a long password\n")
    assert (added.returncode, added.stdout) == (0, f"ada@example.org can sign in as {role}.\n")
    again = run(settings, "user", "add", "ada@example.org", "--password-stdin", stdin="another password\n")
    assert again.returncode == 1
    assert again.stderr == "roomtally: ada@example.org has an account already.\n"
    with psycopg.connect(settings.database_url) as conn:
        assert conn.execute("SELECT email, role FROM users").fetchall() == [("ada@example.org", role)]


def test_a_user_of_an_up_that_does_not_run_is_told_what_to_do(settings: Settings, tmp_path: Path) -> None:
    told = run(
        settings,
        "user",
        "add",
        "ada@example.org",
        "--password-stdin",
        "--data",
        str(tmp_path),
        stdin="a long password\n",
    )
    assert told.returncode == 1
    assert told.stderr == (
        f"roomtally: No `roomtally up` runs on {tmp_path} with a database of its own. "
        "Start it, name its folder with --data FOLDER, or set ROOMTALLY_DATABASE_URL.\n"
    )


def test_a_short_password_is_refused_with_a_word(settings: Settings) -> None:
    refused = run(settings, "user", "add", "ada@example.org", "--password-stdin", stdin="short\n")
    assert refused.returncode == 2
    assert refused.stderr == "roomtally: A password needs 10 to 1000 characters.\n"


def test_a_command_without_settings_names_the_one_that_is_missing() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ROOMTALLY_")}
    ended = subprocess.run(
        [sys.executable, "-m", "roomtally", "work"], check=False, env=env, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    assert "ROOMTALLY_DATABASE_URL" in ended.stderr
    assert "(`roomtally up` brings its own)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_short_help_is_not_cut() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "roomtally", "--help"], check=True, capture_output=True, text=True, timeout=30
    )
    assert "..." not in shown.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("command", [["migrate"], ["user", "add", "ada@example.org", "--password-stdin"]])
def test_a_command_without_its_database_ends_with_a_sentence(settings: Settings, command: list[str]) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none")
    ended = run(away, *command, stdin="correct horse battery\n")
    assert (ended.returncode, ended.stdout) == (1, "")
    [said] = ended.stderr.splitlines()
    assert said.startswith("roomtally: The database cannot be reached: ")


@pytest.mark.parametrize("command", ["serve", "work", "sweep"])
@pytest.mark.parametrize("field", ["database_url", "redis_url", "storage_url"])
def test_a_process_with_an_address_that_is_none_ends_with_a_sentence(
    settings: Settings, command: str, field: str
) -> None:
    wrong = msgspec.structs.replace(settings, **{field: "nonsense", "port": free_port(), "log_format": "json"})
    ended = run(wrong, command)
    assert ended.returncode
    assert f"roomtally: ROOMTALLY_{field.upper()} " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"openai_base_url": "http://[x"}, "OPENAI_BASE_URL"),
        ({"openai_api_key": "clé"}, "OPENAI_API_KEY"),
        ({"storage_url": "foo://y"}, "STORAGE_URL"),
    ],
)
def test_a_worker_that_is_set_wrong_ends_with_one_line(settings: Settings, wrong: dict[str, str], named: str) -> None:
    endpoint = {"analyzer": "openai", "openai_base_url": "http://127.0.0.1:1/v1", "openai_model": "m"}
    ended = run(msgspec.structs.replace(settings, log_format="json", **(endpoint | wrong)), "work")
    said = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert ended.returncode == 2
    assert len(said) == 1
    assert said[0].startswith(f"roomtally: ROOMTALLY_{named} ")


def test_a_batch_is_not_waited_for_where_no_service_is(settings: Settings) -> None:
    ended = run(
        settings, "watch", "0b6b2a5e-0000-4000-8000-000000000000", "--url", "http://127.0.0.1:1", "--token", "x"
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("roomtally: No answer from http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--port", "abc"], "'--port': 'abc' is no whole number from 1 to 65535."),
        (["up", "--port", "70000"], "'--port': 70000 is no whole number from 1 to 65535."),
        (["smoke", "--timeout", "soon"], "'--timeout': 'soon' is no number of 1 or more."),
        (["smoke", "--timeout", "0"], "'--timeout': 0.0 is no number of 1 or more."),
    ],
)
def test_a_number_is_refused_with_its_option_and_its_range(settings: Settings, arguments: list[str], said: str) -> None:
    ended = run(settings, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"Error: Invalid value for {said}\n")
