"""From nothing to the first answered calls, memory, and the cost of a call; beside moto's server and MiniStack."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil

from bench.peers import Peer, available, peer
from bench.report import Report
from tests.stage import Place, RunningCloud
from tests.waiting import until

CALLS = 200


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section("Start, memory, calls")
    first, ec2, memory, calls = [], [], [], []
    session = boto3.Session(region_name="us-east-1")
    for service in ("sts", "ecs", "ec2"):  # the client's own reading of models is not the cloud's time
        session.client(service, aws_access_key_id="A", aws_secret_access_key="b")  # noqa: S106
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            cloud = RunningCloud(Path(folder) / "lab")
            began = time.perf_counter()
            cloud.command("up")
            keys = {"aws_access_key_id": cloud.state["access_key"], "aws_secret_access_key": cloud.state["secret_key"]}
            sts, ecs, ec2_client = (
                session.client(name, endpoint_url=cloud.endpoint, **keys) for name in ("sts", "ecs", "ec2")
            )
            sts.get_caller_identity()
            ecs.list_clusters()
            first.append(time.perf_counter() - began)
            ec2_client.describe_vpcs()
            ec2.append(time.perf_counter() - began)
            calls.append(per_call(cloud.client("ecs").list_clusters))
            walk(cloud)
            memory.append(psutil.Process(cloud.state["pid"]).memory_info().rss / 1e6)
            cloud.command("down")
    ours = report.figure("up to the first STS and ECS answers", first, "s", most=1.0)
    ours_ec2 = report.figure("up to the first EC2 answer", ec2, "s", most=2.5)
    ours_memory = report.figure("resident memory after lab 03's walk", memory, "MB", most=150)
    ours_calls = report.figure("one API call (ListClusters), p50", calls, "ms", most=5)
    for name in ("moto", "ministack"):
        if not available(name):
            report.note(f"{name}: not installed")
            continue
        theirs = [beside(name) for _ in range(min(rounds, 10))]
        medians = [statistics.median(column) for column in zip(*theirs, strict=True)]
        for label, mine, other in zip(
            ("first STS and ECS answers", "first EC2 answer", "memory after those calls", "one API call"),
            (ours, ours_ec2, ours_memory, ours_calls), medians, strict=True,
        ):  # fmt: skip
            report.ratio(f"{name} / ours: {label} ({other:.3g})", mine, other)


def beside(name: str) -> tuple[float, float, float, float]:
    """The same of a peer: seconds, seconds, MB, ms."""
    with peer(name) as other:
        until(lambda: answered(other), 60, 0.005)
        first = time.perf_counter() - other.began
        other.client("ec2").describe_vpcs()
        second = time.perf_counter() - other.began
        call = per_call(other.client("ecs").list_clusters)
        return first, second, other.memory_mb(), call


def answered(other: Peer) -> bool:
    """Whether a peer answers STS and ECS."""
    other.client("sts").get_caller_identity()
    other.client("ecs").list_clusters()
    return True


def per_call(call: Callable[[], Any]) -> float:
    """The median of one call in milliseconds."""
    spent = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000


def walk(cloud: RunningCloud) -> None:
    """What lab 03 does, as far as memory cares."""
    place = Place(cloud)
    name, group = place.balancer()
    service = place.serve(place.definition(), 1, group)
    place.until_steady(service)
    place.ecs.update_service(cluster=place.name, service=service, desiredCount=3)
    place.until_steady(service)
    place.ecs.update_service(
        cluster=place.name, service=service, taskDefinition=place.definition("containers-on-aws/web:2")
    )
    place.until_steady(service)
    cloud.client("iam").list_roles()
    cloud.client("logs").describe_log_groups()
    cloud.url(name)
