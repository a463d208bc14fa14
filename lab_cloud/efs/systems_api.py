"""Operations on file systems.

References
----------
https://docs.aws.amazon.com/efs/latest/ug/API_CreateFileSystem.html
https://docs.aws.amazon.com/efs/latest/ug/API_DeleteFileSystem.html
"""

from typing import Any

from ..clock import Clock
from ..paging import page
from ..wire import Call
from .file_system import AVAILABLE, CREATING, DELETING, UPDATING, FileSystem
from .store import EfsStore, Region, bad, failure, new_id
from .tags import tag_map

PAGE = 100


class SystemOperations:
    """Create, describe, update and delete file systems."""

    _store: EfsStore
    _clock: Clock

    def create_file_system(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateFileSystem: its folder is there at once, its state says when it can be used."""
        region, token = self._store.region(call.region), params["CreationToken"]
        for each in region.systems.values():
            if each.token == token:
                text = f"File system '{each.id}' already exists with creation token '{token}'"
                raise failure("FileSystemAlreadyExists", text, FileSystemId=each.id)
        _check(params)
        now = self._clock.now()
        made = FileSystem(
            id=new_id("fs"),
            region=call.region,
            token=token,
            created=now,
            performance=params.get("PerformanceMode", "generalPurpose"),
            throughput=params.get("ThroughputMode", "bursting"),
            provisioned=params.get("ProvisionedThroughputInMibps"),
            encrypted=bool(params.get("Encrypted")),
            key=params.get("KmsKeyId", ""),
            zone=params.get("AvailabilityZoneName", ""),
            tags=tag_map(params.get("Tags")),
            since=now,
        )
        if params.get("Backup", bool(made.zone)):
            made.backup = "ENABLED"
        self._store.place(call.region, made.id).mkdir(parents=True)
        region.systems[made.id] = made
        return made.describe(0)

    def describe_file_systems(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeFileSystems: one, or all page by page."""
        region = self._store.region(call.region)
        if params.get("FileSystemId") and params.get("CreationToken"):
            raise bad("FileSystemId and CreationToken cannot both be specified.")
        found = list(region.systems.values())
        if params.get("FileSystemId"):
            found = [region.system(params["FileSystemId"])]
        elif params.get("CreationToken"):
            found = [each for each in found if each.token == params["CreationToken"]]
        shown = [_shown(region, each) for each in found]
        some, marker = page(shown, params.get("Marker"), params.get("MaxItems") or PAGE, "BadRequest")
        return {"FileSystems": some, "Marker": params.get("Marker"), "NextMarker": marker}

    def update_file_system(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateFileSystem: its throughput."""
        region = self._store.region(call.region)
        system = region.system(params["FileSystemId"])
        check_usable(system)
        wanted = params.get("ThroughputMode", system.throughput)
        provisioned = params.get("ProvisionedThroughputInMibps")
        if wanted == "provisioned" and provisioned is None:
            provisioned = system.provisioned
        _check({"ThroughputMode": wanted, "ProvisionedThroughputInMibps": provisioned,
                "PerformanceMode": system.performance})  # fmt: skip
        if (wanted, provisioned) == (system.throughput, system.provisioned):
            raise bad("The file system has this throughput mode and this provisioned throughput already.")
        system.throughput, system.provisioned = wanted, provisioned
        system.state, system.since = UPDATING, self._clock.now()
        return _shown(region, system)

    def update_file_system_protection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateFileSystemProtection: whether it may become the copy of another one."""
        system = self._store.region(call.region).system(params["FileSystemId"])
        check_usable(system)
        system.protection = params.get("ReplicationOverwriteProtection", system.protection)
        return {"ReplicationOverwriteProtection": system.protection}

    def delete_file_system(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteFileSystem with all its files; its mount targets must be gone."""
        region = self._store.region(call.region)
        system = region.system(params["FileSystemId"])
        if region.targets_of(system):
            text = f"File system '{system.id}' has mount targets created in it. Delete them, then the file system."
            raise failure("FileSystemInUse", text)
        if system.state == CREATING:
            raise failure("IncorrectFileSystemLifeCycleState", f"File system '{system.id}' is still being created.")
        if system.state != DELETING:
            system.state, system.since = DELETING, self._clock.now()
        for point in region.points_of(system):
            region.points.pop(point.id)


def check_usable(system: FileSystem) -> None:
    """Refuse a file system that is not available.

    Raises
    ------
    AwsError
        ``IncorrectFileSystemLifeCycleState``.
    """
    if system.state != AVAILABLE:
        text = f"File system '{system.id}' is in the state '{system.state}'. It must be 'available'."
        raise failure("IncorrectFileSystemLifeCycleState", text)


def _shown(region: Region, system: FileSystem) -> dict[str, Any]:
    return system.describe(len(region.targets_of(system)))


def _check(params: dict[str, Any]) -> None:
    throughput, provisioned = params.get("ThroughputMode", "bursting"), params.get("ProvisionedThroughputInMibps")
    if throughput == "provisioned" and provisioned is None:
        raise bad("When the throughput mode is provisioned, ProvisionedThroughputInMibps must be specified.")
    if throughput != "provisioned" and provisioned is not None:
        raise bad("ProvisionedThroughputInMibps can only be specified with the throughput mode provisioned.")
    most_io = params.get("PerformanceMode") == "maxIO"
    if most_io and throughput == "elastic":
        raise bad("The performance mode maxIO is not supported with the throughput mode elastic.")
    if most_io and params.get("AvailabilityZoneName"):
        raise bad("The performance mode maxIO is not supported for One Zone file systems.")
    if params.get("KmsKeyId") and not params.get("Encrypted"):
        raise bad("KmsKeyId can only be specified when Encrypted is true.")
