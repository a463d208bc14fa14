import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import psutil
import pytest

from lab_cloud import system
from lab_cloud.__main__ import _last_words
from tests.lab_cloud.ecs.test_tasks_api import FOREVER
from tests.stage import ROOT, Place, RunningCloud
from tests.waiting import until


def test_up_status_env_down(new_cloud: RunningCloud) -> None:
    assert new_cloud.command("status", code=3).stdout.startswith("The cloud is not up")
    assert json.loads(new_cloud.command("status", "--json").stdout)["running"] is False
    assert "is up at http://127.0.0.1:" in new_cloud.command("up", "--speed", "120").stdout
    state = new_cloud.state
    facts = json.loads(new_cloud.command("status", "--json").stdout)
    assert (facts["running"], facts["speed"], facts["runtime"]) == (True, 120, "process")
    assert facts["port"] == state["port"]
    again = json.loads(new_cloud.command("up", "--json").stdout)
    assert again == {name: facts[name] for name in ("running", "pid", "port", "speed", "region", "runtime")}
    assert new_cloud.command("hurry", "0").stdout == "0 AWS seconds were skipped until now.\n"
    if not system.WINDOWS:
        assert (new_cloud.home / "cloud.json").stat().st_mode & 0o777 == 0o600
    lines = new_cloud.command("env", "--shell", "posix").stdout.splitlines()
    assert f"export AWS_ENDPOINT_URL={new_cloud.endpoint}" in lines
    assert f"export LAB_CA_FILE={new_cloud.home / 'tls' / 'ca.pem'}" in lines
    assert all(line.startswith(("export ", "unset ")) for line in lines)
    assert f"$Env:AWS_ENDPOINT_URL = '{new_cloud.endpoint}'" in new_cloud.command("env", "--shell", "powershell").stdout
    assert "The cloud is down" in new_cloud.command("down").stdout
    assert not system.is_alive(state["pid"])
    assert not (new_cloud.home / "cloud.json").exists()
    assert new_cloud.command("down").stdout == "The cloud is not up.\n"


def test_a_second_up_changes_nothing(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    pid = new_cloud.state["pid"]
    assert "already up" in new_cloud.command("up").stdout
    refused = new_cloud.command("up", "--speed", "1", code=1)
    assert "already up" in refused.stderr
    assert "python -m lab_cloud down" in refused.stderr
    assert new_cloud.state["pid"] == pid


def test_two_ups_at_once_start_one_cloud(new_cloud: RunningCloud) -> None:
    command = [sys.executable, "-m", "lab_cloud", "up"]
    both = [subprocess.Popen(command, cwd=ROOT, env=new_cloud.environment, stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    for process in both:
        assert process.stdout is not None
        process.stdout.close()
    mine = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if "lab_cloud.server" in (process.info["cmdline"] or []) and str(new_cloud.home) in process.info["cmdline"]
    ]
    assert mine == [new_cloud.state["pid"]]


def test_a_port_in_use_is_said_plainly(new_cloud: RunningCloud) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = new_cloud.command("up", "--port", str(other.getsockname()[1]), code=1)
    assert "is used by another program" in refused.stderr
    assert "--port" in refused.stderr


def test_a_chosen_port_is_used(new_cloud: RunningCloud) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    new_cloud.command("up", "--port", str(port))
    assert new_cloud.state["port"] == port


def test_the_port_is_kept_while_nobody_else_takes_it(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    port = new_cloud.state["port"]
    new_cloud.command("down")
    new_cloud.command("up")
    assert new_cloud.state["port"] == port
    new_cloud.command("down")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        new_cloud.command("up")
        assert new_cloud.state["port"] != port
    new_cloud.command("down")
    (new_cloud.home / "port").write_text("nonsense")
    new_cloud.command("up")


def test_a_stale_home_is_no_obstacle(new_cloud: RunningCloud) -> None:
    new_cloud.home.mkdir()
    stale = {"pid": 999_999_999, "port": 1, "access_key": "A", "secret_key": "s", "speed": 60, "region": "us-east-1"}
    (new_cloud.home / "cloud.json").write_text(json.dumps({**stale, "runtime": "process", "started": 0}))
    assert "not up" in new_cloud.command("status", code=3).stdout
    new_cloud.command("up")
    assert new_cloud.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_broken_state_file_is_no_obstacle(new_cloud: RunningCloud) -> None:
    new_cloud.home.mkdir()
    (new_cloud.home / "cloud.json").write_text("{half")
    new_cloud.command("up")


def test_a_home_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cloud = RunningCloud(tmp_path / "file" / "lab")
    refused = cloud.command("up", code=1)
    assert "cannot be written" in refused.stderr
    assert "LAB_HOME" in refused.stderr


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "1e9"])
def test_a_speed_that_makes_no_sense(new_cloud: RunningCloud, speed: str) -> None:
    assert "speed" in new_cloud.command("up", f"--speed={speed}", code=1).stderr


def test_a_python_without_the_courses_packages_is_told_which_one_has_them(tmp_path: Path) -> None:
    log = tmp_path / "cloud.log"
    log.write_text("old\nTraceback (most recent call last):\nModuleNotFoundError: No module named 'uvicorn'\n")
    message, remedy = _last_words(log, 4)
    assert sys.executable in message
    assert ".venv" in remedy


def test_commands_without_a_cloud_say_what_to_do(new_cloud: RunningCloud) -> None:
    for words in (("env",), ("url", "x"), ("reset",)):
        assert "python -m lab_cloud up" in new_cloud.command(*words, code=1).stderr


def test_an_unknown_name_lists_what_there_is(cloud: RunningCloud, place: Place) -> None:
    name, _ = place.balancer()
    refused = cloud.command("url", "nobody", code=1)
    assert name in refused.stderr
    assert cloud.url(name).startswith("http://127.0.0.1:")


def test_reset_deletes_everything_and_stays_up(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    place = Place(new_cloud)
    service = place.serve(place.program(FOREVER), 2)
    place.until_steady(service)
    assert "2 containers were ended" in new_cloud.command("reset").stdout
    assert place.ecs.list_clusters()["clusterArns"] == []
    daemon = psutil.Process(new_cloud.state["pid"])
    until(lambda: not [each for each in daemon.children(recursive=True) if "time.sleep" in str(each.cmdline())])
    again = Place(new_cloud)
    again.until_steady(again.serve(again.program(FOREVER), 1))


@pytest.mark.parametrize("how", ["down", "SIGKILL"])
def test_no_container_outlives_the_cloud(new_cloud: RunningCloud, how: str) -> None:
    new_cloud.command("up")
    place = Place(new_cloud)
    place.until_steady(place.serve(place.program(FOREVER), 2))
    daemon = psutil.Process(new_cloud.state["pid"])
    family = [daemon, *daemon.children(recursive=True)]
    assert sum("time.sleep" in str(each.cmdline()) for each in family) == 2
    if how == "down":
        new_cloud.command("down")
    else:
        os.kill(daemon.pid, signal.SIGKILL)
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family), 10)
    new_cloud.command("up")
    assert new_cloud.client("ecs").meta.endpoint_url  # a fresh cloud answers again
    assert json.loads(new_cloud.command("status", "--json").stdout)["containers"] == 0


