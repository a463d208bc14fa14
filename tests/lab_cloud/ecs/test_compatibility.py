from typing import Any

import pytest

from lab_cloud.ecs.compatibility import compatibilities, required_attributes

WEB = {"name": "web", "image": "nginx"}


def definition(mode: str = "awsvpc", **more: Any) -> dict[str, Any]:
    return {"family": "a", "networkMode": mode, "containerDefinitions": [WEB], **more}


@pytest.mark.parametrize(
    ("registered", "where"),
    [
        (definition(cpu="256", memory="512"), ["EC2", "FARGATE"]),
        (definition(), ["EC2"]),
        (definition(cpu="256", memory="512", pidMode="host"), ["EC2"]),
        (definition("bridge", cpu="256", memory="512"), ["EXTERNAL", "EC2"]),
    ],
)
def test_where_it_can_run(registered: dict[str, Any], where: list[str]) -> None:
    assert compatibilities(registered) == where


def test_what_it_asks_of_an_instance() -> None:
    container = {
        "name": "web",
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1",
        "logConfiguration": {"logDriver": "awslogs"},
        "secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a"}],
        "healthCheck": {"command": ["CMD", "true"]},
        "dependsOn": [{"containerName": "db", "condition": "START"}],
    }
    volume = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {}}}
    registered = definition(
        taskRoleArn="role", executionRoleArn="role", cpu="256", containerDefinitions=[container], volumes=[volume]
    )
    assert [each["name"] for each in required_attributes(registered)] == [
        "com.amazonaws.ecs.capability.docker-remote-api.1.18",
        "com.amazonaws.ecs.capability.docker-remote-api.1.19",
        "com.amazonaws.ecs.capability.docker-remote-api.1.24",
        "com.amazonaws.ecs.capability.ecr-auth",
        "com.amazonaws.ecs.capability.logging-driver.awslogs",
        "com.amazonaws.ecs.capability.task-iam-role",
        "ecs.capability.container-health-check",
        "ecs.capability.container-ordering",
        "ecs.capability.efs",
        "ecs.capability.efsAuth",
        "ecs.capability.execution-role-awslogs",
        "ecs.capability.execution-role-ecr-pull",
        "ecs.capability.secrets.asm.environment-variables",
        "ecs.capability.task-cpu-mem-limit",
        "ecs.capability.task-eni",
    ]
    host = definition("host", taskRoleArn="role")
    assert "com.amazonaws.ecs.capability.task-iam-role-network-host" in str(required_attributes(host))
