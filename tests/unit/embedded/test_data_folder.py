"""The folder of `roomtally up`: who may use it, and the password it keeps."""

import os
import stat
from pathlib import Path

import pytest

from roomtally import errors
from roomtally.embedded.data_folder import DataFolder, default_folder, find_address


def test_the_password_is_random_kept_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    password = folder.demo_password(None)
    assert len(password) >= 12
    assert folder.demo_password(None) == password
    assert stat.S_IMODE((folder.path / "demo-password").stat().st_mode) == 0o600
    folder.release()
    other = DataFolder(tmp_path / "other")
    assert other.demo_password(None) != password
    other.release()


def test_a_wanted_password_wins_and_is_kept(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.demo_password(None)
    assert folder.demo_password("wanted for a demo") == "wanted for a demo"
    assert folder.demo_password(None) == "wanted for a demo"
    folder.release()


def test_one_user_at_a_time_and_the_next_after_release(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(errors.Unavailable, match="data-folder-in-use"):
        DataFolder(tmp_path)
    first.release()
    DataFolder(tmp_path).release()


def test_the_default_folder_is_one_that_postgresql_can_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_folder({}) == Path("/var/lib/roomtally")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_folder({"XDG_DATA_HOME": "/srv/ada/data"}) == Path("/srv/ada/data/roomtally")
    assert default_folder({}) == Path.home() / ".local" / "share" / "roomtally"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_other_people_read_nothing_not_even_in_a_folder_of_before(tmp_path: Path) -> None:
    """Root's PostgreSQL is another user, who must be able to walk to its own part."""
    data, on_the_way = tmp_path / "data", 0o711 if os.geteuid() == 0 else 0o700
    for name in ("photos", "postgres", "valkey"):
        (data / name).mkdir(parents=True)
        (data / name).chmod(0o755)
    data.chmod(0o755)
    DataFolder(data).release()
    assert [mode(data), mode(data / "postgres")] == [on_the_way, on_the_way]
    assert [mode(data / "photos"), mode(data / "valkey")] == [0o700, 0o700]


def test_a_folder_that_holds_other_things_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    DataFolder(tmp_path).release()
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "photos") == 0o700


def test_a_start_that_failed_leaves_no_folder_and_one_that_was_there_stays(tmp_path: Path) -> None:
    DataFolder(tmp_path / "data").release()
    assert not (tmp_path / "data").exists()
    (tmp_path / "data").mkdir()
    DataFolder(tmp_path / "data").release()
    assert (tmp_path / "data").exists()


def test_the_address_is_there_while_it_is_true(tmp_path: Path) -> None:
    assert find_address(tmp_path) is None
    folder = DataFolder(tmp_path)
    folder.announce("http://127.0.0.1:8100")
    assert find_address(tmp_path) == "http://127.0.0.1:8100"
    folder.release()
    assert find_address(tmp_path) is None
