"""The image registry: 100 MB up and down beside Debian's docker-registry, many images, a task from a pushed image."""

import base64
import hashlib
import http.client
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.peers import free_port
from bench.report import Report
from lab_cloud.ecr.lifecycle import DAY, View, decide
from lab_cloud.ecr.lifecycle_policy import parse
from tests.lab_cloud.ecr.registry import Picture, Registry, layer, picture
from tests.stage import Place, RunningCloud
from tests.waiting import until

LARGE = 100 * 1000 * 1000
MEDIUM = 10 * 1000 * 1000
PIECE = 1 << 20
MANY = 1000
CONFIG_OF_PEER = """version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: 127.0.0.1:{port}}}
log: {{level: error, accesslog: {{disabled: true}}}}
"""


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            cloud.client("ecr").create_repository(repositoryName="bench")
            _warm(cloud)
            _large(report, cloud, Path(folder), rounds)
            _many(report, cloud, rounds)
            _task(report, cloud, rounds)
        finally:
            cloud.command("down")


def _warm(cloud: RunningCloud) -> None:
    """Let the cloud load what it loads anyway, so that only the registry's memory is measured."""
    cloud.client("ec2").describe_vpcs()
    cloud.client("logs").describe_log_groups()
    cloud.client("iam").list_roles()
    registry = Registry(cloud)
    registry.push_blob("bench", b"small")


def _large(report: Report, cloud: RunningCloud, folder: Path, rounds: int) -> None:
    report.section("A layer of 100 MB through /v2/")
    secret = base64.b64encode(f"AWS:{Registry(cloud).password}".encode()).decode()
    ours = Side(cloud.state["port"], "bench", {"Authorization": f"Basic {secret}"})
    push, pull, push_peer, pull_peer = [], [], [], []
    with watched(cloud.state["pid"]) as growth, peer(folder) as port:
        other = Side(port, "bench", {}) if port else None
        for _ in range(rounds):
            data = os.urandom(LARGE)
            up, down = ours.both(data)
            push.append(up)
            pull.append(down)
            if other is not None:
                up, down = other.both(data)
                push_peer.append(up)
                pull_peer.append(down)
    mine_up = report.figure("push", push, "MB/s")
    mine_down = report.figure("pull", pull, "MB/s")
    report.figure("most memory above the start's", [growth["most"]], "MB", most=30)
    if not push_peer:
        report.note("docker-registry: not installed")
        return
    theirs_up = report.figure("docker-registry: push", push_peer, "MB/s")
    theirs_down = report.figure("docker-registry: pull", pull_peer, "MB/s")
    report.figure("ours of theirs: push", [100 * mine_up / theirs_up], "%", least=50)
    report.figure("ours of theirs: pull", [100 * mine_down / theirs_down], "%", least=50)


