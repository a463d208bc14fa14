"""ECS from end to end on each runtime that isolates; the default one is what all other tests use."""

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_cloud.runtime.engine import connect
from tests.lab_cloud.ecr.registry import login
from tests.lab_cloud.runtime.kinds import KINDS, need
from tests.stage import Place, RunningCloud, task_role
from tests.waiting import until


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "process"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    need(request.param)
    cloud = RunningCloud(
        tmp_path_factory.mktemp(request.param) / "lab", LAB_RUNTIME=request.param, LAB_DOCKER_PULL="off"
    )
    cloud.command("up")
    assert cloud.state["runtime"] == request.param
    yield Place(cloud)
    cloud.command("down")


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read(), "utf-8")


def test_a_service_behind_a_load_balancer(isolated: Place) -> None:
    name, group = isolated.balancer()
    service = isolated.serve(isolated.definition(), 2, group)
    isolated.until_steady(service, 60)
    url = isolated.cloud.url(name)
    tasks = {arn.rsplit("/", 1)[-1] for arn in isolated.tasks(service)}
    pages = until(lambda: [page(url) for _ in range(8)], 20)
    # each names its task, which it has asked the metadata endpoint for
    assert {task for task in tasks for text in pages if task in text} == tasks
    for arn in isolated.tasks(service):
        isolated.ecs.stop_task(cluster=isolated.name, task=arn)
    until(lambda: not tasks & {arn.rsplit("/", 1)[-1] for arn in isolated.tasks(service)}, 60)
    isolated.until_steady(service, 60)
    until(lambda: page(url), 20)
    isolated.ecs.delete_service(cluster=isolated.name, service=service, force=True)


def test_a_task_that_ends_tells_its_exit_code_and_its_output(isolated: Place) -> None:
    options = {
        "awslogs-group": "/ecs/run",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "run",
        "awslogs-create-group": "true",
    }
    code = "import os; print('from inside', os.getpid()); raise SystemExit(7)"
    definition = isolated.program(code, logConfiguration={"logDriver": "awslogs", "options": options})
    task = isolated.until_task(isolated.run(definition)["taskArn"], "STOPPED", 40)
    assert task["containers"][0]["exitCode"] == 7
    logs = isolated.cloud.client("logs")
    found = until(lambda: logs.filter_log_events(logGroupName="/ecs/run")["events"])
    assert [event["message"] for event in found] == ["from inside 1"]


def test_a_health_check_runs_inside(isolated: Place) -> None:
    code = "import time; open('/tmp/well', 'w').close(); time.sleep(600)"
    check = {"command": ["CMD-SHELL", "test -e /tmp/well"], "interval": 5, "timeout": 20, "retries": 2}
    arn = isolated.run(isolated.program(code, healthCheck=check))["taskArn"]
    until(lambda: isolated.task(arn)["healthStatus"] == "HEALTHY", 40)
    isolated.ecs.stop_task(cluster=isolated.name, task=arn)


def test_too_much_memory(isolated: Place) -> None:
    code = "import time; hold = b'x' * 200_000_000; time.sleep(600)"
    task = isolated.until_task(isolated.run(isolated.program(code, memory=64))["taskArn"], "STOPPED", 40)
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"].startswith("OutOfMemoryError")


WAY_BACK = """
import os, urllib.error, urllib.request
def ask(path, data=None, **headers):
    url = os.environ["AWS_ENDPOINT_URL"] + path
    try:
        return urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
own = os.environ["ECS_CONTAINER_METADATA_URI_V4"]
commands = ask("/_lab/status", b"{}", **{"x-lab-key": KEY})
print(urllib.request.urlopen(own + "/task", timeout=10).status, ask("/"), commands)
print(ask("/", Host="evil.example"), ask("/", Origin="http://evil.example"))
"""


