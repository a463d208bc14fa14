from typing import Any

import pytest

from lab_cloud.ecs.rules import FARGATE_MEMORY_MIB, check_execution_role, check_task_definition
from lab_cloud.errors import AwsError

LOGS = {"logDriver": "awslogs", "options": {"awslogs-group": "/lab", "awslogs-region": "us-east-1"}}


def definition(container: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "nginx", **(container or {})}],
        **changes,
    }


@pytest.mark.parametrize("cpu", FARGATE_MEMORY_MIB)
def test_every_fargate_size_is_accepted(cpu: int) -> None:
    for memory in FARGATE_MEMORY_MIB[cpu]:
        check_task_definition(definition(cpu=str(cpu), memory=str(memory)))


def test_sizes_in_words_are_accepted() -> None:
    check_task_definition(definition(cpu="0.5 vCPU", memory="1 GB"))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (definition(cpu="300"), "Invalid 'cpu' setting for task"),
        (definition(cpu="much"), "Invalid 'cpu' setting for task"),
        (definition(memory="4096"), "No Fargate configuration exists for given values"),
        (definition(memory="much"), "Invalid 'memory' setting"),
        (definition(cpu=None), "'cpu' be defined at the task level"),
        (definition(cpu="0.25"), "'0.25' is not a number of CPU units or vCPU"),
        (definition(networkMode="bridge"), "Fargate only supports network mode 'awsvpc'"),
        (definition(networkMode="host"), "Fargate only supports network mode 'awsvpc'"),
        (definition(networkMode="mesh"), "Invalid network mode"),
        (definition(family="a b"), "Family contains invalid characters"),
        (definition(containerDefinitions=[]), "Container list cannot be empty"),
        (definition({"essential": False}), "at least one container must be essential"),
        (definition({"name": ""}), "Container.name should not be null"),
        (definition({"name": "a b"}), "Invalid container name"),
        (definition({"image": ""}), "Container.image should not be null"),
        (definition({"cpu": 512}), "containers reserve 512 CPU units"),
        (definition({"memory": 1024}), "more than the task's 512 MiB"),
        (definition({"memoryReservation": 1024}), "containers reserve 1024 MiB"),
        (definition({"memory": 4}), "at least 6 MiB"),
        (definition({"memory": 128, "memoryReservation": 256}), "'memory' must be at least 'memoryReservation'"),
        (definition({"portMappings": [{"containerPort": 80, "hostPort": 81}]}), "host ports and container ports"),
        (definition({"portMappings": [{"containerPort": 0}]}), "Invalid container port"),
        (definition({"portMappings": [{"containerPort": 80}, {"containerPort": 80}]}), "mapped twice"),
        (definition({"logConfiguration": LOGS}), "execution role ARN to support log driver awslogs"),
        (definition({"logConfiguration": {"logDriver": "syslog"}}), "does not support the log driver 'syslog'"),
        (definition({"privileged": True}), "privileged"),
        (definition(pidMode="host"), "do not support pidMode 'host'"),
        (definition(ipcMode="task"), "do not support ipcMode"),
        (definition(placementConstraints=[{"type": "memberOf"}]), "do not support placementConstraints"),
        (definition(volumes=[{"name": "a", "host": {"sourcePath": "/a"}}]), "no folders of a host"),
        (definition(volumes=[{"name": "a", "dockerVolumeConfiguration": {}}]), "no Docker volumes"),
        (definition(ephemeralStorage={"sizeInGiB": 20}), "from 21 to 200"),
    ],
)
def test_what_is_refused(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as caught:
        check_task_definition(broken)
    assert caught.value.code == "ClientException"
    assert message in caught.value.message


def test_container_names_are_unique() -> None:
    twice = [{"name": "a", "image": "nginx"}, {"name": "a", "image": "nginx"}]
    with pytest.raises(AwsError, match="used twice"):
        check_task_definition(definition(containerDefinitions=twice))


def test_a_task_for_instances_needs_memory_for_each_container() -> None:
    with pytest.raises(AwsError, match="At least one of 'memory' or 'memoryReservation'"):
        check_task_definition({"family": "a", "containerDefinitions": [{"name": "a", "image": "nginx"}]})


def own(image: str) -> bool:
    return image.startswith("127.0.0.1:4510/")


@pytest.mark.parametrize(
    "image",
    ["127.0.0.1:4510/web:1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1", "123456789012.dkr-ecr.a.on.aws/web"],
)
def test_fargate_pulls_from_ecr_with_an_execution_role(image: str) -> None:
    broken = definition({"image": image})
    with pytest.raises(AwsError, match="execution role ARN to support ECR images") as caught:
        check_execution_role(broken, own)
    assert caught.value.code == "ClientException"
    check_execution_role({**broken, "executionRoleArn": "arn:aws:iam::123456789012:role/a"}, own)
    check_execution_role({**broken, "requiresCompatibilities": ["EC2"]}, own)


@pytest.mark.parametrize("image", ["nginx", "public.ecr.aws/nginx/nginx:latest", "127.0.0.1:5000/web:1"])
def test_other_images_need_no_execution_role(image: str) -> None:
    check_execution_role(definition({"image": image}), own)
