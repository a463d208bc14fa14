"""The commands on containers, against a real cloud."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.stage import ROOT, RunningCloud
from tests.waiting import until

IMAGE = "containers-on-aws/web:1"
PYTHON = "python:3.12-alpine"


def test_from_run_to_rm(cloud: RunningCloud) -> None:
    name = cloud.name("web")
    key = cloud.command("run", "-d", "--name", name, "-p", "80", "-e", "WEB_MESSAGE=hello", IMAGE).stdout.strip()
    assert len(key) == 64
    (facts,) = json.loads(cloud.command("ps", "--json").stdout)["result"]["containers"]
    url = f"http://127.0.0.1:{facts['ports']['80']}/json"
    with until(lambda: urllib.request.urlopen(url, timeout=2)) as answer:
        assert answer.status == 200
    shown = cloud.command("ps").stdout.splitlines()
    assert shown[0].split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "STATUS", "PORTS", "NAMES"]
    assert key[:12] in shown[1] and "->80/tcp" in shown[1]
    assert name in cloud.command("stats").stdout
    assert "200" in until(lambda: "200" in (said := cloud.command("logs", "-t", key[:10]).stdout) and said)
    done = cloud.command("exec", name, "python", "-c", "import os; print(os.environ['WEB_MESSAGE']); exit(4)", code=4)
    assert done.stdout == "hello\n"
    assert "container is running" in cloud.command("rm", name, code=1).stderr
    assert cloud.command("stop", name).stdout.strip() == name
    assert name not in cloud.command("ps").stdout
    assert f"{name}" in cloud.command("ps", "-a").stdout
    cloud.command("rm", name)
    assert "No such container" in cloud.command("logs", name, code=1).stderr


def test_run_waits_and_ends_as_the_container_does(cloud: RunningCloud) -> None:
    done = cloud.command("run", "--rm", PYTHON, "python", "-c", "print('one'); print('two'); exit(3)", code=3)
    assert done.stdout == "one\ntwo\n"
    big = "x = b'x' * 200_000_000; import time; time.sleep(60)"
    done = cloud.command("run", "--rm", "-m", "32m", PYTHON, "python", "-c", big, code=137)
    assert "OutOfMemory" in done.stderr
    assert "No container runs" in cloud.command("ps").stderr


def test_follow_ends_by_itself(cloud: RunningCloud) -> None:
    name = cloud.name("talker")
    code = "import time\nfor n in range(3): print(n, flush=True); time.sleep(.05)"
    cloud.command("run", "-d", "--name", name, PYTHON, "python", "-c", code)
    assert cloud.command("logs", "-f", name).stdout == "0\n1\n2\n"
    assert cloud.command("logs", "-n", "1", name).stdout == "2\n"
    cloud.command("rm", name)
    cloud.command("run", "-d", "--name", name, PYTHON, "python", "-c", "import time; time.sleep(600)")
    assert cloud.command("logs", "-f", "--seconds", "0.1", name).stdout == ""
    cloud.command("rm", "-f", name)


def test_a_folder_and_a_volume(cloud: RunningCloud, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text").write_text("mine")
    words = [sys.executable, "-m", "lab_cloud", "run", "--rm", "-v", "./in:/in:ro", "-v", "kept:/kept", PYTHON]
    words += ["python", "-c", "print(open('in/text').read())"]
    environment = {**cloud.environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "mine\n"
    assert "kept" in cloud.command("volume", "ls").stdout
    cloud.command("volume", "rm", "kept")
    assert "No such volume" in cloud.command("volume", "rm", "kept", code=1).stderr
    assert "is not below yours" in cloud.command("run", "-v", "/etc:/in", PYTHON, code=1).stderr


def test_what_is_wrong_is_said(cloud: RunningCloud, new_cloud: RunningCloud) -> None:
    for words, told in {
        ("run", "--memory", "1m", PYTHON): "minimum memory limit allowed is 6MB",
        ("run", "nothing/there:1"): "No such image",
        ("run", "-p", "x", PYTHON): "Invalid port",
        ("exec", "nobody"): "exec needs a command",
        ("stop", "nobody"): "No such container: nobody",
        ("volume", "rm"): "needs a name",
    }.items():
        found = cloud.command(*words, code=1).stderr.splitlines()
        assert told in found[-2]
    assert "python -m lab_cloud up" in new_cloud.command("ps", code=1).stderr


def test_they_end_with_the_cloud_and_with_a_reset(new_cloud: RunningCloud) -> None:
    new_cloud.command("up")
    new_cloud.command("run", "-d", "-v", "kept:/kept", IMAGE)
    assert "1 containers were ended" in new_cloud.command("reset").stdout
    assert "none" in new_cloud.command("volume", "rm", "kept", code=1).stderr
    new_cloud.command("run", "-d", IMAGE)
    new_cloud.command("down")
    assert list((new_cloud.home / "containers").iterdir()) == []
    new_cloud.command("up")
    assert "No container runs" in new_cloud.command("ps", "-a").stderr
