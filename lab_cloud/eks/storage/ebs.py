"""The EBS CSI driver: a volume is attached to one instance, and lies in one Availability Zone.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
"""

import math
from pathlib import Path

from ...errors import AwsError
from ..agents.node import Node
from .account import DriverAccount, failed
from .driver import GIB, DriverError, Made, Object, Wish, handle_of
from .folders import Folders

TYPES = ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard")
KNOWN = {
    "type",
    "iops",
    "throughput",
    "encrypted",
    "fstype",
    "csi.storage.k8s.io/fstype",
    "kmskeyid",
    "iopspergb",
    "allowautoiopspergbincrease",
    "allowautoiopsincrease",
    "blocksize",
    "inodesize",
    "bytesperinode",
    "numberofinodes",
    "ext4bigalloc",
    "ext4clustersize",
    "blockexpress",
    "blockattachuntilinitialized",
}
LEAST_GIB = {"st1": 125, "sc1": 125, "io1": 4, "io2": 4}
MARK = "ebs.csi.aws.com/cluster"


class EbsDriver:
    """The driver, for one cluster.

    Parameters
    ----------
    account : DriverAccount
        What it may do.
    folders : Folders
        Where data lie.
    """

    name = "ebs.csi.aws.com"
    attaches = grows = True

    def __init__(self, account: DriverAccount, folders: Folders) -> None:
        self._account = account
        self._folders = folders

    def create(self, wish: Wish) -> Made:
        """Make a volume of Amazon EBS."""
        given = {key.lower(): str(value) for key, value in wish.parameters.items()}
        kind = given.get("type", "gp3")
        self._check(wish, given, kind)
        size = max(math.ceil(wish.size / GIB), LEAST_GIB.get(kind, 1))
        tags = self._tags(wish)
        asked = {"AvailabilityZone": wish.zone, "Size": size, "VolumeType": kind}
        asked |= {key: given[key.lower()] for key in ("Iops", "Throughput", "KmsKeyId") if given.get(key.lower())}
        if given.get("encrypted") == "true":
            asked["Encrypted"] = "true"
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        what = f'Could not create volume "{wish.name}": could not create volume in EC2'
        try:
            context = {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
            self._account.may("ec2", "CreateVolume", self._account.arn("ec2", "volume/*"), **context)
            found = self._account.ec2(
                "CreateVolume", **asked, TagSpecification=[{"ResourceType": "volume", "Tag": listed}]
            )
        except AwsError as error:
            raise failed("EC2", "CreateVolume", error, what) from error
        handle = found["volumeId"][0]
        self._folders.of(self._account.region, "ebs", handle)
        return Made(handle, size * GIB, wish.zone)

    def _check(self, wish: Wish, given: dict[str, str], kind: str) -> None:
        unknown = [key for key in given if key not in KNOWN and not key.startswith("tagspecification_")]
        if unknown:
            raise DriverError("InvalidArgument", f"Invalid parameter key {unknown[0]} for CreateVolume")
        if kind not in TYPES:
            raise DriverError(
                "InvalidArgument", f'Could not create volume "{wish.name}": invalid AWS VolumeType: {kind}'
            )
        if any(each not in ("ReadWriteOnce", "ReadWriteOncePod") for each in wish.modes) and not wish.block:
            raise DriverError(
                "InvalidArgument",
                "Volume capabilities not supported: only access modes ReadWriteOnce and ReadWriteOncePod are supported "
                "for volumeMode Filesystem",
            )
        if not wish.zone:
            raise DriverError("Internal", "error generating accessibility requirements: no available topology found")

    def _tags(self, wish: Wish) -> dict[str, str]:
        cluster = self._account.cluster.name
        own = [value for key, value in wish.parameters.items() if key.lower().startswith("tagspecification_")]
        return {
            **{each.partition("=")[0]: each.partition("=")[2] for each in own},
            "Name": f"{cluster}-dynamic-{wish.name}",
            "CSIVolumeName": wish.name,
            MARK: "true",
            "KubernetesCluster": cluster,
            f"kubernetes.io/cluster/{cluster}": "owned",
            "kubernetes.io/created-for/pv/name": wish.name,
            "kubernetes.io/created-for/pvc/name": wish.claim,
            "kubernetes.io/created-for/pvc/namespace": wish.namespace,
        }

    def delete(self, volume: Object) -> None:
        """Delete the volume of Amazon EBS."""
        handle = handle_of(volume)
        try:
            context = {f"ec2:resourcetag/{MARK}": "true"}
            self._account.may("ec2", "DeleteVolume", self._account.arn("ec2", f"volume/{handle}"), **context)
            self._account.ec2("DeleteVolume", VolumeId=handle)
        except AwsError as error:
            if error.code != "InvalidVolume.NotFound":
                raise failed("EC2", "DeleteVolume", error, f'Could not delete volume ID "{handle}"') from error
        self._folders.remove(self._account.region, "ebs", handle)

    def grow(self, volume: Object, size: float) -> float:
        """Make it larger."""
        handle, wanted = handle_of(volume), math.ceil(size / GIB)
        try:
            self._account.may("ec2", "ModifyVolume", self._account.arn("ec2", f"volume/{handle}"))
            self._account.ec2("ModifyVolume", VolumeId=handle, Size=wanted)
        except AwsError as error:
            raise failed("EC2", "ModifyVolume", error, f'Could not resize volume "{handle}"') from error
        return float(wanted * GIB)

    def attach(self, volume: Object, node: Node) -> None:
        """Attach it to the node's instance."""
        handle, instance = handle_of(volume), _instance(node)
        what = f'Could not attach volume "{handle}" to node "{instance}"'
        try:
            found = self._account.ec2("DescribeVolumes", VolumeId=[handle])
            if instance in found.get("instanceId", ()):
                return
            self._account.may("ec2", "AttachVolume", self._account.arn("ec2", f"volume/{handle}"))
            if found["availabilityZone"][0] != node.zone:
                raise AwsError(
                    "InvalidVolume.ZoneMismatch",
                    f"The volume '{handle}' is not in the same availability zone as instance '{instance}'",
                )
            device = f"/dev/xvda{chr(ord('a') + sum(handle.encode()) % 26)}"
            self._account.ec2("AttachVolume", VolumeId=handle, InstanceId=instance, Device=device)
        except AwsError as error:
            raise failed("EC2", "AttachVolume", error, what) from error

    def detach(self, volume: Object, node: Node) -> None:
        """Detach it."""
        handle = handle_of(volume)
        try:
            self._account.may("ec2", "DetachVolume", self._account.arn("ec2", f"volume/{handle}"))
            self._account.ec2("DetachVolume", VolumeId=handle, InstanceId=_instance(node))
        except AwsError as error:
            raise failed("EC2", "DetachVolume", error, f'Could not detach volume "{handle}"') from error

    def folder(self, volume: Object, node: Node) -> Path:
        """Its folder."""
        return self._folders.of(self._account.region, "ebs", handle_of(volume))


def _instance(node: Node) -> str:
    return node.provider_id.rpartition("/")[2]
