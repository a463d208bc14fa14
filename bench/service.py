"""A service's first answer, a killed task's replacement, and deployments under load."""

import http.client
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.report import Report
from tests.stage import Place, RunningCloud
from tests.waiting import until

LOAD_THREADS = 4
LEAST_REQUESTS = 5000
FAILING = ["python", "-c", "raise SystemExit(1)"]


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            place = Place(cloud)
            _first_answer(report, place, rounds)
            _replacement(report, place, rounds)
            _rolling_update(report, place)
            _bad_deployments(report, place)
        finally:
            cloud.command("down")
    report.note("moto's server starts no task and MiniStack none without Docker: nothing to compare with here")


def _first_answer(report: Report, place: Place, rounds: int) -> None:
    report.section("A service")
    spent = []
    for _ in range(rounds):
        name, group = place.balancer()
        definition = place.definition("nginxdemos/hello")
        url = place.cloud.url(name)
        began = time.perf_counter()
        service = place.serve(definition, 1, group)
        until(lambda url=url: _ask(url) == 200, 20, 0.002)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        place.ecs.delete_service(cluster=place.name, service=service, force=True)
        place.wait("services_inactive", services=[service])
    report.figure("create_service to the first 200 through the ALB", spent, "s", most=0.5)


def _replacement(report: Report, place: Place, rounds: int) -> None:
    name, group = place.balancer()
    service = place.serve(place.definition(), 1, group)
    place.until_steady(service)
    url = place.cloud.url(name)
    spent = []
    for _ in range(rounds):
        until(lambda: _healthy(place, group), 20)  # a task that dies before it was ever healthy is a failed launch
        pid = place.process_of(place.tasks(service)[0])
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: not psutil.pid_exists(pid) or _ended(pid), 5, 0.001)  # type: ignore[misc]
        until(lambda: _ask(url) == 200, 20, 0.002)
        spent.append(time.perf_counter() - began)
        place.until_steady(service)
    report.figure("SIGKILL of a task's process to its replacement serving", spent, "s", most=0.5)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def _rolling_update(report: Report, place: Place) -> None:
    name, group = place.balancer()
    service = place.serve(place.definition("containers-on-aws/web:1"), 2, group)
    place.until_steady(service)
    with load(place.cloud.url(name)) as counts:
        for image in ("containers-on-aws/web:2", "containers-on-aws/web:1"):
            until(lambda: sum(counts.values()) > LEAST_REQUESTS / 2, 60)
            place.ecs.update_service(cluster=place.name, service=service, taskDefinition=place.definition(image))
            place.until_steady(service, 60)
        until(lambda: sum(counts.values()) > LEAST_REQUESTS, 60)
    _failed(report, "rolling updates under load", counts)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def _bad_deployments(report: Report, place: Place) -> None:
    name, group = place.balancer()
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    service = place.serve(place.definition(), 2, group, deploymentConfiguration=breaker)
    place.until_steady(service)
    with load(place.cloud.url(name)) as counts:
        for times in (1, 2):
            place.ecs.update_service(
                cluster=place.name, service=service, taskDefinition=place.definition(command=FAILING)
            )
            until(lambda times=times: _rollbacks(place, service) == times, 60)  # type: ignore[misc]
        place.until_steady(service, 60)
        until(lambda: sum(counts.values()) > LEAST_REQUESTS, 60)
    _failed(report, "a bad deployment, and another during its rollback", counts)
    place.ecs.delete_service(cluster=place.name, service=service, force=True)


def _healthy(place: Place, group: str) -> bool:
    found = place.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [each["TargetHealth"]["State"] for each in found if each["TargetHealth"]["State"] != "draining"] == [
        "healthy"
    ]


def _rollbacks(place: Place, service: str) -> int:
    return sum("rolling back to" in event["message"] for event in place.service(service)["events"])


def _failed(report: Report, name: str, counts: Counter[Any]) -> None:
    total = sum(counts.values())
    report.figure(f"{name}: failed of {total} requests", [total - counts[200]], "", most=0)
    if total != counts[200]:
        report.note(f"answers: {dict(counts)}")


@contextmanager
def load(url: str, rps: float = 0.0) -> Iterator[Counter[Any]]:
    """Ask on keep-alive connections, without pause or so many times in a second, and count the answers."""
    counts: Counter[Any] = Counter()
    done = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        while not done.wait(LOAD_THREADS / rps if rps else 0.0):
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                counts[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                counts[repr(error)] += 1
                connection.close()
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(LOAD_THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _ask(url: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