class Side:
    """One registry, spoken to over one connection."""

    def __init__(self, port: int, name: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, blocksize=PIECE)
        self._name = name
        self._headers = headers

    def _ask(self, method: str, path: str, body: Any = None, length: int = 0) -> http.client.HTTPResponse:
        headers = {**self._headers, "Content-Length": str(length), "Content-Type": "application/octet-stream"}
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()

    def both(self, data: bytes) -> tuple[float, float]:
        """MB/s up and down; the blob is deleted afterwards."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        began = time.perf_counter()
        where = self._ask("POST", f"/v2/{self._name}/blobs/uploads/")
        where.read()
        location = where.headers["Location"].partition("/v2/")[2]
        answer = self._ask("PATCH", f"/v2/{location}", io.BytesIO(data), len(data))
        answer.read()
        location = answer.headers["Location"].partition("/v2/")[2]
        joint = "&" if "?" in location else "?"
        done = self._ask("PUT", f"/v2/{location}{joint}digest={digest}")
        done.read()
        up = time.perf_counter() - began
        if done.status != 201:
            raise RuntimeError(f"the push failed: {done.status}")
        path = f"/v2/{self._name}/blobs/{digest}"
        began = time.perf_counter()
        answer = self._ask("GET", path)
        size = 0
        while piece := answer.read(PIECE):
            size += len(piece)
        down = time.perf_counter() - began
        if size != len(data):
            raise RuntimeError(f"{size} bytes came back")
        self._ask("DELETE", path).read()
        return len(data) / up / 1e6, len(data) / down / 1e6


@contextmanager
def watched(pid: int) -> Iterator[dict[str, float]]:
    """How far a process's memory rises meanwhile."""
    process, done = psutil.Process(pid), threading.Event()
    start = process.memory_info().rss
    found = {"most": 0.0}

    def look() -> None:
        while not done.wait(0.02):
            found["most"] = max(found["most"], (process.memory_info().rss - start) / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


@contextmanager
def peer(folder: Path) -> Iterator[int]:
    """Debian's docker-registry on a free port; 0 where it is not installed."""
    binary = shutil.which("docker-registry")
    if binary is None:
        yield 0
        return
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(CONFIG_OF_PEER.format(folder=folder / "peer", port=port))
    process = subprocess.Popen([binary, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port), 20)
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _many(report: Report, cloud: RunningCloud, rounds: int) -> None:
    report.section(f"{MANY} images in one repository")
    ecr = cloud.client("ecr")
    registry = Registry(cloud)
    ecr.create_repository(repositoryName="many")
    base = picture(layer({"x": b"x"}))
    for blob in (base.config, *base.layers):
        registry.push_blob("many", blob)
    for number in range(MANY):
        content = {**json.loads(base.manifest), "annotations": {"number": str(number)}}
        ecr.put_image(repositoryName="many", imageManifest=json.dumps(content), imageTag=f"v{number}")
    for size in (100, MANY):
        spent = []
        for _ in range(rounds):
            began = time.perf_counter()
            page = ecr.describe_images(repositoryName="many", maxResults=size)
            spent.append((time.perf_counter() - began) * 1000)
            if len(page["imageDetails"]) != size:
                raise RuntimeError("the page is not full")
        report.figure(f"a DescribeImages page of {size}, seen by boto3", spent, "ms", most=50)
    rules = [
        _rule(1, "tagged", tagPatternList=["v1*"], countType="imageCountMoreThan", countNumber=10),
        _rule(2, "untagged", countType="sinceImagePushed", countUnit="days", countNumber=14),
        _rule(3, "any", countType="imageCountMoreThan", countNumber=100),
    ]
    text = json.dumps({"rules": rules})
    views = [View(f"sha256:{number:064x}", (f"v{number}",), number * DAY) for number in range(MANY)]
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        actions = decide(parse(text), views, MANY * DAY)
        spent.append(time.perf_counter() - began)
    report.figure(f"life-cycle evaluation ({len(actions)} of {MANY} expire)", spent, "s", most=0.5)
    began = time.perf_counter()
    ecr.start_lifecycle_policy_preview(repositoryName="many", lifecyclePolicyText=text)
    report.figure("the same through StartLifecyclePolicyPreview", [time.perf_counter() - began], "s", most=0.5)


def _rule(priority: int, status: str, **selection: Any) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": {"tagStatus": status, **selection}, "action": {"type": "expire"}}


def _task(report: Report, cloud: RunningCloud, rounds: int) -> None:
    report.section("RunTask of an image of 10 MB in ECR, not yet unpacked")
    place, registry = Place(cloud), Registry(cloud)
    cloud.client("ecr").create_repository(repositoryName="task")
    spent = []
    for number in range(rounds):
        image = _image(number)
        registry.push("task", image, f"v{number}")
        definition = place.definition(f"{registry.host}/task:v{number}")
        began = time.perf_counter()
        task = place.run(definition)["taskArn"]
        until(lambda task=task: place.task(task)["lastStatus"] == "RUNNING", 20, 0.005)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        place.ecs.stop_task(cluster=place.name, task=task)
    report.figure("RunTask to RUNNING", spent, "s", most=0.5)


def _image(number: int) -> Picture:
    program = b"import time\nwhile True: time.sleep(1)\n"
    files = {"app/main.py": program, "app/data": os.urandom(MEDIUM), "app/number": str(number).encode()}
    return picture(layer(files), cmd=["python", "/app/main.py"])
