"""What RunTask and CreateService may ask for a volume that is configured at launch. Pure.

Follows ``TaskManagedEBSVolumeConfiguration`` of the Amazon ECS API Reference, and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ebs-volumes.html.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AwsError
from .volumes import launched_volume

SIZES = {
    **dict.fromkeys(("gp2", "gp3"), (1, 16_384)),
    **dict.fromkeys(("io1", "io2"), (4, 16_384)),
    **dict.fromkeys(("st1", "sc1"), (125, 16_384)),
    "standard": (1, 1024),
}
IOPS = {"gp3": (3000, 16_000), "io1": (100, 64_000), "io2": (100, 256_000)}
NEEDS_IOPS = ("io1", "io2")
MOST_THROUGHPUT = 1000
DEFAULT_TYPE = "gp3"


def check_launch(registered: Mapping[str, Any], params: Mapping[str, Any], launch_type: str) -> tuple[str, ...]:
    """Refuse what ECS refuses of ``volumeConfigurations``.

    Parameters
    ----------
    registered : dict
        The task definition.
    params : dict
        The input of the call.
    launch_type : str
        Where the tasks will run.

    Returns
    -------
    tuple of str
        The infrastructure roles that are handed to ECS.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    asked, name = params.get("volumeConfigurations") or (), launched_volume(registered)
    if not asked:
        if name:
            raise _invalid(
                f"The task definition has a volume that is configured at launch: '{name}'. volumeConfigurations must "
                "be specified for it."
            )
        return ()
    if len(asked) > 1:
        raise _invalid("At most one volume can be configured at launch.")
    if asked[0]["name"] != name:
        raise _invalid(
            f"The volume '{asked[0]['name']}' is not configured at launch in the task definition. Set "
            "configuredAtLaunch there, and use the same name."
        )
    settings = asked[0].get("managedEBSVolume")
    if not settings:
        raise _invalid(f"managedEBSVolume must be specified for the volume '{name}'.")
    _check_settings(settings, launch_type)
    return (str(settings["roleArn"]),)


def _check_settings(settings: Mapping[str, Any], launch_type: str) -> None:
    kind, size = settings.get("volumeType", DEFAULT_TYPE), settings.get("sizeInGiB")
    if kind not in SIZES:
        raise _invalid(f"Invalid volumeType '{kind}'. It must be one of {', '.join(sorted(SIZES))}.")
    if kind == "standard" and launch_type == "FARGATE":
        raise _invalid("The volumeType standard is not supported on Fargate.")
    if size is None and not settings.get("snapshotId"):
        raise _invalid("You must specify either sizeInGiB or snapshotId.")
    low, high = SIZES[kind]
    if size is not None and not low <= size <= high:
        raise _invalid(f"Invalid sizeInGiB {size}. A volume of type {kind} has {low} to {high} GiB.")
    _check_speed(kind, settings.get("iops"), settings.get("throughput"))
    if settings.get("kmsKeyId") and not settings.get("encrypted"):
        raise _invalid("A kmsKeyId needs encrypted.")
    if settings.get("filesystemType") == "ntfs":
        raise _invalid("The filesystemType ntfs is for Windows tasks only.")


def _check_speed(kind: str, iops: int | None, throughput: int | None) -> None:
    if iops is None and kind in NEEDS_IOPS:
        raise _invalid(f"iops must be specified for the volumeType {kind}.")
    if iops is not None:
        if kind not in IOPS:
            raise _invalid(f"iops is not supported for the volumeType {kind}.")
        low, high = IOPS[kind]
        if not low <= iops <= high:
            raise _invalid(f"Invalid iops {iops}. A volume of type {kind} has {low} to {high}.")
    if throughput is not None and (kind != "gp3" or throughput > MOST_THROUGHPUT):
        raise _invalid(f"throughput is only supported for the volumeType gp3, and at most {MOST_THROUGHPUT} MiB/s.")


def tags_of(
    settings: Mapping[str, Any], managed: Mapping[str, str], definition: Mapping[str, str], service: Mapping[str, str]
) -> dict[str, str]:
    """The tags of a volume: those asked for, those propagated, and those by which ECS knows it.

    Parameters
    ----------
    settings : dict
        What was asked.
    managed : mapping
        ECS's own.
    definition, service : mapping
        The tags of the task definition and of the service.
    """
    found: dict[str, str] = {}
    for each in settings.get("tagSpecifications") or ():
        found |= {"TASK_DEFINITION": dict(definition), "SERVICE": dict(service)}.get(each.get("propagateTags", ""), {})
        found |= {tag["key"]: tag.get("value", "") for tag in each.get("tags") or ()}
    return {**found, **managed}


def configuration_of(configurations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The settings of the one volume; it must have been checked."""
    found: Mapping[str, Any] = configurations[0]["managedEBSVolume"]
    return found


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
