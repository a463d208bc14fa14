"""A task and its containers."""

from dataclasses import dataclass, field
from typing import Any

from ..iam.vendor import Issued
from ..runtime.spec import Handle, Share
from . import names
from .container_health import Record, task_health
from .tags import tag_list
from .task_definition import TaskDefinition
from .volumes import Prepared

EVERYWHERE = "0.0.0.0"  # noqa: S104 - as AWS shows it; nothing is bound to it
STOPPED_VISIBLE_SECONDS = 3600.0
"""Stopped tasks can be described for a real hour at least."""


@dataclass(frozen=True)
class Network:
    """Where a task's network interface goes.

    Parameters
    ----------
    subnets, security_groups : tuple of str
        Ids; the first subnet is taken in turn.
    public_address : bool
        Whether it gets a public address (``assignPublicIp``).
    """

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    public_address: bool

    def describe(self) -> dict[str, Any]:
        """As ``networkConfiguration`` shows it."""
        return {
            "awsvpcConfiguration": {
                "subnets": list(self.subnets),
                "securityGroups": list(self.security_groups),
                "assignPublicIp": "ENABLED" if self.public_address else "DISABLED",
            }
        }


@dataclass(frozen=True)
class Interface:
    """The network interface that a task got."""

    id: str
    attachment: str
    subnet: str
    zone: str
    address: str
    mac: str
    dns_name: str
    security_groups: tuple[str, ...]
    public_address: str | None = None


@dataclass(frozen=True)
class Host:
    """The container instance that a task runs on.

    Parameters
    ----------
    instance, arn : str
        The container instance.
    id, zone, address : str
        The EC2 instance.
    vcpu, memory : int
        What it has; memory in MiB.
    """

    instance: str
    arn: str
    id: str
    zone: str
    address: str
    vcpu: int
    memory: int


@dataclass
class EbsVolume:
    """The EBS volume that a task got.

    Parameters
    ----------
    id, name, role, snapshot : str
        The volume, its name in the task definition, the infrastructure role, and the snapshot that it began with.
    delete : bool
        Whether it ends with the task.
    attachment : str
        The id of the attachment.
    """

    id: str
    name: str
    role: str
    snapshot: str
    delete: bool
    attachment: str
    released: bool = False

    def describe(self, task_status: str) -> dict[str, Any]:
        """As ``attachments`` of a task shows it."""
        details = {
            "roleArn": self.role,
            "volumeName": self.name,
            "volumeId": self.id,
            "deleteOnTermination": str(self.delete).lower(),
        }
        return {
            "id": self.attachment,
            "type": "AmazonElasticBlockStorage",
            "status": "DELETED" if task_status == "STOPPED" else "ATTACHED",
            "details": [{"name": name, "value": value} for name, value in details.items()],
        }


