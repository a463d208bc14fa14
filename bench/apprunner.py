"""App Runner: a service's first answer, scaling under load, and deployments without a failed request."""

import http.client
import os
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.report import Report
from bench.service import load
from tests.lab_cloud.apprunner.stage import NGINX, PYTHON, Runner, source
from tests.stage import RunningCloud
from tests.waiting import until

AT_ONCE = 150
LEAST_REQUESTS = 5000
AWS_MINUTES = 2.0
SLOW = (
    "import http.server as h,os,time;"
    "H=type('H',(h.BaseHTTPRequestHandler,),{'do_GET':lambda s:(time.sleep(0.5),s.send_response(200),"
    "s.send_header('Content-Length',str(len(B))),s.end_headers(),s.wfile.write(B)),'log_message':lambda *a:None});"
    "B=str(os.getpid()).encode();"
    "S=type('S',(h.ThreadingHTTPServer,),{'request_queue_size':256});"
    "S(('127.0.0.1',int(os.environ.get('PORT','8080'))),H).serve_forever()"
)


def run(report: Report, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = RunningCloud(Path(folder) / "lab")
        cloud.command("up")
        try:
            runner = Runner(cloud)
            report.section("App Runner")
            _first_answer(report, runner, rounds)
            _scaling(report, runner)
            _deployments(report, runner)
        finally:
            cloud.command("down")
    report.note("no other emulator has App Runner: nothing to compare with here")


def _first_answer(report: Report, runner: Runner, rounds: int) -> None:
    """The very first service may have to wait until the cloud has loaded what `up` does not wait for."""
    spent = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        arn = runner.create()
        connection = _connection(runner, arn)
        until(lambda connection=connection: _status(connection) == 200, 20, 0.002)  # type: ignore[misc]
        spent.append(time.perf_counter() - began)
        connection.close()
        assert runner.settled(arn) == "RUNNING"
        runner.delete(arn)
    report.figure("the first create_service after `up` to a 200", spent[:1], "s")
    report.figure("create_service to the first 200 on its URL", spent[1:], "s", most=2)


def _scaling(report: Report, runner: Runner) -> None:
    made = runner.client.create_auto_scaling_configuration(
        AutoScalingConfigurationName="bench", MaxConcurrency=50, MinSize=1, MaxSize=10
    )
    arn = runner.running(
        SourceConfiguration=source(PYTHON, "8080", f'python -c "{SLOW}"'),
        AutoScalingConfigurationArn=made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"],
    )
    port = urlsplit(runner.cloud.url(arn)).port
    counts: Counter[Any] = Counter()
    served: set[bytes] = set()
    done = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while not done.is_set():
            try:
                status, body = _answer(connection)
                counts[status] += 1
                served.add(body)
            except (OSError, http.client.HTTPException) as error:
                counts[repr(error)] += 1
                connection.close()
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(served) >= 3, 60, 0.01)
        spent = time.perf_counter() - began
        until(lambda: sum(counts.values()) > LEAST_REQUESTS / 5, 60)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    minutes = spent * float(os.environ.get("LAB_SPEED", "60")) / 60
    report.figure(f"{AT_ONCE} requests at once: from 1 to 3 instances", [minutes], "min", most=AWS_MINUTES)
    _failed(report, "scaling", counts)
    runner.delete(arn)


def _deployments(report: Report, runner: Runner) -> None:
    arn = runner.running()
    with load(runner.cloud.url(arn)) as counts:
        for number in range(2):
            until(lambda number=number: sum(counts.values()) > LEAST_REQUESTS * (number + 1) / 3, 60)  # type: ignore[misc]
            runner.client.start_deployment(ServiceArn=arn)
            assert runner.settled(arn, 60) == "RUNNING"
        bad = source(NGINX, "80", 'python -c "raise SystemExit(1)"')
        runner.client.update_service(ServiceArn=arn, SourceConfiguration=bad)
        assert runner.settled(arn, 60) == "RUNNING"
        until(lambda: sum(counts.values()) > LEAST_REQUESTS, 60)
    assert [status for _kind, status in runner.operations(arn)[:3]] == ["ROLLBACK_SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]
    _failed(report, "two deployments and a rollback", counts)
    runner.delete(arn)


def _connection(runner: Runner, arn: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(runner.cloud.url(arn)).port, timeout=5)


def _status(connection: http.client.HTTPConnection) -> int:
    return _answer(connection)[0]


def _answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.status, answer.read()


def _failed(report: Report, name: str, counts: Counter[Any]) -> None:
    total = sum(counts.values())
    report.figure(f"{name}: failed of {total} requests", [total - counts[200]], "", most=0)
    if total != counts[200]:
        report.note(f"answers: {dict(counts)}")
