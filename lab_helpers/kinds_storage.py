"""The things of EFS, EBS, Secrets Manager and Systems Manager that a lab makes."""

from collections.abc import Iterator, Sequence
from typing import Any

from .inventory import Kind, Tags, Thing, Wait, pages


def _file_systems(efs: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(efs, "describe_file_systems", "FileSystems"):
        lab = tags.lab(one["Tags"])
        if lab is not None and one["LifeCycleState"] != "deleting":
            yield Thing("file system", one.get("Name", one["FileSystemId"]), one["FileSystemId"], lab)


def _delete_file_system(efs: Any, thing: Thing) -> None:
    """Its mount targets first; as long as one is left, EFS answers FileSystemInUse, and it is tried again."""
    for one in efs.describe_mount_targets(FileSystemId=thing.id)["MountTargets"]:
        if one["LifeCycleState"] != "deleting":
            efs.delete_mount_target(MountTargetId=one["MountTargetId"])
    efs.delete_file_system(FileSystemId=thing.id)


def _file_systems_gone(efs: Any, wait: Wait, things: Sequence[Thing]) -> None:
    ids = {thing.id for thing in things}

    def gone() -> bool:
        return not ids & {one["FileSystemId"] for one in pages(efs, "describe_file_systems", "FileSystems")}

    wait(gone, "the file systems to be gone", seconds=600)


def _volumes(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_volumes", "Volumes", Filters=tags.filters()):
        yield Thing("EBS volume", one["VolumeId"], one["VolumeId"], tags.lab(one["Tags"]) or 0)


def _delete_volume(ec2: Any, thing: Thing) -> None:
    ec2.delete_volume(VolumeId=thing.id)


def _snapshots(ec2: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ec2, "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=tags.filters()):
        yield Thing("snapshot", one["SnapshotId"], one["SnapshotId"], tags.lab(one["Tags"]) or 0)


def _delete_snapshot(ec2: Any, thing: Thing) -> None:
    ec2.delete_snapshot(SnapshotId=thing.id)


def _secrets(secretsmanager: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(secretsmanager, "list_secrets", "SecretList"):
        lab = tags.lab(one.get("Tags"))
        if lab is not None:
            yield Thing("secret", one["Name"], one["ARN"], lab)


def _delete_secret(secretsmanager: Any, thing: Thing) -> None:
    """At once, so that the next run can make it under the same name."""
    secretsmanager.delete_secret(SecretId=thing.id, ForceDeleteWithoutRecovery=True)


def _parameters(ssm: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages(ssm, "describe_parameters", "Parameters", ParameterFilters=_filters(tags)):
        found = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=one["Name"])["TagList"]
        lab = tags.lab(found)
        if lab is not None:
            yield Thing("parameter", one["Name"], one["Name"], lab)


def _filters(tags: Tags) -> list[dict[str, Any]]:
    """The same filters as EC2's, as Systems Manager writes them."""
    return [{"Key": one["Name"], "Option": "Equals", "Values": one["Values"]} for one in tags.filters()]


def _delete_parameter(ssm: Any, thing: Thing) -> None:
    ssm.delete_parameter(Name=thing.id)


FILE_SYSTEMS = Kind("file system", "efs", _file_systems, _delete_file_system, _file_systems_gone)
VOLUMES = Kind("EBS volume", "ec2", _volumes, _delete_volume)
SNAPSHOTS = Kind("snapshot", "ec2", _snapshots, _delete_snapshot)
SECRETS = Kind("secret", "secretsmanager", _secrets, _delete_secret)
PARAMETERS = Kind("parameter", "ssm", _parameters, _delete_parameter)

KINDS: tuple[Kind, ...] = (FILE_SYSTEMS, VOLUMES, SNAPSHOTS, SECRETS, PARAMETERS)
"""Mount targets hold security groups, so these go before them."""