def test_the_log_holds_no_secret(cloud: RunningCloud) -> None:
    cloud.client("sts").get_caller_identity()
    text = (cloud.home / "cloud.log").read_text(encoding="utf-8")
    assert cloud.state["secret_key"] not in text
    assert cloud.state["access_key"] not in text


@pytest.mark.skipif(not system.LINUX, reason="needs /dev/full")
def test_a_full_disk_under_the_log_stops_nothing(new_cloud: RunningCloud) -> None:
    new_cloud.home.mkdir()
    (new_cloud.home / "cloud.log").symlink_to("/dev/full")
    new_cloud.command("up")
    place = Place(new_cloud)
    task = place.run(place.program("print('x'); raise SystemExit(4)"))
    assert place.until_task(task["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 4


def test_without_authentication_it_warns(tmp_path: Path) -> None:
    cloud = RunningCloud(tmp_path / "lab", LAB_AUTH="off")
    try:
        assert "LAB_AUTH=off" in cloud.command("up").stderr
        stranger = boto3.client(
            "sts",
            endpoint_url=cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="y",
        )
        assert stranger.get_caller_identity()["Account"] == "123456789012"
    finally:
        cloud.command("down")


def test_the_learners_own_aws_settings_do_not_reach_the_cloud(tmp_path: Path) -> None:
    cloud = RunningCloud(tmp_path / "lab", AWS_PROFILE="nope", AWS_SECRET_ACCESS_KEY="private")
    try:
        cloud.command("up")
        assert cloud.client("iam").list_roles()["Roles"] is not None
        place = Place(cloud)
        code = "import os, sys; sys.exit('private' in str(os.environ))"
        assert place.until_task(place.run(place.program(code))["taskArn"], "STOPPED")["containers"][0]["exitCode"] == 0
    finally:
        cloud.command("down")


def test_a_runtime_that_is_not_there(new_cloud: RunningCloud) -> None:
    said = new_cloud.command("up", "--runtime", "lxc", code=1).stderr.splitlines()
    assert said == ["There is no runtime 'lxc'.", said[1]]
    assert said[1].startswith("Set LAB_RUNTIME to one of: process, ")
    assert new_cloud.command("status", code=3)


def test_the_runtime_is_said(new_cloud: RunningCloud) -> None:
    assert "runtime process" in new_cloud.command("up", "--runtime", "process").stdout
    assert "process (containers are processes of this machine, not isolated" in new_cloud.command("status").stdout
    assert "with the runtime process" in new_cloud.command("up", "--runtime", "sandbox", code=1).stderr
