"""What RegisterTaskDefinition accepts. Pure: a dict in, the first violation out.

Follows "Amazon ECS task definition parameters for Fargate" and "Troubleshoot Amazon ECS task definition invalid CPU
or memory errors" of the Amazon ECS Developer Guide.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import AwsError
from .container_health import check_definition
from .dependencies import check_dependencies
from .task_definition import cpu_units, memory_mib
from .volumes import check_volumes

FAMILY = re.compile(r"^[a-zA-Z0-9_-]{1,255}$")
CONTAINER_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,255}$")
NETWORK_MODES = ("bridge", "host", "awsvpc", "none")
_ECR = re.compile(r"^\d{12}\.dkr[.-]ecr\.")
FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
EPHEMERAL_GIB = (21, 200)
EC2_CPU_RANGE = (128, 196_608)

FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16_384 + 1, 1024)),
    4096: tuple(range(8192, 30_720 + 1, 1024)),
    8192: tuple(range(16_384, 61_440 + 1, 4096)),
    16_384: tuple(range(32_768, 122_880 + 1, 8192)),
}
"""Fargate: CPU units -> the memory sizes that go with them."""


def client(message: str) -> AwsError:
    """ECS's ``ClientException``."""
    return AwsError("ClientException", message)


def check_task_definition(registered: dict[str, Any]) -> None:
    """Refuse what ECS refuses.

    Parameters
    ----------
    registered : dict
        The input of RegisterTaskDefinition.

    Raises
    ------
    AwsError
        ``ClientException`` with what is wrong.
    """
    if not FAMILY.match(registered["family"]):
        raise client(
            "Family contains invalid characters. Use up to 255 letters (uppercase and "
            "lowercase), numbers, hyphens, and underscores."
        )
    mode = registered.get("networkMode", "bridge")
    if mode not in NETWORK_MODES:
        raise client(f"Invalid network mode '{mode}'. It must be one of {', '.join(NETWORK_MODES)}.")
    containers = registered["containerDefinitions"]
    if not containers:
        raise client("Container list cannot be empty.")
    _check_names(containers)
    fargate = "FARGATE" in registered.get("requiresCompatibilities", ())
    cpu, memory = _sizes(registered)
    if fargate:
        check_fargate(registered)
    elif cpu and not EC2_CPU_RANGE[0] <= cpu <= EC2_CPU_RANGE[1]:
        raise client(
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting "
            "section of the Amazon ECS Developer Guide."
        )
    for container in containers:
        _check_container(container, mode, memory)
        check_definition(container)
    check_dependencies(containers)
    check_volumes(registered)
    _check_sums(containers, cpu, memory)


