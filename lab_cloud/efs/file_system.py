"""A file system of EFS, one of its mount targets, and one of its access points."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from ..wire import ACCOUNT, PARTITION

CREATING, AVAILABLE, UPDATING, DELETING = "creating", "available", "updating", "deleting"
EMPTY_BYTES = 6144
"""What AWS meters for a file system without files."""


def arn_of(region: str, kind: str, name: str) -> str:
    """The ARN of a ``file-system`` or an ``access-point``."""
    return f"arn:{PARTITION}:elasticfilesystem:{region}:{ACCOUNT}:{kind}/{name}"


def key_value(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as EFS shows them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass
class FileSystem:
    """One file system.

    Parameters
    ----------
    id, region : str
        Which one.
    token : str
        The creation token, which makes CreateFileSystem idempotent.
    created : float
        Epoch seconds.
    performance, throughput : str
        The modes, as EFS spells them.
    provisioned : float or None
        MiB a second of the throughput mode ``provisioned``.
    encrypted : bool
        Whether it is encrypted at rest.
    key : str
        The KMS key; empty for AWS's own.
    zone : str
        The zone of a One Zone file system; empty for a regional one.
    """

    id: str
    region: str
    token: str
    created: float
    performance: str = "generalPurpose"
    throughput: str = "bursting"
    provisioned: float | None = None
    encrypted: bool = False
    key: str = ""
    zone: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    state: str = CREATING
    since: float = 0.0
    size: int = EMPTY_BYTES
    measured: float = 0.0
    policy: str = ""
    backup: str = "DISABLED"
    protection: str = "ENABLED"
    lifecycle: list[dict[str, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn_of(self.region, "file-system", self.id)

    @property
    def dns_name(self) -> str:
        """The name by which clients find the mount target of their zone."""
        return f"{self.id}.efs.{self.region}.amazonaws.com"

    def describe(self, mount_targets: int) -> dict[str, Any]:
        """As DescribeFileSystems shows it."""
        shown: dict[str, Any] = {
            "OwnerId": ACCOUNT,
            "CreationToken": self.token,
            "FileSystemId": self.id,
            "FileSystemArn": self.arn,
            "CreationTime": _moment(self.created),
            "LifeCycleState": self.state,
            "NumberOfMountTargets": mount_targets,
            "SizeInBytes": {
                "Value": self.size,
                "Timestamp": _moment(self.measured or self.created),
                "ValueInStandard": self.size,
                "ValueInIA": 0,
                "ValueInArchive": 0,
            },
            "PerformanceMode": self.performance,
            "Encrypted": self.encrypted,
            "ThroughputMode": self.throughput,
            "Tags": key_value(self.tags),
            "FileSystemProtection": {"ReplicationOverwriteProtection": self.protection},
        }
        more = {
            "Name": self.tags.get("Name"),
            "KmsKeyId": self.key or None,
            "ProvisionedThroughputInMibps": self.provisioned,
            "AvailabilityZoneName": self.zone or None,
        }
        return {**shown, **{key: value for key, value in more.items() if value is not None}}


@dataclass
class MountTarget:
    """The address of a file system in one subnet.

    Parameters
    ----------
    id, file_system : str
        Which one, and of which file system.
    subnet, vpc, zone : str
        Where it is.
    interface, address : str
        Its network interface.
    groups : tuple of str
        Its security groups.
    """

    id: str
    file_system: str
    subnet: str
    vpc: str
    zone: str
    interface: str
    address: str
    groups: tuple[str, ...]
    state: str = CREATING
    since: float = 0.0

    def describe(self) -> dict[str, Any]:
        """As DescribeMountTargets shows it."""
        return {
            "OwnerId": ACCOUNT,
            "MountTargetId": self.id,
            "FileSystemId": self.file_system,
            "SubnetId": self.subnet,
            "LifeCycleState": self.state,
            "IpAddress": self.address,
            "NetworkInterfaceId": self.interface,
            "AvailabilityZoneName": self.zone,
            "VpcId": self.vpc,
        }


@dataclass
class AccessPoint:
    """A door into a folder of a file system, for one user.

    Parameters
    ----------
    id, region, file_system : str
        Which one, and of which file system.
    token : str
        The client token, which makes CreateAccessPoint idempotent.
    path : str
        The folder that is the root for who mounts by it.
    creation : dict
        The owner and permissions with which that folder is made; empty when it must exist.
    user : dict
        Who every client is taken for; empty when clients keep their own ids.
    """

    id: str
    region: str
    file_system: str
    token: str
    path: str = "/"
    creation: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    state: str = CREATING
    since: float = 0.0

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn_of(self.region, "access-point", self.id)

    def describe(self) -> dict[str, Any]:
        """As DescribeAccessPoints shows it."""
        root: dict[str, Any] = {"Path": self.path}
        if self.creation:
            root["CreationInfo"] = self.creation
        shown: dict[str, Any] = {
            "ClientToken": self.token,
            "Tags": key_value(self.tags),
            "AccessPointId": self.id,
            "AccessPointArn": self.arn,
            "FileSystemId": self.file_system,
            "RootDirectory": root,
            "OwnerId": ACCOUNT,
            "LifeCycleState": self.state,
        }
        if self.user:
            shown["PosixUser"] = self.user
        if "Name" in self.tags:
            shown["Name"] = self.tags["Name"]
        return shown


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
