"""The folder of `roomtally up`: who may use it, and the password it keeps."""

import stat
from pathlib import Path

import pytest

from roomtally import errors
from roomtally.embedded.data_folder import DataFolder, default_folder


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
    assert default_folder({"XDG_DATA_HOME": "/home/ada/data"}) == Path("/home/ada/data/roomtally")
    assert default_folder({}) == Path.home() / ".local" / "share" / "roomtally"
