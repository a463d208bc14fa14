import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab_helpers.classroom import preflight
from tests.lab_helpers.conftest import ROOT

pytestmark = pytest.mark.usefixtures("home")
MB = 1_000_000


def test_every_thing_is_one_line_and_every_problem_has_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(preflight.look())
    assert [one.what for one in found] == [
        *("python", "packages", "folder", "disk", "memory", "ports", "browser", "engine", "kubectl")
    ]
    for one in found:
        assert "\n" not in str(one)
        assert bool(one.remedy) == (one.state == "problem")


def test_python() -> None:
    assert preflight.python((3, 11, 0)).state == "ok"
    old = preflight.python((3, 10, 12))
    assert str(old) == "PROBLEM  python: 3.10.12 is too old -> install Python 3.11 or newer"


def test_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.packages().state == "ok"
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.1")
    wrong = preflight.packages()
    assert wrong.state == "problem"
    assert "boto3 is 0.1 and should be" in wrong.said


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert preflight.folder(tmp_path / "new").state == "ok"
    assert "set LAB_HOME" in preflight.folder(tmp_path / "file" / "below").remedy


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_a_course_that_neighbours_cannot_read(tmp_path: Path) -> None:
    own = tmp_path / "home" / "course"
    own.mkdir(parents=True)
    own.parent.chmod(0o700)
    closed = preflight.course(own)
    assert closed.state == "problem"
    assert "may not enter" in closed.said
    assert "/opt" in closed.remedy
    assert [one.what for one in preflight.look(2)].count("course") == 1


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_a_python_that_neighbours_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "python"
    base.mkdir(mode=0o700)
    monkeypatch.setattr(sys, "prefix", "/")
    monkeypatch.setattr(sys, "base_prefix", str(base))
    closed = preflight.course(Path("/"))
    assert closed.state == "problem"
    assert "with a Python that all can run" in closed.remedy
    monkeypatch.setattr(sys, "base_prefix", "/")
    assert preflight.course(Path("/")).state == "ok"


@pytest.mark.parametrize(("free", "learners", "state"), [(3e9, 1, "ok"), (3e9, 30, "problem"), (1e9, 1, "problem")])
def test_disk(free: float, learners: int, state: str) -> None:
    assert preflight.disk(int(free), learners).state == state


def test_memory_says_how_many_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.memory(24_000 * MB, 20).state == "ok"
    assert preflight.memory(10_000 * MB, 30).remedy == "have 10 learners on this machine"
    assert "have 23 learners on this machine, or give each 283 MB" in preflight.memory(22_000 * MB, 30).remedy
    monkeypatch.setenv("LAB_CLASS_CONTAINERS_MB", "283")
    assert preflight.memory(22_000 * MB, 30).state == "ok"
    assert "larger machine" in preflight.memory(100 * MB, 1).remedy


def test_ports_are_really_taken_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.free_ports(20) == 20
    listen = socket.socket.listen
    left = [5]

    def few(self: socket.socket, backlog: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("no more")
        listen(self, backlog)

    monkeypatch.setattr(socket.socket, "listen", few)
    assert preflight.free_ports(20) == 5
    assert preflight.ports(5, 1).state == "problem"


def test_what_the_course_can_do_without_is_a_note() -> None:
    assert preflight.engine("").state == preflight.kubectl(None).state == "note"
    assert preflight.browser("", hub=False).state == "problem"
    assert preflight.browser("", hub=True).state == "ok"


def test_as_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by a number of learners that is too large: to count the ports they need takes all that other tests want.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "below"))
    command = [sys.executable, "-m", "lab_helpers", "classroom", "preflight", "--learners", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PROBLEM  folder: " in done.stdout
    assert "to mend: each line above says how." in done.stdout
    other = subprocess.run([sys.executable, "-m", "lab_helpers"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert other.returncode == 2
    assert "usage" in other.stdout
