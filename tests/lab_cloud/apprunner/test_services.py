"""Services through boto3 and real HTTP: created, updated, rolled back, paused, scaled, deleted."""

import json
import os
import shlex
import signal
import threading
import time
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.lab_cloud.apprunner.stage import NGINX, PYTHON, Runner, source
from tests.lab_cloud.ecr.registry import Registry, layer, picture
from tests.waiting import until

PULLS = "arn:aws:iam::aws:policy/service-role/AWSAppRunnerServicePolicyForECRAccess"
SERVER = """
import http.server, json, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(self.path[7:]) if self.path.startswith('/sleep/') else 0)
        body = json.dumps({'text': os.environ.get('TEXT', ''), 'pid': os.getpid(), **dict(self.headers)}).encode()
        self.send_response(500 if self.path == '/bad' else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
print('application starts', flush=True)
time.sleep(float(os.environ.get('LATE', '0')))
Server(('127.0.0.1', int(os.environ.get('PORT', '8080'))), Handler).serve_forever()
"""


def start() -> str:
    """A start command, in one line, that serves."""
    return shlex.join(["python", "-c", f"exec({json.dumps(SERVER)})"])


def web(**variables: str) -> dict[str, Any]:
    return source(PYTHON, "8080", start(), RuntimeEnvironmentVariables=variables)


@pytest.fixture
def served(runner: Runner) -> Any:
    arns: list[str] = []

    def make(**more: Any) -> str:
        variables = more.pop("variables", {"TEXT": "one"})
        arn = runner.running(**{"SourceConfiguration": web(**variables), **more})
        arns.append(arn)
        return arn

    yield make
    for arn in arns:
        if runner.settled(arn) != "DELETED":
            runner.delete(arn)


