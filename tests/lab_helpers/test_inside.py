"""Commands inside containers, as a learner runs them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_helpers import Lab
from tests.waiting import until

ACTIONS = [f"ssmmessages:{name}Channel" for name in ("CreateControl", "CreateData", "OpenControl", "OpenData")]


@pytest.fixture
def lab(cloud: Path) -> Iterator[Lab]:
    lab = Lab(3)
    yield lab
    lab.teardown()


def run(lab: Lab, actions: list[str]) -> str:
    """A running task whose role may do this; its ARN."""
    ecs, iam, ec2 = lab.client("ecs"), lab.client("iam"), lab.client("ec2")
    trusted = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    name = f"inside-{len(actions)}"
    made: dict[str, Any] = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="exec", PolicyDocument=document)
    ecs.create_cluster(clusterName="inside")
    ecs.register_task_definition(
        family="inside", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        taskRoleArn=made["Role"]["Arn"],
        containerDefinitions=[
            {"name": name, "image": "python:3.12-alpine", "command": ["python", "-c", "import time; time.sleep(600)"]}
            for name in ("web", "side")
        ],
    )  # fmt: skip
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED"}}
    asked = {"cluster": "inside", "taskDefinition": "inside", "launchType": "FARGATE"}
    task = ecs.run_task(**asked, networkConfiguration=network, enableExecuteCommand=True)["tasks"][0]["taskArn"]
    look = {"cluster": "inside", "tasks": [task]}
    until(lambda: ecs.describe_tasks(**look)["tasks"][0]["lastStatus"] == "RUNNING", 20)
    return str(task)


def test_a_command_and_what_it_writes(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    task = run(lab, ACTIONS)
    capsys.readouterr()
    code = "import os; print(os.environ['ECS_CONTAINER_METADATA_URI_V4'][-4:])"
    lab.exec(task, f'python -c "{code}"', container="side")
    assert capsys.readouterr().out == "side\n"
    lab.exec(task, 'python -c "raise SystemExit(4)"', container="web")
    assert capsys.readouterr().out == "The command exited with code 4.\n"
    with pytest.raises(ClientError, match="several containers"):
        lab.exec(task, "ls")


def test_a_role_that_lacks_the_permission(lab: Lab) -> None:
    with pytest.raises(ClientError, match="TargetNotConnectedException"):
        lab.exec(run(lab, ACTIONS[:2]), "ls", container="web")
