"""Pods really run: processes, their ends, and what the API says of them."""

import urllib.request
from typing import Any

from tests.lab_cloud.eks.agents.hosts import Hosts
from tests.waiting import until

PYTHON = "python:3.12-alpine"


def python(code: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": PYTHON, "command": ["python3", "-c", code], **more}


def test_a_pod_runs_and_answers_at_its_own_address(hosts: Hosts) -> None:
    hosts.pod("web", "here", containers=[{"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}])
    until(lambda: hosts.condition("web", "Ready") == "True")
    status = hosts.status("web")
    assert status["phase"] == "Running"
    assert status["qosClass"] == "BestEffort"
    assert status["hostIP"] == "192.168.0.4"
    own = hosts.first("web")
    assert own["ready"]
    assert own["started"]
    assert own["state"]["running"]["startedAt"]
    assert own["imageID"].startswith("docker.io/library/nginx@sha256:")
    body = until(lambda: urllib.request.urlopen(f"http://{status['podIP']}:8080/", timeout=5).read())
    assert b"nginx" in body.lower()
    assert hosts.reasons("web") == ["Pulling", "Pulled", "Created", "Started"]
    assert "GET / " in until(lambda: hosts.log("web", "web"))