def test_from_ecr_public_to_an_answer_and_to_its_end(runner: Runner) -> None:
    arn = runner.create(InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "2 GB"})
    service = runner.service(arn)
    assert service["Status"] == "OPERATION_IN_PROGRESS"
    assert service["ServiceUrl"].endswith(".us-east-1.awsapprunner.com")
    assert service["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}
    assert service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationName"] == "DefaultConfiguration"
    assert runner.settled(arn) == "RUNNING"
    assert runner.get(arn)[0] == 200
    assert runner.operations(arn) == [("CREATE_SERVICE", "SUCCEEDED")]
    assert runner.said(arn, "Service status is set to RUNNING")
    assert arn in [one["ServiceArn"] for one in runner.paged("list_services", "ServiceSummaryList", MaxResults=1)]
    url = runner.cloud.url(service["ServiceUrl"])
    assert url == runner.cloud.url(service["ServiceName"]) == runner.cloud.url(f"https://{service['ServiceUrl']}")
    runner.delete(arn)
    gone = runner.service(arn)
    assert "DeletedAt" in gone
    runner.cloud.command("url", service["ServiceName"], code=1)
    with pytest.raises(ClientError, match=r"InvalidStateException"):
        runner.client.delete_service(ServiceArn=arn)


def test_what_an_instance_sees_and_says(runner: Runner, served: Any) -> None:
    arn = served()
    status, body = runner.get(arn)
    seen = json.loads(body)
    assert status == 200
    assert seen["text"] == "one"
    assert seen["Host"] == runner.service(arn)["ServiceUrl"]
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["X-Amzn-Trace-Id"].startswith("Root=")
    service = runner.service(arn)
    group = f"/aws/apprunner/{service['ServiceName']}/{service['ServiceId']}/application"
    logs = runner.cloud.client("logs")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert len(streams) == 1
    stream = streams[0]["logStreamName"]
    assert stream.startswith("instance/")
    assert until(lambda: runner.log(arn, "application", stream)) == ["application starts"]


def test_an_update_is_deployed_and_a_bad_one_rolled_back(runner: Runner, served: Any) -> None:
    arn = served()
    answer = runner.client.update_service(ServiceArn=arn, SourceConfiguration=web(TEXT="two", LATE="2"))
    assert answer["Service"]["Status"] == "OPERATION_IN_PROGRESS"
    for refused in ("update_service", "pause_service", "delete_service"):
        with pytest.raises(ClientError, match=r"InvalidStateException.*OPERATION_IN_PROGRESS"):
            getattr(runner.client, refused)(ServiceArn=arn)
    with pytest.raises(ClientError, match=r"InvalidRequestException.*OPERATION_IN_PROGRESS"):
        runner.client.start_deployment(ServiceArn=arn)
    assert runner.settled(arn) == "RUNNING"
    assert json.loads(runner.get(arn)[1])["text"] == "two"
    bad = source(PYTHON, "8080", 'python -c "raise SystemExit(3)"')
    runner.client.update_service(ServiceArn=arn, SourceConfiguration=bad)
    assert runner.settled(arn) == "RUNNING"
    assert runner.operations(arn) == [
        ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED"),
        ("UPDATE_SERVICE", "SUCCEEDED"),
        ("CREATE_SERVICE", "SUCCEEDED"),
    ]
    assert json.loads(runner.get(arn)[1])["text"] == "two"
    kept = runner.service(arn)["SourceConfiguration"]["ImageRepository"]["ImageConfiguration"]
    assert kept["RuntimeEnvironmentVariables"] == {"TEXT": "two", "LATE": "2"}
    assert runner.said(arn, "Container exit code: 3.")
    assert runner.said(arn, "Successfully rolled back")
    assert runner.client.start_deployment(ServiceArn=arn)["OperationId"]
    assert runner.settled(arn) == "RUNNING"
    assert runner.operations(arn)[0] == ("START_DEPLOYMENT", "SUCCEEDED")


def test_a_paused_service_has_no_instances(runner: Runner, served: Any) -> None:
    arn = served()
    pid = json.loads(runner.get(arn)[1])["pid"]
    runner.client.pause_service(ServiceArn=arn)
    assert runner.settled(arn) == "PAUSED"
    assert not psutil.pid_exists(pid)
    status, page = runner.get(arn)
    assert status == 404
    assert "it is paused" in page
    with pytest.raises(ClientError, match=r"InvalidStateException"):
        runner.client.update_service(ServiceArn=arn)
    runner.client.resume_service(ServiceArn=arn)
    assert runner.settled(arn) == "RUNNING"
    assert json.loads(runner.get(arn)[1])["text"] == "one"
    with pytest.raises(ClientError, match=r"InvalidStateException"):
        runner.client.resume_service(ServiceArn=arn)


def test_a_killed_instance_is_replaced(runner: Runner, served: Any) -> None:
    arn = served()
    first = json.loads(runner.get(arn)[1])["pid"]
    os.kill(first, signal.SIGKILL)
    second = until(lambda: _pid(runner, arn) not in (0, first) and _pid(runner, arn))
    assert second
    assert runner.said(arn, "An instance has ended and is replaced")
    assert runner.service(arn)["Status"] == "RUNNING"


def _pid(runner: Runner, arn: str) -> int:
    status, body = runner.get(arn)
    return int(json.loads(body)["pid"]) if status == 200 else 0


def test_scaling_and_its_limit(runner: Runner, served: Any) -> None:
    made = runner.client.create_auto_scaling_configuration(
        AutoScalingConfigurationName=runner.cloud.name("scaling"), MaxConcurrency=2, MinSize=1, MaxSize=3
    )["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
    arn = served(AutoScalingConfigurationArn=made)
    answers: list[tuple[int, str]] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answers.append(runner.get(arn, "/sleep/0.3"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        assert until(lambda: len({json.loads(body)["pid"] for status, body in answers if status == 200}) == 3, 30)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert {status for status, _body in answers} == {200}
    crowd = [threading.Thread(target=lambda: answers.append(runner.get(arn, "/sleep/2"))) for _ in range(9)]
    answers.clear()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert {status for status, _body in answers} == {200, 429}
    services = runner.client.list_services_for_auto_scaling_configuration(AutoScalingConfigurationArn=made)
    assert services["ServiceArnList"] == [arn]


def test_an_idle_instance_has_little_cpu_and_a_request_gets_it_all(runner: Runner, served: Any) -> None:
    busy = SERVER.replace("print(", "import threading\ndef burn():\n    while True: pass\n", 1)
    busy = busy.replace("'application starts', flush=True)", "threading.Thread(target=burn, daemon=True).start()")
    command = shlex.join(["python", "-c", f"exec({json.dumps(busy)})"])
    arn = served(SourceConfiguration=source(PYTHON, "8080", command))
    process = psutil.Process(json.loads(runner.get(arn)[1])["pid"])

    def used(seconds: float) -> float:
        before = process.cpu_times()
        began = time.monotonic()
        assert until(lambda: time.monotonic() - began > seconds)
        after = process.cpu_times()
        return (after.user + after.system - before.user - before.system) / (time.monotonic() - began)

    assert until(lambda: used(0.5) < 0.15, 20)
    status, _body = runner.get(arn)
    assert status == 200


def test_metrics(runner: Runner, served: Any) -> None:
    arn = served()
    runner.get(arn)
    runner.get(arn, "/bad")
    service = runner.service(arn)
    wanted = [{"Name": "ServiceName", "Value": service["ServiceName"]}]
    watch = runner.cloud.client("cloudwatch")
    expected = {
        *("2xxStatusResponses", "5xxStatusResponses", "ActiveInstances", "Concurrency", "CPUUtilization"),
        *("MemoryUtilization", "RequestLatency", "Requests"),
    }

    def named() -> set[str]:
        found = watch.list_metrics(Namespace="AWS/AppRunner", Dimensions=wanted)["Metrics"]
        return {one["MetricName"] for one in found}

    assert until(lambda: named() >= expected)


def access_role(runner: Runner) -> str:
    """A role that may pull from ECR, as the console makes it."""
    iam, name = runner.cloud.client("iam"), runner.cloud.name("access")
    trust = {"Effect": "Allow", "Principal": {"Service": "build.apprunner.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName=name, PolicyArn=PULLS)
    return str(made["Role"]["Arn"])


def test_private_images_need_their_role_and_follow_their_tag(runner: Runner) -> None:
    registry, name = Registry(runner.cloud), runner.cloud.name("repository")
    runner.cloud.client("ecr").create_repository(repositoryName=name)

    def image(text: str) -> Any:
        return picture(layer({"app/main.py": SERVER.encode()}), cmd=["python", "/app/main.py"], annotations={"t": text})

    registry.push(name, image("one"), "latest")
    given = source(f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:latest", "8080")
    given["AutoDeploymentsEnabled"] = True
    with pytest.raises(ClientError, match=r"InvalidRequestException.*Authentication configuration is invalid"):
        runner.create(SourceConfiguration=given)
    given["AuthenticationConfiguration"] = {"AccessRoleArn": access_role(runner)}
    arn = runner.running(SourceConfiguration=given)
    assert runner.get(arn)[0] == 200
    registry.push(name, image("two"), "other")
    registry.push(name, image("three"), "latest")
    assert until(lambda: runner.operations(arn)[0] == ("START_DEPLOYMENT", "SUCCEEDED"))
    assert len(runner.operations(arn)) == 2
    runner.delete(arn)


def test_a_health_check_over_http_asks_for_its_path(runner: Runner, served: Any) -> None:
    check = {"Protocol": "HTTP", "Path": "/", "Interval": 1, "UnhealthyThreshold": 2}
    arn = served(HealthCheckConfiguration=check)
    assert runner.service(arn)["HealthCheckConfiguration"] == {**check, "Timeout": 2, "HealthyThreshold": 1}
    failing = runner.create(SourceConfiguration=web(), HealthCheckConfiguration={**check, "Path": "/bad"})
    assert runner.settled(failing, 30) == "CREATE_FAILED"
    assert runner.said(failing, "Health check failed on port '8080' [Protocol: HTTP /bad]")
    runner.delete(failing)


def test_a_role_that_may_not_pull(runner: Runner) -> None:
    registry, name, ecr = Registry(runner.cloud), runner.cloud.name("repository"), runner.cloud.client("ecr")
    ecr.create_repository(repositoryName=name)
    registry.push(name, picture(layer({"x": b""})), "v1")
    role = access_role(runner)
    deny = {"Effect": "Deny", "Principal": {"AWS": role}, "Action": "ecr:BatchGetImage"}
    ecr.set_repository_policy(
        repositoryName=name, policyText=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    given = source(f"{registry.host}/{name}:v1", "8080")
    given["AuthenticationConfiguration"] = {"AccessRoleArn": role}
    arn = runner.create(SourceConfiguration=given)
    assert runner.settled(arn) == "CREATE_FAILED"
    assert runner.said(arn, "is not authorized to perform: ecr:BatchGetImage")
    runner.delete(arn)


@pytest.mark.parametrize(
    ("image", "port", "command", "words"),
    [
        ("public.ecr.aws/nobody/nothing:latest", "80", "", "Failed to pull your application image"),
        (NGINX, "80", 'python -c "raise SystemExit(9)"', "Container exit code: 9."),
        (PYTHON, "8080", 'python -c "import time; time.sleep(99)"', "Health check failed on port '8080'"),
    ],
)
def test_a_creation_that_fails(runner: Runner, image: str, port: str, command: str, words: str) -> None:
    arn = runner.create(image, port, command)
    assert runner.settled(arn, 30) == "CREATE_FAILED"
    assert runner.operations(arn) == [("CREATE_SERVICE", "FAILED")]
    assert runner.said(arn, words)
    assert runner.get(arn)[0] == 404
    with pytest.raises(ClientError, match=r"InvalidStateException"):
        runner.client.pause_service(ServiceArn=arn)
    runner.delete(arn)