def test_a_container_reaches_the_cloud_and_only_what_is_for_it(isolated: Place) -> None:
    key = isolated.cloud.state["secret_key"]
    environment = [{"name": "AWS_ENDPOINT_URL", "value": isolated.cloud.endpoint}]
    options = {"awslogs-group": "/ecs/back", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "back"}
    logging = {"logDriver": "awslogs", "options": {**options, "awslogs-create-group": "true"}}
    definition = isolated.program(f"KEY = {key!r}{WAY_BACK}", logConfiguration=logging, environment=environment)
    task = isolated.until_task(isolated.run(definition)["taskArn"], "STOPPED", 40)
    assert task["containers"][0]["exitCode"] == 0
    logs = isolated.cloud.client("logs")
    found = until(lambda: logs.filter_log_events(logGroupName="/ecs/back")["events"])
    # A sandbox has this machine's loopback, so there the cloud's commands are to be had by its key.
    commands = {"docker": 404, "sandbox": 200}[isolated.cloud.state["runtime"]]
    assert [event["message"] for event in found] == [f"200 403 {commands}", "403 403"]


CREDENTIALS = """
import os, urllib.request
url, token = (os.environ.get("AWS_CONTAINER_" + name) for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
given = sorted(name for name in os.environ if name.startswith("AWS_") and ("KEY" in name or "TOKEN" in name))
asked = urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": token})).read().decode()
print(url.rpartition(":")[0], *given)
print(asked)
"""


def test_a_task_gets_the_credentials_of_its_role(isolated: Place) -> None:
    role = task_role(isolated.cloud, isolated.cloud.name("role"))
    options = {"awslogs-group": "/ecs/role", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "role"}
    logging = {"logDriver": "awslogs", "options": {**options, "awslogs-create-group": "true"}}
    definition = isolated.program(CREDENTIALS, logConfiguration=logging)
    task = isolated.run(definition, overrides={"taskRoleArn": role})
    assert isolated.until_task(task["taskArn"], "STOPPED", 40)["containers"][0]["exitCode"] == 0
    logs = isolated.cloud.client("logs")
    found = until(lambda: logs.filter_log_events(logGroupName="/ecs/role")["events"])
    # SDKs ask loopback and this address only for credentials, and a container of an engine has a loopback of its own
    host = {"docker": "169.254.170.2", "sandbox": "127.0.0.1"}[isolated.cloud.state["runtime"]]
    given, asked = (event["message"] for event in found)
    assert given == f"http://{host} AWS_CONTAINER_AUTHORIZATION_TOKEN"
    session = json.loads(asked)
    assert session["RoleArn"] == role
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=isolated.cloud.endpoint,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["Token"],
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):  # they have ended with the task
        sts.get_caller_identity()
    if host != "127.0.0.1":  # this machine itself is no container
        port = isolated.cloud.endpoint.rpartition(":")[2]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            page(f"http://{host}:{port}/.credentials/x")


def test_what_docker_pushes_to_ecr_is_what_runs(isolated: Place) -> None:
    need("docker")
    ecr, name = isolated.cloud.client("ecr"), isolated.cloud.name("pushed")
    uri = ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"]
    with contextlib.closing(connect()) as api:
        api.tag(api.images("python")[0]["Id"], uri, "v1")
        try:
            password = login(ecr)
            said = list(
                api.push(uri, "v1", stream=True, decode=True, auth_config={"username": "AWS", "password": password})
            )
        finally:
            api.remove_image(f"{uri}:v1", noprune=True)
    assert [line["error"] for line in said if "error" in line] == []
    pushed = ecr.describe_images(repositoryName=name)["imageDetails"][0]
    assert pushed["imageTags"] == ["v1"]
    code = "import sys; print(sys.version); raise SystemExit(9)"
    definition = isolated.definition(f"{uri}:v1", command=["python", "-S", "-c", code])
    task = isolated.until_task(isolated.run(definition)["taskArn"], "STOPPED", 60)
    assert task["containers"][0].get("exitCode") == 9, task
    assert task["containers"][0]["imageDigest"] == pushed["imageDigest"]
