import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab_helpers import cloud
from lab_helpers.errors import CloudUnavailable, NotFound


class Program:
    """Stands for `python -m lab_cloud`: answers each command as the test says, and keeps what it was asked."""

    def __init__(self, **answers: list[tuple[int, str, str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        self.asked.append(arguments)
        code, out, err = self.answers[arguments[0]].pop(0)
        return subprocess.CompletedProcess(arguments, code, out, err)


OFF = (0, '{"running": false}', "")
ON = (0, '{"running": true, "pid": 7, "speed": 60.0, "runtime": "process"}', "")


def program(monkeypatch: pytest.MonkeyPatch, **answers: list[tuple[int, str, str]]) -> Program:
    found = Program(**answers)
    monkeypatch.setattr(cloud, "_run", found)
    return found


def test_one_command_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = program(monkeypatch, up=[ON])
    assert cloud.start() == ("7", 60.0, "process")
    assert asked.asked == [("up", "--json")]


def test_another_speed_starts_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = (0, '{"running": true, "pid": 8, "speed": 120.0, "runtime": "sandbox"}', "")
    asked = program(monkeypatch, status=[ON], down=[(0, "", "")], up=[(1, "", "It is already up."), fast])
    assert cloud.start(120) == ("8", 120.0, "sandbox")
    again = ("up", "--json", "--speed", "120")
    assert asked.asked == [again, ("status", "--json"), ("down",), (*again, "--runtime", "process")]


@pytest.mark.parametrize("speed", [0, -1, "fast"])
def test_a_speed_that_makes_no_sense_stops_no_cloud(monkeypatch: pytest.MonkeyPatch, speed: Any) -> None:
    asked = program(monkeypatch)
    with pytest.raises(CloudUnavailable, match="not a number above 0"):
        cloud.start(speed)
    assert asked.asked == []


def test_another_notebook_was_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, status=[ON], up=[(1, "", "The cloud is already up.")])
    assert cloud.start() == ("7", 60.0, "process")


def test_a_cloud_that_does_not_answer_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = (1, "", "The cloud (pid 7) does not answer.\nStop and start it.")
    asked = program(monkeypatch, status=[(1, "", "")], up=[refused])
    with pytest.raises(CloudUnavailable, match="does not answer"):
        cloud.start()
    assert ("down",) not in asked.asked


def test_what_was_skipped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = program(monkeypatch, hurry=[(0, "0 AWS seconds were", ""), (0, "600 AWS seconds were", "")] * 2)
    skipped: list[float] = []
    with cloud.hurried(skipped):
        pass
    with pytest.raises(RuntimeError), cloud.hurried(skipped):
        raise RuntimeError
    assert skipped == [600, 600]
    assert [words[1] for words in asked.asked] == ["60", "0", "60", "0"]


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        ("The port is taken.\nUse another.\n", "The port is taken.", "Use another."),
        ("", "The embedded cloud could not be started.", "Look at it with"),
        (
            "Traceback (most recent call last):\n  x\nOSError: y\n",
            "The embedded cloud could not be started.",
            "OSError: y",
        ),
    ],
)
def test_why_it_could_not_be_started(monkeypatch: pytest.MonkeyPatch, said: str, message: str, remedy: str) -> None:
    program(monkeypatch, status=[OFF], up=[(1, "", said)])
    with pytest.raises(CloudUnavailable) as caught:
        cloud.start()
    assert caught.value.message == message
    assert caught.value.remedy.startswith(remedy)


def test_export_lines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, env=[(0, "export AWS_ENDPOINT_URL=http://127.0.0.1:1\nexport A='b c'\n# x\n", "")])
    assert cloud.environment() == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "A": "b c"}


def test_a_status_that_is_no_json_counts_as_off(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, status=[(1, "Oh.", "")])
    assert cloud.status() == {"running": False}


def test_a_command_that_does_not_end(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(cloud, "PATIENCE", 0.0)
    with pytest.raises(CloudUnavailable, match="did not end"):
        cloud.status()


@pytest.mark.usefixtures("home")
def test_without_a_cloud_one_is_told_to_start_it() -> None:
    assert cloud.status()["running"] is False
    with pytest.raises(CloudUnavailable) as caught:
        cloud.environment()
    assert caught.value.remedy == "Run lab.start() first."


@pytest.mark.usefixtures("cloud")
def test_the_real_program_answers_as_the_helpers_read_it() -> None:
    found = cloud.status()
    assert found["running"] is True
    assert found["speed"] == 60
    assert found["calendar"]
    assert cloud.start() == (str(found["pid"]), 60.0, "process")
    surroundings = cloud.environment()
    assert surroundings["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{found['port']}"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} <= set(surroundings)
    with pytest.raises(NotFound):
        cloud.url("nobody")


def test_the_learners_own_aws_settings_do_not_reach_the_cloud(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    seen: dict[str, str] = {}

    def run(argv: list[str], env: dict[str, str], **_: object) -> "subprocess.CompletedProcess[str]":
        assert argv[:3] == [sys.executable, "-m", "lab_cloud"]
        seen.update(env)
        return subprocess.CompletedProcess(argv, 0, "{}", "")

    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setattr(subprocess, "run", run)
    cloud.status()
    assert "AWS_PROFILE" not in seen
    assert seen["LAB_HOME"] == str(home)


def test_without_a_cloud_the_remedy_is_one_for_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, url=[(1, "", "The cloud is not up.\nStart it: python -m lab_cloud up")])
    with pytest.raises(NotFound) as caught:
        cloud.url("web")
    assert caught.value.remedy == "Run lab.start() first."
