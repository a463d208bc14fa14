import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab_cloud import home, system
from lab_cloud.errors import HomeError

RUNNING = home.Running(os.getpid(), 4566, "AKIA", "secret", 60, "us-east-1", "process", 0)


@pytest.fixture
def running() -> Iterator[home.Running]:
    """A cloud that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield replace(RUNNING, port=server.getsockname()[1])


def test_what_is_written_can_be_read_by_its_owner_alone(tmp_path: Path, running: home.Running) -> None:
    home.write(tmp_path, running)
    assert home.read(tmp_path) == running
    if not system.WINDOWS:
        assert (tmp_path / home.STATE).stat().st_mode & 0o777 == 0o600
    assert RUNNING.endpoint == "http://127.0.0.1:4566"


def test_a_dead_cloud_is_not_running(tmp_path: Path) -> None:
    home.write(tmp_path, home.Running(999_999_999, 1, "A", "s", 60, "r", "process", 0))
    assert home.read(tmp_path) is None
    assert home.read_stale(tmp_path) is not None


def test_a_dead_cloud_whose_pid_another_program_has_is_not_running(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        home.write(tmp_path, replace(RUNNING, pid=stranger.pid, port=port))
        assert home.read(tmp_path) is None  # so `down` does not end the stranger, and `up` starts a cloud
        with socket.create_server(("127.0.0.1", 0)) as busy:  # it listens, and is too busy to say anything
            home.write(tmp_path, replace(RUNNING, pid=stranger.pid, port=busy.getsockname()[1]))
            assert home.read(tmp_path) is not None
        assert stranger.stdin is not None
        stranger.stdin.close()


def test_a_cloud_that_is_about_to_end_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(tmp_path, replace(RUNNING, port=1))
    monkeypatch.setattr(system, "command_line", lambda _pid: ["python", "-m", "lab_cloud.server"])
    assert home.read(tmp_path) is not None
    monkeypatch.setattr(system, "command_line", lambda _pid: [])  # nobody may know
    assert home.read(tmp_path) is not None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_file_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / home.STATE).write_text(text)
    assert home.read(tmp_path) is None


def test_only_its_own_file_is_forgotten(tmp_path: Path, running: home.Running) -> None:
    home.write(tmp_path, running)
    home.forget(tmp_path, running.pid + 1)
    assert home.read(tmp_path) == running
    home.forget(tmp_path, running.pid)
    assert home.read(tmp_path) is None


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "mine"))
    assert home.find() == tmp_path / "mine"
    monkeypatch.delenv("LAB_HOME")
    for name in ("labs", "lab_cloud", "workspace"):
        (tmp_path / "course" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course" / "workspace")
    assert home.find() == tmp_path / "course" / ".lab"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError) as caught:
        home.prepare(tmp_path / "file" / "lab")
    assert "LAB_HOME" in caught.value.remedy


def test_one_start_at_a_time(tmp_path: Path) -> None:
    with home.starting(tmp_path) as first, home.starting(tmp_path) as second:
        assert (first, second) == (True, False)
    with home.starting(tmp_path) as again:
        assert again


def test_a_start_that_died_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / home.STARTING).write_text("999999999")
    with home.starting(tmp_path) as first:
        assert first


def test_keys_look_like_awss_and_differ() -> None:
    pairs = {home.new_keys() for _ in range(50)}
    assert len(pairs) == 50
    assert all(len(key) == 20 and key.startswith("AKIA") and len(secret) == 40 for key, secret in pairs)
