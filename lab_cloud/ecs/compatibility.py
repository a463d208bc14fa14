"""What a task definition can run on, and what it asks of a container instance. Pure.

Follows ``compatibilities`` and ``requiresAttributes`` of TaskDefinition in the Amazon ECS API Reference; the names of
the attributes are those that the Amazon ECS container agent reports.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import AwsError
from .rules import check_fargate

CAPABILITY = "ecs.capability"
OLD_CAPABILITY = "com.amazonaws.ecs.capability"
DRIVER_API = {"awslogs": "1.19", "splunk": "1.22", "gelf": "1.20", "fluentd": "1.20"}
"""The version of Docker's remote API that a log driver needs, beyond 1.18."""


def compatibilities(registered: Mapping[str, Any]) -> list[str]:
    """Where a task definition can run.

    Parameters
    ----------
    registered : dict
        The input of RegisterTaskDefinition, which is valid.
    """
    if registered.get("networkMode") != "awsvpc":
        return ["EXTERNAL", "EC2"]
    try:
        check_fargate(registered)
    except AwsError:
        return ["EC2"]
    return ["EC2", "FARGATE"]


def required_attributes(registered: Mapping[str, Any]) -> list[dict[str, str]]:
    """What an instance must be able to do, as ``requiresAttributes`` lists it."""
    return [{"name": name} for name in sorted(set(_attributes(registered)))]


def _attributes(registered: Mapping[str, Any]) -> Iterator[str]:
    yield f"{OLD_CAPABILITY}.docker-remote-api.1.18"
    if registered.get("networkMode") == "awsvpc":
        yield f"{CAPABILITY}.task-eni"
    if registered.get("taskRoleArn"):
        yield f"{OLD_CAPABILITY}.task-iam-role{'-network-host' if registered.get('networkMode') == 'host' else ''}"
    if registered.get("cpu") or registered.get("memory"):
        yield f"{CAPABILITY}.task-cpu-mem-limit"
    if registered.get("pidMode") or registered.get("ipcMode"):
        yield f"{CAPABILITY}.pid-ipc-namespace-sharing"
    for volume in registered.get("volumes", ()):
        if "efsVolumeConfiguration" in volume:
            yield f"{CAPABILITY}.efs"
            if "authorizationConfig" in volume["efsVolumeConfiguration"]:
                yield f"{CAPABILITY}.efsAuth"
        if "dockerVolumeConfiguration" in volume:
            yield f"{CAPABILITY}.docker-plugin.{volume['dockerVolumeConfiguration'].get('driver', 'local')}"
    for container in registered["containerDefinitions"]:
        yield from _of_container(container, bool(registered.get("executionRoleArn")))


def _of_container(container: Mapping[str, Any], execution_role: bool) -> Iterator[str]:
    driver = container.get("logConfiguration", {}).get("logDriver")
    if driver:
        yield f"{OLD_CAPABILITY}.logging-driver.{driver}"
        yield f"{OLD_CAPABILITY}.docker-remote-api.{DRIVER_API.get(driver, '1.18')}"
    if driver == "awslogs" and execution_role:
        yield f"{CAPABILITY}.execution-role-awslogs"
    if ".dkr.ecr." in container.get("image", ""):
        yield f"{OLD_CAPABILITY}.ecr-auth"
        if execution_role:
            yield f"{CAPABILITY}.execution-role-ecr-pull"
    if container.get("repositoryCredentials"):
        yield f"{CAPABILITY}.private-registry-authentication.secretsmanager"
    if container.get("privileged"):
        yield f"{OLD_CAPABILITY}.privileged-container"
    if container.get("healthCheck"):
        yield f"{CAPABILITY}.container-health-check"
        yield f"{OLD_CAPABILITY}.docker-remote-api.1.24"
    if container.get("dependsOn"):
        yield f"{CAPABILITY}.container-ordering"
    if container.get("environmentFiles"):
        yield f"{CAPABILITY}.env-files.s3"
    if container.get("firelensConfiguration"):
        yield f"{CAPABILITY}.firelens.{container['firelensConfiguration']['type']}"
    for secret in container.get("secrets", ()):
        store = "asm" if ":secretsmanager:" in secret["valueFrom"] else "ssm"
        yield f"{CAPABILITY}.secrets.{store}.environment-variables"
