"""The EFS CSI driver: one file system for all pods; each claim gets an access point of its own.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/efs-csi.html
https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/docs/README.md
"""

from pathlib import Path
from typing import Any

from ...errors import AwsError, MountRefused
from ..agents.node import Node
from .account import DriverAccount, failed
from .driver import DriverError, Made, Object, Wish, handle_of

MARK = "efs.csi.aws.com/cluster"
FIRST_GROUP = 50000


class EfsDriver:
    """The driver, for one cluster.

    Parameters
    ----------
    account : DriverAccount
        What it may do.
    """

    name = "efs.csi.aws.com"
    attaches = grows = False

    def __init__(self, account: DriverAccount) -> None:
        self._account = account

    def create(self, wish: Wish) -> Made:
        """Make an access point."""
        given = wish.parameters
        mode, name = given.get("provisioningMode"), given.get("fileSystemId", "")
        if mode is None or not name:
            missing = "provisioningMode" if mode is None else "fileSystemId"
            raise DriverError("InvalidArgument", f"Missing {missing} parameter")
        if mode != "efs-ap":
            why = f"Provisioning mode {mode} is not supported. Only Access point provisioning: 'efs-ap' is supported"
            raise DriverError("InvalidArgument", why)
        path = f"{given.get('basePath', '').rstrip('/')}/{wish.name}"
        group = given.get("gid") or given.get("gidRangeStart") or FIRST_GROUP
        user = {"Uid": int(given.get("uid", group)), "Gid": int(group)}
        owner = {"OwnerUid": user["Uid"], "OwnerGid": user["Gid"], "Permissions": given.get("directoryPerms", "700")}
        body = {
            "ClientToken": wish.name,
            "FileSystemId": name,
            "PosixUser": user,
            "RootDirectory": {"Path": path, "CreationInfo": owner},
            "Tags": [{"Key": MARK, "Value": "true"}],
        }
        resource = self._account.arn("efs", f"file-system/{name}")
        try:
            self._account.may("efs", "DescribeFileSystems", resource)
            self._account.efs("DescribeFileSystems", FileSystemId=name)
        except AwsError as error:
            what = f"Failed to fetch File System info of {name}"
            raise failed("EFS", "DescribeFileSystems", error, what) from error
        try:
            tags: dict[str, Any] = {f"aws:requesttag/{MARK}": "true", "aws:tagkeys": (MARK,)}
            self._account.may("efs", "CreateAccessPoint", resource, **tags)
            made = self._account.efs("CreateAccessPoint", **body)
        except AwsError as error:
            what, code = f"Failed to create Access point in File System {name}", "Internal"
            if "AccessDenied" in error.code:
                what, code = "Access Denied. Please ensure you have the right AWS permissions", "Unauthenticated"
            raise failed("EFS", "CreateAccessPoint", error, what, code) from error
        return Made(f"{name}::{made['AccessPointId']}", wish.size)

    def delete(self, volume: Object) -> None:
        """Delete the access point; its data stay, as on AWS without ``delete-access-point-root-dir``."""
        _name, _path, point = parts(handle_of(volume))
        if not point:
            return
        try:
            context = {f"aws:resourcetag/{MARK}": "true"}
            resource = self._account.arn("efs", f"access-point/{point}")
            self._account.may("efs", "DeleteAccessPoint", resource, **context)
            self._account.efs("DeleteAccessPoint", AccessPointId=point)
        except AwsError as error:
            if error.code != "AccessPointNotFound":
                raise failed("EFS", "DeleteAccessPoint", error, f"Failed to delete access point {point}") from error

    def grow(self, volume: Object, size: float) -> float:
        """A file system grows by itself."""
        return size

    def attach(self, volume: Object, node: Node) -> None:
        """Nothing: it is mounted over the network."""

    def detach(self, volume: Object, node: Node) -> None:
        """Nothing."""

    def folder(self, volume: Object, node: Node) -> Path:
        """The folder of its access point, when the node reaches the file system."""
        name, path, point = parts(handle_of(volume))
        try:
            return self._account.mount_efs(name, node, point, path or "/")
        except MountRefused as error:
            why = f"mount failed: exit status 1. Output: {error.message} {error.remedy}".strip()
            raise DriverError("Internal", f'Could not mount "{name}:/": {why}') from error


def parts(handle: str) -> tuple[str, str, str]:
    """File system, path and access point of a volume handle: ``fs-1::fsap-2``, ``fs-1:/path`` or ``fs-1``."""
    name, path, point = [*handle.split(":"), "", ""][:3]
    return name, path, point
