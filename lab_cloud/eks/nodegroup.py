"""A managed node group, as the EKS API knows it.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
"""

from dataclasses import dataclass, field
from typing import Any

from . import names
from .update import Update

CREATING, ACTIVE, UPDATING, DELETING = "CREATING", "ACTIVE", "UPDATING", "DELETING"
DEGRADED, CREATE_FAILED, DELETE_FAILED = "DEGRADED", "CREATE_FAILED", "DELETE_FAILED"
DISK = 20


@dataclass(frozen=True)
class Issue:
    """What is wrong, by AWS's code."""

    code: str
    message: str
    resources: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """As ``health`` shows it."""
        return {"code": self.code, "message": self.message, "resourceIds": list(self.resources)}


@dataclass(frozen=True)
class Taint:
    """A taint, as the EKS API spells it."""

    key: str
    value: str
    effect: str

    @property
    def kubernetes(self) -> dict[str, str]:
        """As Kubernetes spells it."""
        effect = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
        found = {"key": self.key, "effect": effect[self.effect]}
        return {**found, "value": self.value} if self.value else found

    def describe(self) -> dict[str, str]:
        """As DescribeNodegroup shows it."""
        return {"key": self.key, "value": self.value, "effect": self.effect}


@dataclass
class Made:
    """What EKS made for a node group: names and ids.

    Parameters
    ----------
    group : str
        The Auto Scaling group.
    template, version : str
        The launch template's id, and the version that instances should have.
    profile : str
        The instance profile.
    remote_group : str
        The security group that lets SSH in; empty for none.
    """

    group: str = ""
    template: str = ""
    version: str = ""
    profile: str = ""
    remote_group: str = ""


@dataclass
class Nodegroup:
    """A node group.

    Parameters
    ----------
    name, cluster, region : str
        Which one.
    role : str
        The ARN of its nodes' role.
    subnets, types : tuple of str
        Where it may be; which instance types, the first choice first.
    least, most, desired : int
        In nodes.
    ami : str
        The AMI type.
    capacity : str
        ``ON_DEMAND`` or ``SPOT``.
    version, release : str
        Of Kubernetes, and of the image.
    disk : int
        In GiB.
    created : float
        When.
    """

    name: str
    cluster: str
    region: str
    role: str
    subnets: tuple[str, ...]
    types: tuple[str, ...]
    least: int
    most: int
    desired: int
    ami: str
    capacity: str
    version: str
    release: str
    disk: int
    created: float
    modified: float = 0.0
    status: str = CREATING
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    key: str = ""
    key_sources: tuple[str, ...] = ()
    update_config: dict[str, Any] = field(default_factory=lambda: {"maxUnavailable": 1})
    repair: dict[str, Any] = field(default_factory=dict)
    launch_template: dict[str, str] = field(default_factory=dict)
    token: str = ""
    id: str = field(default_factory=names.uuid)
    made: Made = field(default_factory=Made)
    issues: tuple[Issue, ...] = ()
    updates: dict[str, Update] = field(default_factory=dict)
    target: tuple[str, str] | None = None  # version and release that an update brings
    force: bool = False  # whether an update goes on though pods do not let themselves be evicted
    blocked_since: float | None = None
    worn: tuple[dict[str, str], tuple[Taint, ...]] | None = None  # labels and taints that its nodes have

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"nodegroup/{self.cluster}/{self.name}/{self.id}")

    def describe(self) -> dict[str, Any]:
        """As DescribeNodegroup shows it."""
        shown: dict[str, Any] = {
            "nodegroupName": self.name,
            "nodegroupArn": self.arn,
            "clusterName": self.cluster,
            "version": self.version,
            "releaseVersion": self.release,
            "createdAt": names.moment(self.created),
            "modifiedAt": names.moment(self.modified or self.created),
            "status": self.status,
            "capacityType": self.capacity,
            "scalingConfig": {"minSize": self.least, "maxSize": self.most, "desiredSize": self.desired},
            "subnets": list(self.subnets),
            "amiType": self.ami,
            "nodeRole": self.role,
            "labels": self.labels,
            "health": {"issues": [each.describe() for each in self.issues]},
            "updateConfig": self.update_config,
            "tags": self.tags,
        }
        if self.types:
            shown["instanceTypes"] = list(self.types)
        if self.taints:
            shown["taints"] = [each.describe() for each in self.taints]
        if self.disk:
            shown["diskSize"] = self.disk
        if self.launch_template:
            shown["launchTemplate"] = self.launch_template
        if self.repair:
            shown["nodeRepairConfig"] = self.repair
        if self.key:
            shown["remoteAccess"] = {"ec2SshKey": self.key, "sourceSecurityGroups": list(self.key_sources)}
        if self.made.group:
            shown["resources"] = {"autoScalingGroups": [{"name": self.made.group}]}
            if self.made.remote_group:
                shown["resources"]["remoteAccessSecurityGroup"] = self.made.remote_group
        return shown

    def running(self) -> Update | None:
        """The update that has not ended."""
        return next((each for each in self.updates.values() if each.status == "InProgress"), None)
