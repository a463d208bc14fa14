"""EKS: how soon a cluster answers, how soon pods are ready, and what lists, watches and memory cost."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.report import Report
from tests.lab_cloud.eks.place import EksPlace
from tests.stage import RunningCloud
from tests.waiting import until

PODS = 500
IMAGE = "nginxdemos/hello"
MOST_SECONDS = {60: 12.0, 600: 2.0}


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("EKS")
    import_module("kubernetes.client")  # slow, and no part of what is measured
    for speed, most in MOST_SECONDS.items():
        with _place(speed) as place:
            place.cloud.client("ec2").describe_subnets()  # moto is loaded: what is measured is the cluster
            before = _memory(place)
            spent = []
            for _ in range(min(rounds, 3)):
                began = time.perf_counter()
                name = place.make()
                until(lambda name=name: place.describe(name)["status"] == "ACTIVE", 60, 0.02)  # type: ignore[misc]
                place.core(name).list_namespace()
                spent.append(time.perf_counter() - began)
            report.figure(f"create_cluster to an answer of its API server, speed {speed}", spent, "s", most=most)
            if speed == max(MOST_SECONDS):
                _pods(report, place, name, rounds, before)


def _memory(place: EksPlace) -> float:
    import psutil

    return psutil.Process(place.cloud.state["pid"]).memory_info().rss / 1e6


@contextmanager
def _place(speed: int) -> Iterator[EksPlace]:
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab", LAB_SPEED=str(speed))
        cloud.command("up")
        try:
            yield EksPlace(cloud)
        finally:
            cloud.command("down")


def _pods(report: Report, place: EksPlace, cluster: str, rounds: int, before: float) -> None:
    from kubernetes import client

    sizes = {"minSize": 0, "maxSize": 2, "desiredSize": 2}
    place.api.create_nodegroup(
        clusterName=cluster, nodegroupName="bench", subnets=place.subnets, nodeRole=place.node_role(),
        scalingConfig=sizes,
    )  # fmt: skip
    core = place.core(cluster)
    apps = client.AppsV1Api(core.api_client)
    until(lambda: len(core.list_node().items) == 2, 60)
    spent = []
    for number in range(min(rounds, 5)):
        name = f"web-{number}"
        began = time.perf_counter()
        apps.create_namespaced_deployment("default", _deployment(name, 3))
        until(lambda name=name: apps.read_namespaced_deployment(name, "default").status.ready_replicas == 3, 60, 0.01)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        apps.delete_namespaced_deployment(name, "default")
        until(lambda: core.list_namespaced_pod("default").items == [], 60)
    report.figure("a Deployment of 3 replicas to 3 pods Ready", spent, "s", most=2)
    report.figure("memory for clusters, 2 nodes, node group and pods", [_memory(place) - before], "MB", most=60)
    _list(report, core, rounds)
    report.figure(f"the same with {PODS} pods in the API", [_memory(place) - before], "MB")
    _watch(report, core, rounds)


def _list(report: Report, core: Any, rounds: int) -> None:
    core.create_namespace({"metadata": {"name": "many"}})
    for number in range(PODS):
        # for a node that is not there: what is measured is the API server
        spec = {"nodeName": "none", "containers": [{"name": "web", "image": IMAGE}]}
        core.create_namespaced_pod("many", {"metadata": {"name": f"pod-{number}"}, "spec": spec})
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = core.list_namespaced_pod("many", _preload_content=False)
        size = len(answer.data)
        spent.append((time.perf_counter() - began) * 1000)
    report.figure(f"a list of {PODS} pods ({size / 1e6:.1f} MB of JSON)", spent, "ms", most=100)


def _watch(report: Report, core: Any, rounds: int) -> None:
    from kubernetes import watch

    seen: dict[str, float] = {}
    began: dict[str, float] = {}
    version = core.list_namespaced_config_map("many").metadata.resource_version

    def look() -> None:
        stream = watch.Watch().stream(
            core.list_namespaced_config_map, "many", resource_version=version, timeout_seconds=30
        )
        for event in stream:
            seen[event["object"].metadata.name] = time.perf_counter()
            if len(seen) == rounds:
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    time.sleep(0.5)  # until it listens
    for number in range(rounds):
        name = f"config-{number}"
        core.create_namespaced_config_map("many", {"metadata": {"name": name}})
        began[name] = time.perf_counter()
        until(lambda name=name: name in seen, 10, 0.001)  # type: ignore[misc]
    thread.join(30)
    spent = [max(seen[name] - moment, 0) * 1000 for name, moment in began.items()]
    report.figure("an event of a watch after the answer to the write", spent, "ms", most=50)


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": IMAGE, "ports": [{"containerPort": 80}]}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }
