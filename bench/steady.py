"""What it costs to keep 200 tasks in 20 services as they are."""

import json
import tempfile
import time
from pathlib import Path

import psutil

from bench.report import Report
from tests.stage import Place, RunningCloud
from tests.waiting import until

SERVICES, TASKS = 20, 10
WATCH_SECONDS = 10.0


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    report.section(f"{SERVICES * TASKS} tasks in {SERVICES} services, steady, behind load balancers")
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            place = Place(cloud)
            definition = place.definition("nginxdemos/hello")
            began = time.perf_counter()
            names = []
            for _ in range(SERVICES):
                _, group = place.balancer(HealthCheckIntervalSeconds=30)
                names.append(place.serve(definition, TASKS, group))
            until(lambda: all(place.service(name)["runningCount"] == TASKS for name in names), 120, 0.2)
            report.figure("to start them all", [time.perf_counter() - began], "s")
            for name in names:
                place.until_steady(name, 60)
            daemon = psutil.Process(cloud.state["pid"])
            reconcilers, shares = [], []
            for _ in range(max(rounds // 3, 1)):
                before, reconciled = daemon.cpu_times(), _reconciler_seconds(cloud)
                since = time.perf_counter()
                time.sleep(WATCH_SECONDS)
                after, now_reconciled = daemon.cpu_times(), _reconciler_seconds(cloud)
                reconcilers.append(100 * (now_reconciled - reconciled) / (time.perf_counter() - since))
                used = after.user + after.system - before.user - before.system
                shares.append(100 * used / (time.perf_counter() - since))
            report.figure("the reconcilers' share of one core", reconcilers, "%", most=10)
            report.figure("with 400 health checks a second, limits and logs", shares, "%")
        finally:
            cloud.command("down")


def _reconciler_seconds(cloud: RunningCloud) -> float:
    return float(json.loads(cloud.command("status", "--json").stdout)["reconciler_seconds"])
