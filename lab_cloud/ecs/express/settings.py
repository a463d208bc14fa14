"""What Create- and UpdateExpressGatewayService accept, and what they fill in. Pure.

The API reference and the developer guide disagree about three defaults: 256 CPU units, 512 MiB and ``/ping`` against
1024, 2048 and no path. Here it is as the developer guide has it, with ``/`` as the path, which is what services on AWS
turn out to have.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

import re
from collections.abc import Mapping
from typing import Any

from ...errors import AwsError
from ..task_definition import TaskDefinition, cpu_units, memory_mib
from .gateway import Configuration

MAIN = "Main"
CPU, MEMORY, ARCHITECTURE = "1024", "2048", "X86_64"
PATH, PORT, PREFIX = "/", 80, "ecs"
LONGEST_PATH = 1024
"""Of a target group's health check."""
SCALING = {
    "minTaskCount": 1,
    "maxTaskCount": 20,
    "autoScalingMetric": "AVERAGE_CPU",
    "autoScalingTargetValue": 60,
}
DEPLOYMENT: dict[str, Any] = {
    "strategy": "CANARY",
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "bakeTimeInMinutes": 3,
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3},
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
}
IMAGE_ONLY = ("primaryContainer", "executionRoleArn", "taskRoleArn", "cpu", "memory", "cpuArchitecture")
"""What the caller cannot say beside a task definition."""


def check_combination(params: Mapping[str, Any], *, new: bool) -> None:
    """Refuse an image beside a task definition, and, for a new service, neither of them.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    if params.get("taskDefinitionArn"):
        given = [name for name in IMAGE_ONLY if params.get(name) is not None]
        if given:
            raise invalid(
                f"When taskDefinitionArn is provided, {', '.join(IMAGE_ONLY[:-1])} and {IMAGE_ONLY[-1]} cannot be "
                f"specified. You specified {', '.join(given)}."
            )
        return
    if not new:
        return
    if not params.get("primaryContainer"):
        raise invalid("Either primaryContainer with an image, or taskDefinitionArn must be specified.")
    if not params.get("executionRoleArn"):
        raise invalid("executionRoleArn is required when primaryContainer is specified.")


def container_of(asked: Mapping[str, Any] | None, before: Mapping[str, Any], log_group: str) -> dict[str, Any]:
    """``primaryContainer`` after a call; what the caller leaves out stays as it was, or gets its default.

    Parameters
    ----------
    asked : dict or None
        As the caller has it.
    before : dict
        As it was; empty for a new one.
    log_group : str
        The name of the log group that is made when the caller names none.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    logs = {"logGroup": log_group, "logStreamPrefix": PREFIX}
    made = {"containerPort": PORT, "awsLogsConfiguration": logs, **before, **(asked or {})}
    if not made.get("image"):
        raise invalid("The image of the primary container cannot be empty.")
    if not 1 <= made["containerPort"] <= 65_535:
        raise invalid(f"Invalid container port {made['containerPort']}. Ports go from 1 to 65535.")
    for name in ("logGroup", "logStreamPrefix"):
        if not made["awsLogsConfiguration"].get(name):
            raise invalid(f"{name} of awsLogsConfiguration cannot be empty.")
    return made


def path_of(params: Mapping[str, Any], before: str = PATH) -> str:
    """``healthCheckPath`` after a call.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    path = str(params.get("healthCheckPath", before))
    if not re.fullmatch(r"/[!-~]*", path) or len(path) > LONGEST_PATH:
        raise invalid(
            f"The health check path '{path}' is invalid. It must start with a forward slash, hold no spaces, and have "
            f"at most {LONGEST_PATH} characters."
        )
    return path


def scaling_of(params: Mapping[str, Any], before: Mapping[str, Any] = SCALING) -> dict[str, Any]:
    """``scalingTarget`` after a call.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    made = {**before, **(params.get("scalingTarget") or {})}
    least, most, target = made["minTaskCount"], made["maxTaskCount"], made["autoScalingTargetValue"]
    if least < 1:
        raise invalid(f"minTaskCount must be at least 1, not {least}.")
    if most < least:
        raise invalid(f"maxTaskCount ({most}) must not be less than minTaskCount ({least}).")
    if target < 1 or (target > 100 and made["autoScalingMetric"] != "REQUEST_COUNT_PER_TARGET"):
        raise invalid(f"autoScalingTargetValue {target} is out of range: utilization goes from 1 to 100 percent.")
    return made


