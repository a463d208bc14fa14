"""A service with its releases, instances and operations."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..elb.targets import Target
from ..iam.vendor import Issued
from ..runtime.spec import Handle, Share
from . import names

MIB = 1 << 20
OPERATIONS_KEPT = 200
REST_SECONDS = 1.0
"""Real seconds without a request after which an instance is idle."""


@dataclass(frozen=True)
class Settings:
    """What a release runs, and how.

    Parameters
    ----------
    source : mapping
        ``SourceConfiguration``, with its defaults filled in.
    cpu, memory : int
        CPU units (1024 are one vCPU) and MiB.
    role : str
        The instance role's ARN; may be empty.
    check : mapping
        ``HealthCheckConfiguration``.
    scaling : str
        The ARN of the auto scaling configuration.
    network : mapping
        ``NetworkConfiguration``.
    observability : mapping or None
        ``ObservabilityConfiguration``.
    """

    source: Mapping[str, Any]
    cpu: int
    memory: int
    role: str
    check: Mapping[str, Any]
    scaling: str
    network: Mapping[str, Any]
    observability: Mapping[str, Any] | None = None

    @property
    def code(self) -> Mapping[str, Any] | None:
        """``CodeRepository``; None when the source is an image."""
        return self.source.get("CodeRepository")

    @property
    def image(self) -> str:
        """The image as the learner wrote it; empty when the source is code."""
        return "" if self.code else str(self.source["ImageRepository"]["ImageIdentifier"])

    @property
    def of_image(self) -> Mapping[str, Any]:
        """How the image is started."""
        found: Mapping[str, Any] = self.source["ImageRepository"]["ImageConfiguration"]
        return found

    @property
    def access_role(self) -> str:
        """The ARN of the role that pulls the image; empty for a public one."""
        return str(self.source.get("AuthenticationConfiguration", {}).get("AccessRoleArn", ""))

    @property
    def automatic(self) -> bool:
        """Whether a pushed tag is deployed."""
        return bool(self.source["AutoDeploymentsEnabled"])

    def instances_differ(self, other: "Settings") -> bool:
        """Whether the change needs new instances."""
        return any(
            getattr(self, name) != getattr(other, name) for name in ("source", "cpu", "memory", "role", "network")
        )


@dataclass(frozen=True)
class Run:
    """What an instance runs.

    Parameters
    ----------
    image : str
        The reference that the runtime understands; what was pulled or built, even when its name has moved since.
    port : int
        The port that the program listens on.
    command : tuple of str or None
        None: the image's own.
    environment, secrets : mapping of str to str
        Its variables, and those whose values lie at an ARN.
    """

    image: str
    port: int
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Release:
    """One version of a service.

    Parameters
    ----------
    number : int
        From 1.
    settings : Settings
        What it was asked to be.

    Attributes
    ----------
    run : Run or None
        What its instances run, once its image is here.
    """

    number: int
    settings: Settings
    pull: str = ""
    run: Run | None = None

    @property
    def port(self) -> int:
        """The port that its program listens on; 0 before its image is here."""
        return self.run.port if self.run is not None else 0


@dataclass
class Instance:
    """One instance: a container.

    Parameters
    ----------
    id : str
        32 hexadecimal digits, as in the names of log streams.
    release : int
        What it runs.
    cpu : float
        vCPU.
    memory : int
        Bytes.

    Attributes
    ----------
    target : Target or None
        Itself in the data plane, once it listens.
    resting : bool
        Whether it has had no request for a while: its CPU is then held back, as on AWS.
    credentials : Issued or None
        Those of the instance role.
    """

    id: str
    release: int
    cpu: float
    memory: int
    target: Target | None = None
    answered: int = 0
    busy_at: float = 0.0
    resting: bool = False
    handle: Handle | None = None
    ended: str = ""
    drain_since: float | None = None
    stopping: bool = False
    credentials: Issued | None = None

    def share(self) -> Share:
        """Its CPU and memory, for the runtime."""
        return Share(self.cpu, self.memory, self.idle)

    def idle(self) -> bool:
        """Whether it has no request now and has had none for a while. May be called from any thread."""
        return self.resting and (self.target is None or not self.target.in_flight)

    def rest(self, target: Target | None, now: float) -> None:
        """Look at what it does; until it is healthy it is starting, which is work."""
        self.target = target
        if target is None or target.record.health.state != "healthy" or target.in_flight:
            self.busy_at = now
        elif target.counters.requests != self.answered:
            self.answered, self.busy_at = target.counters.requests, now
        self.resting = now - self.busy_at > REST_SECONDS

    @property
    def address(self) -> str:
        """What stands for its private address, which App Runner shows nobody."""
        return f"apprunner-{self.id}"


@dataclass
class Operation:
    """Something that App Runner does to a service."""

    id: str
    kind: str
    started: float
    status: str = "IN_PROGRESS"
    updated: float = 0.0
    ended: float | None = None
    deploys: bool = True
    failure: str = ""

    def describe(self, target: str) -> dict[str, Any]:
        """As ListOperations shows it."""
        return {
            "Id": self.id,
            "Type": self.kind,
            "Status": self.status,
            "TargetArn": target,
            "StartedAt": names.moment(self.started),
            "EndedAt": names.moment(self.ended),
            "UpdatedAt": names.moment(self.updated or self.started),
        }


@dataclass
class Service:
    """A service.

    Parameters
    ----------
    region, name, id, url : str
        Where it is, and how it is called.
    settings : Settings
        As they are described; a failed update takes them back.
    created : float
        Epoch seconds.
    """

    region: str
    name: str
    id: str
    url: str
    settings: Settings
    created: float
    encryption: Mapping[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "OPERATION_IN_PROGRESS"
    updated: float = 0.0
    deleted: float | None = None
    operation: Operation | None = None
    operations: deque[Operation] = field(default_factory=lambda: deque(maxlen=OPERATIONS_KEPT))
    releases: dict[int, Release] = field(default_factory=dict)
    active: int = 0
    candidate: int = 0
    last: int = 0  # the release that had the traffic last
    released: int = 0
    instances: dict[str, Instance] = field(default_factory=dict)
    loads: deque[tuple[float, int]] = field(default_factory=deque)
    retry_at: float = 0.0
    pushed: bool = False

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"service/{self.name}/{self.id}")

    def group(self, release: int) -> str:
        """What stands for the instances of one release in the data plane."""
        return f"{self.arn}/{release}"

    def log_group(self, kind: str) -> str:
        """The log group: ``application`` or ``service``."""
        return f"/aws/apprunner/{self.name}/{self.id}/{kind}"

    def begin(self, kind: str, now: float, *, deploys: bool = True) -> Operation:
        """Begin an operation; the service is busy until it is over."""
        self.operation = Operation(names.operation_id(), kind, now, deploys=deploys)
        self.operations.appendleft(self.operation)
        self.status, self.updated = "OPERATION_IN_PROGRESS", now
        return self.operation

    def release(self, settings: Settings) -> Release:
        """Make the next release, which is to get the traffic."""
        self.released += 1
        made = self.releases[self.released] = Release(self.released, settings)
        self.candidate = made.number
        return made

    def prune(self) -> set[str]:
        """Forget the releases that nothing runs any more; the last one that had the traffic stays, to be resumed.

        Returns
        -------
        set of str
            The images that no release runs any more.
        """
        used = {one.release for one in self.instances.values()} | {self.active, self.candidate, self.last}
        before = self.images()
        self.releases = {number: one for number, one in self.releases.items() if number in used}
        return before - self.images()

    def images(self) -> set[str]:
        """The images of its releases."""
        return {one.run.image for one in self.releases.values() if one.run is not None}

    def summary(self) -> dict[str, Any]:
        """As ListServices shows it."""
        return {
            "ServiceName": self.name,
            "ServiceId": self.id,
            "ServiceArn": self.arn,
            "ServiceUrl": self.url,
            "CreatedAt": names.moment(self.created),
            "UpdatedAt": names.moment(self.updated),
            "Status": self.status,
        }

    def describe(self, scaling: Mapping[str, Any]) -> dict[str, Any]:
        """As DescribeService shows it.

        Parameters
        ----------
        scaling : mapping
            The summary of its auto scaling configuration.
        """
        settings = self.settings
        instance = {"Cpu": str(settings.cpu), "Memory": str(settings.memory), "InstanceRoleArn": settings.role or None}
        return {
            **self.summary(),
            "DeletedAt": names.moment(self.deleted),
            "SourceConfiguration": settings.source,
            "InstanceConfiguration": instance,
            "EncryptionConfiguration": self.encryption,
            "HealthCheckConfiguration": settings.check,
            "AutoScalingConfigurationSummary": scaling,
            "NetworkConfiguration": settings.network,
            "ObservabilityConfiguration": settings.observability or {"ObservabilityEnabled": False},
        }