def _check_names(containers: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for container in containers:
        name = container.get("name", "")
        if not name:
            raise client("Container.name should not be null or empty.")
        if not CONTAINER_NAME.match(name):
            raise client(f"Invalid container name '{name}'. Use up to 255 letters, numbers, hyphens, and underscores.")
        if name in seen:
            raise client(
                f"The container name '{name}' is used twice. Container names must be unique within a task definition."
            )
        seen.add(name)
        if not container.get("image"):
            raise client(f"Container.image should not be null or empty (container '{name}').")
    if not any(container.get("essential", True) for container in containers):
        raise client("Invalid setting for task: at least one container must be essential.")


def _sizes(registered: Mapping[str, Any]) -> tuple[int, int]:
    try:
        cpu = cpu_units(registered.get("cpu"))
    except ValueError:
        raise client(
            f"Invalid 'cpu' setting for task. '{registered['cpu']}' is not a number of CPU units or vCPU."
        ) from None
    try:
        memory = memory_mib(registered.get("memory"))
    except ValueError:
        raise client(
            f"Invalid 'memory' setting for task. '{registered['memory']}' is not a number of MiB or GB."
        ) from None
    return cpu, memory


def check_execution_role(registered: Mapping[str, Any], in_ecr: Callable[[str], bool]) -> None:
    """Refuse a definition that needs an execution role and has none: for secrets, on Fargate for images of ECR too.

    Follows "Amazon ECS task execution IAM role" of the Amazon ECS Developer Guide.

    Parameters
    ----------
    registered : dict
        The input of RegisterTaskDefinition.
    in_ecr : callable
        From an image's reference to whether this cloud's private registry holds it.

    Raises
    ------
    AwsError
        ``ClientException`` with what is missing.
    """
    if registered.get("executionRoleArn"):
        return
    for container in registered["containerDefinitions"]:
        if container.get("secrets") or container.get("logConfiguration", {}).get("secretOptions"):
            raise client(
                "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
            )
    if "FARGATE" not in registered.get("requiresCompatibilities", ()):
        return
    if any(_ECR.match(each["image"]) or in_ecr(each["image"]) for each in registered["containerDefinitions"]):
        raise client("Fargate requires task definition to have execution role ARN to support ECR images.")


def check_fargate(registered: Mapping[str, Any]) -> None:
    """Refuse what Fargate cannot run.

    Raises
    ------
    AwsError
        ``ClientException`` with what is wrong.
    """
    mode = registered.get("networkMode", "bridge")
    cpu, memory = _sizes(registered)
    if mode != "awsvpc":
        raise client(f"Fargate only supports network mode 'awsvpc', not '{mode}'.")
    if not cpu or not memory:
        missing = "cpu" if not cpu else "memory"
        raise client(f"Fargate requires that '{missing}' be defined at the task level.")
    if cpu not in FARGATE_MEMORY_MIB:
        allowed = ", ".join(map(str, FARGATE_MEMORY_MIB))
        raise client(f"Invalid 'cpu' setting for task. Fargate has {allowed} CPU units; {cpu} is none of them.")
    if memory not in FARGATE_MEMORY_MIB[cpu]:
        sizes = FARGATE_MEMORY_MIB[cpu]
        span = (
            ", ".join(map(str, sizes))
            if len(sizes) <= 4
            else f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
        )
        raise client(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. With "
            f"{cpu} CPU units go {span} MiB."
        )
    _check_fargate_settings(registered)
    for container in registered["containerDefinitions"]:
        driver = container.get("logConfiguration", {}).get("logDriver")
        if driver and driver not in FARGATE_LOG_DRIVERS:
            raise client(
                f"Fargate does not support the log driver '{driver}'. It supports {', '.join(FARGATE_LOG_DRIVERS)}."
            )
        if driver == "awslogs" and not registered.get("executionRoleArn"):
            raise client("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
        if container.get("privileged"):
            raise client("Fargate does not support privileged containers.")


def _check_fargate_settings(registered: Mapping[str, Any]) -> None:
    if registered.get("pidMode") == "host":
        raise client(
            "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is "
            "'task'."
        )
    for key in ("ipcMode", "placementConstraints", "inferenceAccelerators"):
        if registered.get(key):
            raise client(f"Tasks using the Fargate launch type do not support {key}.")
    for volume in registered.get("volumes", ()):
        if "dockerVolumeConfiguration" in volume or volume.get("host", {}).get("sourcePath"):
            raise client(
                f"Fargate has no Docker volumes and no folders of a host (volume '{volume.get('name', '')}'). Use an "
                "EFS volume, or a volume with a name only."
            )
    size = registered.get("ephemeralStorage", {}).get("sizeInGiB")
    if size is not None and not EPHEMERAL_GIB[0] <= size <= EPHEMERAL_GIB[1]:
        raise client(
            f"Invalid 'ephemeralStorage' setting for task: {size} GiB. It goes from {EPHEMERAL_GIB[0]} to "
            f"{EPHEMERAL_GIB[1]} GiB."
        )


def _check_container(container: dict[str, Any], mode: str, task_memory: int) -> None:
    name = container["name"]
    hard, soft = container.get("memory"), container.get("memoryReservation")
    if not task_memory and hard is None and soft is None:
        raise client(
            f"Invalid setting for container '{name}'. At least one of 'memory' or "
            "'memoryReservation' must be specified."
        )
    if hard is not None and hard < 6:
        raise client(f"Invalid setting for container '{name}'. 'memory' must be at least 6 MiB.")
    if hard is not None and soft is not None and soft > hard:
        raise client(f"Invalid setting for container '{name}'. 'memory' must be at least 'memoryReservation'.")
    _check_ports(container, mode)
    _check_secrets(container)
    logs = container.get("logConfiguration")
    if logs and logs["logDriver"] == "awslogs":
        options = logs.get("options", {})
        for option in ("awslogs-group", "awslogs-region"):
            if not options.get(option):
                raise client(f"Log driver awslogs requires options: {option} (container '{name}').")


def _check_secrets(container: dict[str, Any]) -> None:
    seen = {pair.get("name") for pair in container.get("environment", ())}
    for secret in container.get("secrets", ()):
        if secret["name"] in seen:
            raise client(
                "The secret name must be unique and not shared with any new or existing environment variables set on "
                f"the container, such as '{secret['name']}'."
            )
        seen.add(secret["name"])


def _check_ports(container: dict[str, Any], mode: str) -> None:
    seen: set[tuple[int, str]] = set()
    for mapping in container.get("portMappings", ()):
        port, host = mapping.get("containerPort"), mapping.get("hostPort")
        if port is None or not 1 <= port <= 65_535:
            raise client(f"Invalid container port {port} in container '{container['name']}'. Ports go from 1 to 65535.")
        if mode in ("awsvpc", "host") and host not in (None, port):
            raise client(f"When networkMode={mode}, the host ports and container ports in port mappings must match.")
        key = (port, mapping.get("protocol", "tcp"))
        if key in seen:
            raise client(f"Port {port} is mapped twice in container '{container['name']}'.")
        seen.add(key)


def _check_sums(containers: list[dict[str, Any]], cpu: int, memory: int) -> None:
    wanted_cpu = sum(container.get("cpu", 0) for container in containers)
    if cpu and wanted_cpu > cpu:
        raise client(
            f"Invalid 'cpu' setting for task: the containers reserve {wanted_cpu} CPU units "
            f"together, the task has {cpu}."
        )
    for container in containers:
        hard = container.get("memory")
        if memory and hard is not None and hard > memory:
            raise client(
                f"Invalid setting for container '{container['name']}': its memory of {hard} MiB "
                f"is more than the task's {memory} MiB."
            )
    wanted = sum(container.get("memoryReservation", container.get("memory", 0)) for container in containers)
    if memory and wanted > memory:
        raise client(
            f"Invalid 'memory' setting for task: the containers reserve {wanted} MiB together, "
            f"the task has {memory} MiB."
        )