@dataclass
class Container:
    """One container of a task.

    Parameters
    ----------
    definition : dict
        Its container definition.
    override : dict
        What RunTask changed.
    arn : str
        Its ARN.
    """

    definition: dict[str, Any]
    override: dict[str, Any]
    arn: str
    status: str = "PENDING"
    handle: Handle | None = None
    exit_code: int | None = None
    reason: str | None = None
    image_digest: str | None = None
    launching: bool = False
    started_at: float | None = None
    health: Record = field(default_factory=Record)
    asking: bool = False
    host_ports: dict[int, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Its name within the task."""
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        """Whether the task ends with it."""
        return bool(self.definition.get("essential", True))

    @property
    def checked(self) -> bool:
        """Whether it has a health check."""
        command = self.definition.get("healthCheck", {}).get("command", ["NONE"])
        return bool(command[0] != "NONE")

    @property
    def alive(self) -> bool:
        """Whether it has a living process."""
        return self.handle is not None and self.status == "RUNNING"


@dataclass
class Task:
    """One task, from PROVISIONING to STOPPED."""

    id: str
    region: str
    cluster: str
    definition: TaskDefinition
    containers: list[Container]
    group: str
    launch_type: str
    network: Network | None
    created_at: float
    overrides: dict[str, Any] = field(default_factory=dict)
    started_by: str = ""
    service: str = ""
    deployment: str = ""
    platform_version: str = "1.4.0"
    capacity_provider: str = ""
    placement: dict[str, Any] = field(default_factory=dict)
    host: Host | None = None
    tags: dict[str, str] = field(default_factory=dict)
    execute_command: bool = False
    protected_until: float = 0.0
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    entered_at: float = 0.0
    version: int = 1
    interface: Interface | None = None
    metadata_token: str = ""
    credentials: Issued | None = None
    agent: str = "PENDING"
    starting: bool = False
    pulled: bool = False
    share: Share | None = None
    volume_configurations: list[dict[str, Any]] = field(default_factory=list)
    ebs: EbsVolume | None = None
    volumes: dict[str, Prepared] = field(default_factory=dict, repr=False)
    was_healthy: bool = False
    told_unhealthy: bool = False
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    started_at: float | None = None
    stopping_at: float | None = None
    stopped_at: float | None = None
    execution_stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"task/{self.cluster}/{self.id}")

    @property
    def cpu(self) -> str | None:
        """CPU units as a task shows them."""
        found = self.overrides.get("cpu") or self.definition.registered.get("cpu")
        return str(found) if found else None

    @property
    def memory(self) -> str | None:
        """MiB of memory as a task shows them."""
        found = self.overrides.get("memory") or self.definition.registered.get("memory")
        return str(found) if found else None

    @property
    def placed(self) -> bool:
        """Whether there is capacity that it can run on; one that waits for an instance has none yet."""
        return self.launch_type == "FARGATE" or self.host is not None

    @property
    def zone(self) -> str:
        """Its Availability Zone; empty until it has one."""
        if self.interface is not None:
            return self.interface.zone
        return self.host.zone if self.host is not None else ""

    @property
    def health(self) -> str:
        """HEALTHY, UNHEALTHY or UNKNOWN, by its containers' health checks."""
        return task_health(each.health.status for each in self.containers if each.essential and each.checked)

    @property
    def _architecture(self) -> str:
        wanted = self.definition.registered.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
        return str(wanted).lower()

    @property
    def _ephemeral_storage(self) -> dict[str, Any] | None:
        asked = self.overrides.get("ephemeralStorage") or self.definition.registered.get("ephemeralStorage")
        return asked or ({"sizeInGiB": 20} if self.launch_type == "FARGATE" else None)

    @property
    def _attachments(self) -> list[dict[str, Any]]:
        found = [_attachment(self.interface, self.status)] if self.interface else []
        return [*found, self.ebs.describe(self.status)] if self.ebs is not None else found

    def ask_to_stop(self, code: str, reason: str, now: float) -> None:
        """Want it stopped; the first reason given is the one that stays."""
        if self.desired == "STOPPED":
            return
        self.desired = "STOPPED"
        self.stop_code, self.stopped_reason = code, reason
        self.stopping_at = now
        self.version += 1

    def enter(self, status: str, now: float) -> None:
        """Move on to a status."""
        self.status, self.entered_at = status, now
        self.version += 1
        if status == "RUNNING":
            self.started_at = now
        elif status == "STOPPED":
            self.stopped_at = now

    def describe(self, *, with_tags: bool = False) -> dict[str, Any]:
        """As DescribeTasks shows it."""
        return {
            "taskArn": self.arn,
            "clusterArn": names.arn(self.region, f"cluster/{self.cluster}"),
            "taskDefinitionArn": self.definition.arn,
            "attachments": self._attachments,
            "attributes": [{"name": "ecs.cpu-architecture", "value": self._architecture}],
            "availabilityZone": self.zone or None,
            "containerInstanceArn": self.host.arn if self.host is not None else None,
            "capacityProviderName": self.capacity_provider or None,
            "connectivity": "CONNECTED" if self.started_at else None,
            "connectivityAt": names.moment(self.started_at),
            "containers": [self._describe_container(each) for each in self.containers],
            "cpu": self.cpu,
            "memory": self.memory,
            "createdAt": names.moment(self.created_at),
            "desiredStatus": self.desired,
            "enableExecuteCommand": self.execute_command,
            "executionStoppedAt": names.moment(self.execution_stopped_at),
            "group": self.group,
            "healthStatus": self.health,
            "inferenceAccelerators": [],
            "lastStatus": self.status,
            "launchType": self.launch_type,
            "overrides": {"containerOverrides": [{"name": each.name} for each in self.containers], **self.overrides},
            "platformVersion": self.platform_version if self.launch_type == "FARGATE" else None,
            "platformFamily": "Linux" if self.launch_type == "FARGATE" else None,
            "pullStartedAt": names.moment(self.pull_started_at),
            "pullStoppedAt": names.moment(self.pull_stopped_at),
            "startedAt": names.moment(self.started_at),
            "startedBy": self.started_by or None,
            "stopCode": self.stop_code,
            "stoppedAt": names.moment(self.stopped_at),
            "stoppedReason": self.stopped_reason,
            "stoppingAt": names.moment(self.stopping_at),
            "ephemeralStorage": self._ephemeral_storage,
            "tags": tag_list(self.tags) if with_tags else [],
            "version": self.version,
        }

    def _managed_agents(self, container: Container) -> list[dict[str, Any]] | None:
        if not self.execute_command:
            return None
        status = "STOPPED" if container.status == "STOPPED" else self.agent if container.alive else "PENDING"
        started = names.moment(container.started_at) if status == "RUNNING" else None
        return [{"name": "ExecuteCommandAgent", "lastStatus": status, "lastStartedAt": started}]

    def _describe_container(self, container: Container) -> dict[str, Any]:
        interface = self.interface
        interfaces = []
        if interface:
            interfaces = [{"attachmentId": interface.attachment, "privateIpv4Address": interface.address}]
        handle = container.handle
        bindings = []
        if container.host_ports:
            bindings = [
                {"bindIP": EVERYWHERE, "containerPort": port, "hostPort": host, "protocol": "tcp"}
                for port, host in sorted(container.host_ports.items())
            ]
        elif handle is not None:
            # awsvpc on AWS shows none; here the loopback port is how the container can really be reached
            bindings = [
                {"bindIP": "127.0.0.1", "containerPort": port, "hostPort": loopback, "protocol": "tcp"}
                for port, loopback in sorted(handle.ports.items())
            ]
        definition = container.definition
        memory = definition.get("memory")
        reservation = definition.get("memoryReservation")
        return {
            "containerArn": container.arn,
            "taskArn": self.arn,
            "name": container.name,
            "image": definition["image"],
            "imageDigest": container.image_digest,
            "runtimeId": handle.id if handle is not None else None,
            "lastStatus": container.status,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "networkBindings": bindings,
            "networkInterfaces": interfaces,
            "managedAgents": self._managed_agents(container),
            "healthStatus": container.health.status,
            "cpu": str(definition.get("cpu", 0)),
            "memory": str(memory) if memory else None,
            "memoryReservation": str(reservation) if reservation else None,
        }


def _attachment(interface: Interface, task_status: str) -> dict[str, Any]:
    details = [
        {"name": "subnetId", "value": interface.subnet},
        {"name": "networkInterfaceId", "value": interface.id},
        {"name": "macAddress", "value": interface.mac},
        {"name": "privateDnsName", "value": interface.dns_name},
        {"name": "privateIPv4Address", "value": interface.address},
    ]
    status = "DELETED" if task_status == "STOPPED" else "ATTACHED"
    return {"id": interface.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details}
