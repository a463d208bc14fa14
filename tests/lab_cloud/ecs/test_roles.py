"""Roles of tasks, through real boto3 inside real tasks."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fleet import Fleet
from tests.lab_cloud.iam.callers import User, allow, deny
from tests.stage import ONCE, Place, RunningCloud, task_role
from tests.waiting import until

INIT = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
NOT_ASSUMED = "ECS was unable to assume the role '{}' that was provided for this task."
GROUP = "/tests/roles"


@pytest.fixture(scope="module", autouse=True)
def group(cloud: RunningCloud) -> None:
    cloud.client("logs").create_log_group(logGroupName=GROUP)


@pytest.fixture(scope="module")
def bucket(cloud: RunningCloud) -> str:
    name = cloud.name("roles")
    cloud.client("s3").create_bucket(Bucket=name)
    return name


Define = Callable[..., str]


@pytest.fixture
def define(place: Place) -> Define:
    """Registers a task definition whose program is Python; its output goes to the log group."""

    def register(code: str, execution: str = "", task: str = "", **container: Any) -> str:
        logs = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t"}
        spec = {
            "name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", code],
            "logConfiguration": {"logDriver": "awslogs", "options": logs}, **container,
        }  # fmt: skip
        made = place.ecs.register_task_definition(
            family=place.cloud.name("roles"), networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
            cpu="256", memory="512", executionRoleArn=execution or place.execution_role,
            **({"taskRoleArn": task} if task else {}), containerDefinitions=[spec],
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    return register


def said(place: Place, task: dict[str, Any]) -> str:
    """What a task has written, when it has ended."""
    found = place.until_task(task["taskArn"], "STOPPED", 30)
    assert "exitCode" in found["containers"][0], found["stoppedReason"]
    stream = f"t/web/{task['taskArn'].rpartition('/')[2]}"
    logs = place.cloud.client("logs")

    def lines() -> str:
        events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        return "\n".join(event["message"] for event in events)

    return until(lines)


WHO = """
import boto3, json
s3, out = boto3.client("s3"), []
out.append(boto3.client("sts").get_caller_identity()["Arn"])
for key in ("in/a", "out/a"):
    try:
        s3.put_object(Bucket="%s", Key=key, Body=b"x")
        out.append("put")
    except Exception as error:
        out.append(str(error))
