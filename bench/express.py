"""ECS Express Mode: a service's first answer, and a bad canary that is rolled back."""

import http.client
import math
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import Report
from bench.service import load
from tests.lab_cloud.ecs.express.stage import Gateways, program
from tests.stage import RunningCloud
from tests.waiting import until

PERCENT = 5.0
"""What a canary gets."""
FEW = (20, 50)
"""Requests in a second, as in lab 11: a canary must be seen through by this few."""


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            gateways = Gateways(cloud)
            report.section("ECS Express Mode")
            _first_answer(report, gateways, rounds)
            _bad_canary(report, gateways)
            for rps in FEW:
                _few_visitors(report, gateways, rps, rounds)
        finally:
            cloud.command("down")
    report.note("no other emulator has Express Mode with traffic: nothing to compare with here")


def _first_answer(report: Report, gateways: Gateways, rounds: int) -> None:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        made = gateways.ecs.create_express_gateway_service(**gateways.params())["service"]
        port = urlsplit(gateways.url(made["serviceArn"])).port  # by a program of its own, whose start counts too
        until(lambda port=port: _status(port) == 200, 20, 0.002)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        gateways.ecs.delete_express_gateway_service(serviceArn=made["serviceArn"])
    report.figure("create_express_gateway_service to the first 200 on its URL", spent, "s", most=2)


def _bad_canary(report: Report, gateways: Gateways) -> None:
    with gateways.made(program("good"), healthCheckPath="/health") as arn:
        gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("good, again"))
        with load(gateways.url(arn)) as counts:
            gateways.until_deployment(arn, "SUCCESSFUL", 60)
        _failed(report, "a good canary", counts, 0)
        gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("bad", 500))
        until(lambda: gateways.deployment(arn)["targetServiceRevision"]["requestedProductionTrafficWeight"], 20, 0.002)
        with load(gateways.url(arn)) as counts:
            found = gateways.until_deployment(arn, "ROLLBACK_SUCCESSFUL", 60)
        _failed(report, "a bad canary that is rolled back", counts, counts[500])
        assert found["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT", "it never got more than its share"
    total = sum(counts.values())
    report.figure("the bad version's share of the requests", [100 * counts[500] / total], "%", most=PERCENT)


def _few_visitors(report: Report, gateways: Gateways, rps: float, rounds: int) -> None:
    """One bad canary after another; among few requests one is a larger share than among many."""
    beyond, shares, others = [], [], []
    with gateways.made(program("good"), healthCheckPath="/health") as arn:
        url, name = gateways.url(arn), arn.rpartition("/")[2]
        alarm = f"default/{name}/RollbackAlarm"
        for number in range(rounds):
            with load(url, rps) as counts:
                until(lambda alarm=alarm: gateways.alarm(alarm) == "OK", 60)  # type: ignore[misc]
                counts.clear()
                bad = program(f"bad {number}", 500)
                gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=bad)
                found = gateways.until_deployment(arn, "ROLLBACK_SUCCESSFUL", 90)
            total = sum(counts.values())
            beyond.append(max(counts[500] - math.ceil(total * PERCENT / 100), 0))
            others.append(total - counts[200] - counts[500])
            shares.append(100 * counts[500] / total)
            if found["lifecycleStage"] != "PRODUCTION_TRAFFIC_SHIFT":
                beyond[-1] = max(beyond[-1], 1)
                report.note(f"round {number}: it got all the traffic: {dict(counts)}")
    title = f"{rps} requests in a second, {rounds} bad canaries"
    report.figure(f"{title}: the bad version's largest share", [max(shares)], "%")
    report.figure(f"{title}: its answers beyond {PERCENT:g} %", [sum(beyond)], "", most=0)
    report.figure(f"{title}: other failed requests", [sum(others)], "", most=0)


def _status(port: int | None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def _failed(report: Report, name: str, counts: "Counter[object]", known: int) -> None:
    total = sum(counts.values())
    report.figure(f"{name}: failed of {total} requests", [total - counts[200] - known], "", most=0)
    if total != counts[200] + known:
        report.note(f"answers: {dict(counts)}")
