"""A container instance: an EC2 instance whose ECS agent has joined a cluster.

There is no virtual machine behind it: it is a record that counts CPU and memory, and its attribute
``embedded-cloud.capacity-record`` says so. The tasks on it are as real as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..instance_types import InstanceType
from . import names
from .tags import tag_list

AGENT_VERSION, AGENT_HASH, DOCKER_VERSION = "1.99.1", "*embedded", "DockerVersion: 25.0.8"
RESERVED_PORTS = (22, 2375, 2376, 51678, 51679)
OLD, NEW = "com.amazonaws.ecs.capability.", "ecs.capability."
CAPABILITIES = (
    *(f"{OLD}docker-remote-api.1.{minor}" for minor in range(17, 45)),
    *(f"{OLD}logging-driver.{driver}" for driver in ("awslogs", "json-file", "none", "syslog", "awsfirelens")),
    f"{OLD}ecr-auth",
    f"{OLD}privileged-container",
    f"{OLD}task-iam-role",
    f"{OLD}task-iam-role-network-host",
    *(
        f"{NEW}{name}"
        for name in (
            "task-eni",
            "task-cpu-mem-limit",
            "pid-ipc-namespace-sharing",
            "execution-role-awslogs",
            "execution-role-ecr-pull",
            "container-health-check",
            "container-ordering",
            "private-registry-authentication.secretsmanager",
            "secrets.asm.environment-variables",
            "secrets.ssm.environment-variables",
            "env-files.s3",
            "efs",
            "efsAuth",
            "docker-plugin.local",
            "firelens.fluentd",
            "firelens.fluentbit",
        )
    ),
)
"""What the agent of an ECS-optimized image reports."""


@dataclass
class ContainerInstance:
    """One container instance.

    Parameters
    ----------
    id, region, cluster : str
        Its id, and where it is.
    host : str
        The EC2 instance's id.
    kind : InstanceType
        What the EC2 instance has.
    zone, address, image : str
        Of the EC2 instance.
    registered : float
        Epoch seconds.
    provider : str
        The capacity provider whose group it belongs to; empty when there is none.
    """

    id: str
    region: str
    cluster: str
    host: str
    kind: InstanceType
    zone: str
    address: str
    image: str
    registered: float
    provider: str = ""
    status: str = "ACTIVE"
    reason: str = ""
    connected: bool = True
    version: int = 1
    own_attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    ended: float | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"container-instance/{self.cluster}/{self.id}")

    @property
    def attributes(self) -> dict[str, str | None]:
        """All attributes, those of the agent and those that PutAttributes added."""
        return {
            "ecs.ami-id": self.image,
            "ecs.availability-zone": self.zone,
            "ecs.cpu-architecture": "arm64" if self.kind.architecture == "arm64" else "x86_64",
            "ecs.instance-type": self.kind.name,
            "ecs.os-family": "LINUX",
            "ecs.os-type": "linux",
            "embedded-cloud.capacity-record": "there is no virtual machine",
            **dict.fromkeys(CAPABILITIES),
            **self.own_attributes,
        }

    def describe(
        self,
        cpu: int,
        memory: int,
        ports: Sequence[str],
        running: int,
        pending: int,
        *,
        with_tags: bool = False,
    ) -> dict[str, Any]:
        """As DescribeContainerInstances shows it.

        Parameters
        ----------
        cpu, memory : int
            What is left of them, in CPU units and MiB.
        ports : sequence of str
            The host ports that are taken.
        running, pending : int
            Its tasks.
        with_tags : bool
            Whether the caller asked for tags.
        """
        attributes = self.attributes
        reserved = [str(port) for port in RESERVED_PORTS]
        return {
            "containerInstanceArn": self.arn,
            "ec2InstanceId": self.host,
            "capacityProviderName": self.provider or None,
            "version": self.version,
            "versionInfo": {
                "agentVersion": AGENT_VERSION,
                "agentHash": AGENT_HASH,
                "dockerVersion": DOCKER_VERSION,
            },
            "remainingResources": _resources(cpu, memory, [*reserved, *ports]),
            "registeredResources": _resources(self.kind.cpu_units, self.kind.free_memory, reserved),
            "status": self.status,
            "statusReason": self.reason or None,
            "agentConnected": self.connected,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "attributes": [
                {"name": name, **({"value": value} if value is not None else {})} for name, value in attributes.items()
            ],
            "registeredAt": names.moment(self.registered),
            "attachments": [],
            "tags": tag_list(self.tags) if with_tags else [],
        }


def _resources(cpu: int, memory: int, ports: Sequence[str]) -> list[dict[str, Any]]:
    return [
        _resource("CPU", "INTEGER", integerValue=cpu),
        _resource("MEMORY", "INTEGER", integerValue=memory),
        _resource("PORTS", "STRINGSET", stringSetValue=[port for port in ports if not port.endswith("/udp")]),
        _resource(
            "PORTS_UDP",
            "STRINGSET",
            stringSetValue=[port.removesuffix("/udp") for port in ports if port.endswith("/udp")],
        ),
    ]


def _resource(name: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "doubleValue": 0.0, "longValue": 0, "integerValue": 0, **value}