print(json.dumps(out))
"""


def test_a_task_may_what_its_role_may(cloud: RunningCloud, place: Place, bucket: str, define: Define) -> None:
    role = task_role(cloud, cloud.name("task"), allow("s3:PutObject", f"arn:aws:s3:::{bucket}/in/*"))
    task = place.run(define(WHO % bucket, task=role))
    who, first, second = json.loads(said(place, task))
    name, session = role.rpartition("/")[2], task["taskArn"].rpartition("/")[2]
    assert who == f"arn:aws:sts::123456789012:assumed-role/{name}/{session}"
    assert first == "put"
    assert second == (
        f"An error occurred (AccessDenied) when calling the PutObject operation: User: {who} is not authorized to "
        f"perform: s3:PutObject on resource: arn:aws:s3:::{bucket}/out/a because no identity-based policy allows the "
        "s3:PutObject action"
    )
    assert cloud.client("s3").head_object(Bucket=bucket, Key="in/a")["ContentLength"] == 1


def test_a_task_without_a_role_has_no_credentials(place: Place, define: Define) -> None:
    code = "import boto3\ntry:\n boto3.client('s3').list_buckets()\nexcept Exception as error:\n print(error)"
    assert "Unable to locate credentials" in said(place, place.run(define(code)))


@pytest.fixture
def endless(cloud: RunningCloud, place: Place, define: Define) -> Iterator[tuple[str, str]]:
    """A running task that has told its environment; its ARN and what it told."""
    role = task_role(cloud, cloud.name("task"), allow("ecs:List*"))
    code = "import json, os, time\nprint(json.dumps(dict(os.environ)), flush=True)\ntime.sleep(600)"
    task = place.run(define(code, task=role))["taskArn"]
    place.until_task(task, "RUNNING")
    stream = f"t/web/{task.rpartition('/')[2]}"
    read = cloud.client("logs").get_log_events
    events = until(lambda: read(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"])
    yield task, events[0]["message"]
    place.ecs.stop_task(cluster=place.name, task=task)


def test_credentials_are_one_tasks_and_die_with_it(cloud: RunningCloud, place: Place, endless: tuple[str, str]) -> None:
    import requests

    task, told = endless
    environment = json.loads(told)
    url, token = (environment[f"AWS_CONTAINER_{name}"] for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert url.startswith(f"{cloud.endpoint}/.credentials/")
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers={"Authorization": "guess"}, timeout=5).status_code == 401
    assert requests.get(url + "x", headers={"Authorization": token}, timeout=5).status_code == 404
    found = requests.get(url, headers={"Authorization": token}, timeout=5).json()
    assert set(found) == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    left = time.mktime(time.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert 5 * 3600 < left <= 6 * 3600 + 1
    session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], region_name="us-east-1")
    ecs = session.client("ecs", endpoint_url=cloud.endpoint, config=ONCE)
    assert ecs.list_clusters()["clusterArns"]
    place.ecs.stop_task(cluster=place.name, task=task)
    place.until_task(task, "STOPPED")
    assert requests.get(url, headers={"Authorization": token}, timeout=5).status_code == 404
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        ecs.list_clusters()


# -- trust and PassRole -----------------------------------------------------------------------------------------------


def test_roles_that_ecs_cannot_assume(cloud: RunningCloud, place: Place, define: Define) -> None:
    ghost = "arn:aws:iam::123456789012:role/ghost"
    other = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [other]})
    wrong = cloud.client("iam").create_role(RoleName=cloud.name("wrong"), AssumeRolePolicyDocument=text)["Role"]["Arn"]
    good = define("pass")
    for role in (ghost, wrong):
        for run in (
            lambda role=role: place.run(define("pass", task=role)),
            lambda role=role: place.run(define("pass", execution=role)),
            lambda role=role: place.run(good, overrides={"taskRoleArn": role}),
        ):
            with pytest.raises(ClientError) as caught:
                run()
            assert caught.value.response["Error"]["Code"] == "ClientException"
            assert caught.value.response["Error"]["Message"].startswith(NOT_ASSUMED.format(role))
    name = place.serve(define("pass", task=ghost))
    event = f"(service {name}) failed to launch a task with (error {NOT_ASSUMED.format(ghost)}"
    until(lambda: any(each["message"].startswith(event) for each in place.service(name)["events"]))
    assert place.tasks(name) == []
    place.ecs.delete_service(cluster=place.name, service=name, force=True)


def test_who_runs_a_task_must_be_allowed_to_pass_its_roles(cloud: RunningCloud, place: Place, define: Define) -> None:
    who, role = User(cloud), task_role(cloud, cloud.name("task"))
    made = define("pass", task=role)
    asked = {"cluster": place.name, "taskDefinition": made, "launchType": "FARGATE"}
    asked["networkConfiguration"] = place.network()  # type: ignore[assignment]
    only_here = {"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:us-east-1:123456789012:cluster/{place.name}"}}
    who.may(allow("ecs:RunTask", made, Condition=only_here))
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {role} because no identity-based policy"):
        who.client("ecs").run_task(**asked)
    service = {**asked, "serviceName": cloud.name("s"), "desiredCount": 0}
    who.may(allow(["ecs:RunTask", "ecs:CreateService"]), allow("iam:PassRole", role))
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {place.execution_role}"):
        who.client("ecs").create_service(**service)
    who.may(allow("ecs:RunTask", made, Condition=only_here), allow("iam:PassRole", [role, place.execution_role]))
    assert who.client("ecs").run_task(**asked)["tasks"]
    with pytest.raises(ClientError, match="ecs:RunTask on resource"):
        who.client("ecs").run_task(**{**asked, "cluster": "default"})


# -- the execution role -----------------------------------------------------------------------------------------------


def stopped(place: Place, definition: str) -> str:
    task = place.until_task(place.run(definition)["taskArn"], "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    return str(task["stoppedReason"])


def test_an_execution_role_that_may_not_write_logs(cloud: RunningCloud, place: Place, define: Define) -> None:
    role = task_role(cloud, cloud.name("execution"))
    reason = stopped(place, define("print(1)", execution=role))
    assert reason.startswith(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
        "to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/"
    )
    assert (
        f"logs:CreateLogStream on resource: arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}:log-stream:" in reason
    )
    options = {"awslogs-group": "/new", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t"}
    logs = {"logDriver": "awslogs", "options": {**options, "awslogs-create-group": "true"}}
    managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    cloud.client("iam").attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=managed)
    reason = stopped(place, define("print(1)", execution=role, logConfiguration=logs))
    assert "no identity-based policy allows the logs:CreateLogGroup action" in reason


SHOW = "import os\nprint(os.environ.get('A'), os.environ.get('B'), os.environ.get('C'))"


def test_secrets_reach_the_containers(cloud: RunningCloud, place: Place, define: Define) -> None:
    manager, store = cloud.client("secretsmanager"), cloud.client("ssm")
    name = cloud.name("db")
    arn = manager.create_secret(Name=name, SecretString=json.dumps({"user": "an", "port": 5432}))["ARN"]
    first = manager.describe_secret(SecretId=arn)["VersionIdsToStages"]
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"user": "binh", "port": 1}))
    store.put_parameter(Name="/app/key", Value="hush", Type="SecureString")
    role = task_role(
        cloud, cloud.name("execution"),
        allow("secretsmanager:GetSecretValue", arn), allow("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/app/*"),
        allow("logs:*"),
    )  # fmt: skip
    secrets = [
        {"name": "A", "valueFrom": f"{arn}:user::"},
        {"name": "B", "valueFrom": f"{arn}:user::{next(iter(first))}"},
        {"name": "C", "valueFrom": "/app/key"},
    ]
    made = define(SHOW, execution=role, secrets=secrets)
    assert said(place, place.run(made)) == "binh an hush"
    shown = place.ecs.describe_task_definition(taskDefinition=made)["taskDefinition"]
    assert "hush" not in json.dumps(shown, default=str)
    secrets[1] = {"name": "B", "valueFrom": f"{arn}:port:AWSPREVIOUS:"}
    secrets[2] = {"name": "C", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/app/key"}
    assert said(place, place.run(define(SHOW, execution=role, secrets=secrets))) == "binh 5432 hush"
    iam = cloud.client("iam")
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny("secretsmanager:*")]})
    iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="no", PolicyDocument=text)
    reason = stopped(place, made)
    start = (
        f"{INIT}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
    )
    assert reason.startswith(f"{start}{arn} from secrets manager: AccessDeniedException: User: arn:aws:sts::")
    assert "with an explicit deny in an identity-based policy" in reason


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf", "ResourceNotFoundException: "),
        (
            "/none",
            "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: /none",
        ),
    ],
)
def test_secrets_that_do_not_exist(cloud: RunningCloud, place: Place, define: Define, value: str, words: str) -> None:
    role = task_role(cloud, cloud.name("execution"), allow("*"))
    reason = stopped(place, define(SHOW, execution=role, secrets=[{"name": "A", "valueFrom": value}]))
    assert reason.startswith(INIT)
    assert words in reason


def test_a_key_that_a_secret_does_not_have(cloud: RunningCloud, place: Place, define: Define) -> None:
    role = task_role(cloud, cloud.name("execution"), allow("*"))
    arn = cloud.client("secretsmanager").create_secret(Name=cloud.name("plain"), SecretString="no json")["ARN"]
    reason = stopped(place, define(SHOW, execution=role, secrets=[{"name": "A", "valueFrom": f"{arn}:user::"}]))
    assert reason.endswith("retrieved secret from Secrets Manager did not contain json key user")


def test_secrets_need_an_execution_role_and_names_of_their_own(place: Place) -> None:
    secret = {"name": "A", "valueFrom": "/app/key"}
    container = {"name": "a", "image": "b", "memory": 64, "secrets": [secret]}
    register = place.ecs.register_task_definition
    with pytest.raises(ClientError, match="you must also specify a value for 'executionRoleArn'"):
        register(family="none", containerDefinitions=[container])
    container["environment"] = [{"name": "A", "value": "x"}]
    with pytest.raises(ClientError, match="The secret name must be unique"):
        register(family="none", containerDefinitions=[container], executionRoleArn=place.execution_role)


# -- on EC2 -----------------------------------------------------------------------------------------------------------


def test_an_instance_profile_writes_logs_where_there_is_no_execution_role(place: Place) -> None:
    fleet = Fleet(place)
    fleet.create(1)
    try:
        fleet.until_joined(1, 30)
        logs = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ec2"}
        spec = {
            "name": "web", "image": "python:3.12-alpine", "command": ["python", "-c", "print('from EC2')"],
            "memory": 128, "logConfiguration": {"logDriver": "awslogs", "options": logs},
        }  # fmt: skip
        family = place.cloud.name("roles")
        place.ecs.register_task_definition(family=family, networkMode="bridge", containerDefinitions=[spec])
        asked = {"cluster": place.name, "taskDefinition": family, "launchType": "EC2"}
        task = place.ecs.run_task(**asked)["tasks"][0]["taskArn"]
        assert place.until_task(task, "STOPPED", 30)["containers"][0].get("exitCode") == 0
        text = json.dumps({"Version": "2012-10-17", "Statement": [deny("logs:CreateLogStream")]})
        iam = place.cloud.client("iam")
        iam.put_role_policy(RoleName="ecsInstanceRole", PolicyName="no-logs", PolicyDocument=text)
        task = place.ecs.run_task(**asked)["tasks"][0]["taskArn"]
        reason = place.until_task(task, "STOPPED", 30)["stoppedReason"]
        assert "assumed-role/ecsInstanceRole/i-" in reason
        assert "is not authorized to perform: logs:CreateLogStream" in reason
        iam.delete_role_policy(RoleName="ecsInstanceRole", PolicyName="no-logs")
    finally:
        fleet.delete()
