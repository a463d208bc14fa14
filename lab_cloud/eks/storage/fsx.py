"""The FSx for Lustre CSI driver, and Trident, which uses FSx for NetApp ONTAP: both for many pods at once.

A claim of the first gets a file system of its own. Trident makes volumes in a file system that is there: on a real
cluster an object of its kind TridentBackendConfig names it, here it takes the first one of the region that its class
allows.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/fsx-csi.html
https://docs.aws.amazon.com/eks/latest/userguide/fsx-ontap.html
https://docs.netapp.com/us-en/trident/trident-use/trident-fsx.html
"""

import math
from pathlib import Path
from typing import Any

from ...errors import AwsError
from ..agents.node import Node
from .account import DriverAccount, failed
from .driver import GIB, DriverError, Made, Object, Wish, handle_of
from .folders import Folders, below

SMALLEST_GIB, STEP_GIB = 1200, 2400
BACKENDS = ("ontap-nas", "ontap-nas-economy", "ontap-nas-flexgroup", "ontap-san", "ontap-san-economy")


class LustreDriver:
    """The driver, for one cluster.

    Parameters
    ----------
    account : DriverAccount
        What it may do.
    folders : Folders
        Where data lie.
    """

    name = "fsx.csi.aws.com"
    attaches = grows = False

    def __init__(self, account: DriverAccount, folders: Folders) -> None:
        self._account = account
        self._folders = folders

    def create(self, wish: Wish) -> Made:
        """Make a file system."""
        given = wish.parameters
        subnet = given.get("subnetId", "")
        if not subnet:
            raise DriverError("InvalidArgument", "subnetId is required")
        wanted = wish.size / GIB
        size = SMALLEST_GIB if wanted <= SMALLEST_GIB else STEP_GIB * math.ceil(wanted / STEP_GIB)
        asked: dict[str, Any] = {
            "ClientRequestToken": wish.name[-63:],
            "FileSystemType": "LUSTRE",
            "StorageCapacity": size,
            "SubnetIds": [subnet],
            "LustreConfiguration": {"DeploymentType": given.get("deploymentType", "SCRATCH_2")},
            "Tags": [{"Key": "CSIVolumeName", "Value": wish.name}, *_extra(given)],
        }
        if given.get("perUnitStorageThroughput"):
            asked["LustreConfiguration"]["PerUnitStorageThroughput"] = int(given["perUnitStorageThroughput"])
        if given.get("securityGroupIds"):
            asked["SecurityGroupIds"] = given["securityGroupIds"].split(",")
        try:
            self._account.may("fsx", "CreateFileSystem", self._account.arn("fsx", "file-system/*"))
            made = self._account.fsx("CreateFileSystem", **asked)["FileSystem"]
        except AwsError as error:
            what = f'Could not create volume "{wish.name}": CreateFileSystem failed'
            raise failed("FSx", "CreateFileSystem", error, what) from error
        own = made.get("LustreConfiguration") or {}
        attributes = {"dnsname": made.get("DNSName", ""), "mountname": own.get("MountName", "fsx")}
        self._folders.of(self._account.region, "fsx", made["FileSystemId"])
        return Made(made["FileSystemId"], size * GIB, attributes=attributes)

    def delete(self, volume: Object) -> None:
        """Delete the file system."""
        handle = handle_of(volume)
        try:
            self._account.may("fsx", "DeleteFileSystem", self._account.arn("fsx", f"file-system/{handle}"))
            self._account.fsx("DeleteFileSystem", FileSystemId=handle)
        except AwsError as error:
            if error.code not in ("FileSystemNotFound", "ResourceNotFoundException"):
                what = f'Could not delete volume ID "{handle}"'
                raise failed("FSx", "DeleteFileSystem", error, what) from error
        self._folders.remove(self._account.region, "fsx", handle)

    def grow(self, volume: Object, size: float) -> float:
        """Not here."""
        raise DriverError("Unimplemented", "the embedded cloud does not grow file systems of FSx for Lustre")

    def attach(self, volume: Object, node: Node) -> None:
        """Nothing: it is mounted over the network."""

    def detach(self, volume: Object, node: Node) -> None:
        """Nothing."""

    def folder(self, volume: Object, node: Node) -> Path:
        """Its folder."""
        handle = handle_of(volume)
        _describe(self._account, handle, "Could not mount")
        return self._folders.of(self._account.region, "fsx", handle)


class TridentDriver:
    """The driver, for one cluster.

    Parameters
    ----------
    account : DriverAccount
        What it may do.
    folders : Folders
        Where data lie.
    """

    name = "csi.trident.netapp.io"
    attaches = False
    grows = True

    def __init__(self, account: DriverAccount, folders: Folders) -> None:
        self._account = account
        self._folders = folders

    def create(self, wish: Wish) -> Made:
        """Make a volume in a file system of FSx for ONTAP."""
        kind = wish.parameters.get("backendType", "ontap-nas")
        what = f"encountered error(s) in creating the volume: [Failed to create volume {wish.name}"
        if kind not in BACKENDS:
            raise DriverError("Unknown", f"{what}: no available backends for storage class]")
        block = kind.startswith("ontap-san")
        if block and not wish.block and "ReadWriteMany" in wish.modes:
            raise DriverError("InvalidArgument", f"{what}: ReadWriteMany is not supported by {kind}]")
        try:
            self._account.may("fsx", "DescribeFileSystems", self._account.arn("fsx", "file-system/*"))
            listed = self._account.fsx("DescribeFileSystems")["FileSystems"]
        except AwsError as error:
            raise failed("FSx", "DescribeFileSystems", error, what, "Unknown") from error
        found = next((each["FileSystemId"] for each in listed if each["FileSystemType"] == "ONTAP"), "")
        if not found:
            raise DriverError("Unknown", f"{what}: no available backends: there is no file system of FSx for ONTAP]")
        folder = self._folders.of(self._account.region, "fsx", found)
        below(folder, wish.name)
        attributes = {"backendUUID": found, "internalName": wish.name, "protocol": "block" if block else "file"}
        return Made(wish.name, wish.size, attributes=attributes)

    def delete(self, volume: Object) -> None:
        """Delete the volume."""
        name = volume["spec"]["csi"]["volumeAttributes"]["backendUUID"]
        self._folders.remove(self._account.region, "fsx", f"{name}/{handle_of(volume)}")

    def grow(self, volume: Object, size: float) -> float:
        """Make it larger: it takes no room before it is filled."""
        return size

    def attach(self, volume: Object, node: Node) -> None:
        """Nothing: it is mounted over the network."""

    def detach(self, volume: Object, node: Node) -> None:
        """Nothing."""

    def folder(self, volume: Object, node: Node) -> Path:
        """Its folder."""
        name = volume["spec"]["csi"]["volumeAttributes"]["backendUUID"]
        _describe(self._account, name, "Could not mount")
        return below(self._folders.of(self._account.region, "fsx", name), handle_of(volume))


def _describe(account: DriverAccount, name: str, what: str) -> None:
    try:
        account.fsx("DescribeFileSystems", FileSystemIds=[name])
    except AwsError as error:
        raise failed("FSx", "DescribeFileSystems", error, f'{what} "{name}"') from error


def _extra(given: Any) -> list[dict[str, str]]:
    pairs = (each.partition("=") for each in given.get("extraTags", "").split(",") if "=" in each)
    return [{"Key": key.strip(), "Value": value.strip()} for key, _, value in pairs]