def definition_params(
    family: str, region: str, shown: Mapping[str, Any], container: Mapping[str, Any]
) -> dict[str, Any]:
    """The input of RegisterTaskDefinition for a service that was given an image.

    Parameters
    ----------
    family, region : str
        Its family, and where its logs go.
    shown : dict
        ``cpu``, ``memory``, ``cpuArchitecture`` and the roles.
    container : dict
        ``primaryContainer``.
    """
    logs, port = container["awsLogsConfiguration"], container["containerPort"]
    main: dict[str, Any] = {
        "name": MAIN,
        "image": container["image"],
        "essential": True,
        "portMappings": [
            {
                "containerPort": port,
                "hostPort": port,
                "protocol": "tcp",
                "name": f"main-{port}-tcp",
                "appProtocol": "http",
            }
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": logs["logGroup"],
                "awslogs-region": region,
                "awslogs-stream-prefix": logs["logStreamPrefix"],
            },
        },
    }
    main |= {
        name: container[name]
        for name in ("command", "environment", "secrets", "repositoryCredentials")
        if container.get(name)
    }
    made = {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": shown["cpuArchitecture"]},
        "cpu": shown["cpu"],
        "memory": shown["memory"],
        "executionRoleArn": shown["executionRoleArn"],
        "containerDefinitions": [main],
    }
    if shown.get("taskRoleArn"):
        made["taskRoleArn"] = shown["taskRoleArn"]
    return made


def main_port(definition: TaskDefinition) -> int:
    """The port of a caller's task definition that gets the requests.

    Raises
    ------
    AwsError
        ``InvalidParameterException`` for one without a container Main that has exactly one named TCP port, or that is
        not for Fargate.
    """
    if "FARGATE" not in definition.compatibilities:
        raise invalid(f"The task definition {definition.arn} must be compatible with FARGATE.")
    container = definition.container(MAIN)
    if container is None:
        have = ", ".join(each["name"] for each in definition.containers)
        raise invalid(
            f"The task definition {definition.arn} must have a container named {MAIN}; its containers are: {have}."
        )
    mappings = [each for each in container.get("portMappings", ()) if each.get("protocol", "tcp") == "tcp"]
    if len(mappings) != 1 or len(container.get("portMappings", ())) != 1 or not mappings[0].get("name"):
        raise invalid(
            f"The container {MAIN} of {definition.arn} must have a single TCP port mapping with a container port and a "
            "port name."
        )
    return int(mappings[0]["containerPort"])


def shown_of(definition: TaskDefinition) -> dict[str, Any]:
    """What a configuration shows of a caller's task definition."""
    registered = definition.registered
    return {
        "executionRoleArn": registered.get("executionRoleArn"),
        "taskRoleArn": registered.get("taskRoleArn"),
        "cpu": str(cpu_units(registered.get("cpu"))),
        "memory": str(memory_mib(registered.get("memory"))),
        "cpuArchitecture": (registered.get("runtimePlatform") or {}).get("cpuArchitecture"),
    }


def shown_from(params: Mapping[str, Any], before: Configuration | None) -> dict[str, Any]:
    """``cpu``, ``memory``, ``cpuArchitecture`` and the roles after a call with an image."""
    kept = {"cpu": CPU, "memory": MEMORY, "cpuArchitecture": ARCHITECTURE}
    if before is not None:
        kept |= {name: value for name, value in before.shown.items() if value is not None}
    names = ("executionRoleArn", "taskRoleArn", "cpu", "memory", "cpuArchitecture")
    return {**kept, **{name: params[name] for name in names if params.get(name) is not None}}


def invalid(message: str) -> AwsError:
    """The error for bad input."""
    return AwsError("InvalidParameterException", message)
