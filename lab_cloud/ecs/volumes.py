"""What a task definition may say of volumes, and what its containers then see of them. Pure.

Follows ``Volume``, ``EFSVolumeConfiguration``, ``MountPoint`` and ``VolumeFrom`` of the Amazon ECS API Reference, and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-efs-config.html.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AwsError
from ..runtime.spec import Mount

NAME = re.compile(r"^[a-zA-Z0-9_-]{1,255}$")
EFS, DOCKER, EBS, S3, FSX = (
    "efsVolumeConfiguration",
    "dockerVolumeConfiguration",
    "configuredAtLaunch",
    "s3filesVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
)
KINDS = (EFS, DOCKER, EBS, S3, FSX)


@dataclass(frozen=True)
class Prepared:
    """A volume that a task can mount.

    Parameters
    ----------
    folder : Path
        Its folder on this machine.
    read_only : bool
        Whether the task may only read it, whatever its mount points say.
    """

    folder: Path
    read_only: bool = False


def kind_of(volume: Mapping[str, Any]) -> str:
    """One of `KINDS`; empty for a bind mount."""
    return next(iter(_kinds(volume)), "")


def _kinds(volume: Mapping[str, Any]) -> list[str]:
    return [kind for kind in KINDS if volume.get(kind) not in (None, False)]


def launched_volume(registered: Mapping[str, Any]) -> str:
    """The name of the volume that is configured at launch; empty when there is none."""
    return next((str(each["name"]) for each in registered.get("volumes", ()) if kind_of(each) == EBS), "")


def check_volumes(registered: Mapping[str, Any]) -> None:
    """Refuse what RegisterTaskDefinition refuses of volumes, mount points and ``volumesFrom``.

    Raises
    ------
    AwsError
        ``ClientException``.
    """
    names: list[str] = []
    for volume in registered.get("volumes", ()):
        name = volume.get("name", "")
        if not NAME.match(name):
            raise _client(
                f"Invalid volume name '{name}'. Use up to 255 letters (uppercase and lowercase), numbers, hyphens, and "
                "underscores."
            )
        if name in names:
            raise _client(f"The volume name '{name}' is used twice.")
        names.append(name)
        _check_volume(volume)
    if sum(kind_of(volume) == EBS for volume in registered.get("volumes", ())) > 1:
        raise _client("A task definition can have only one volume that is configured at launch.")
    containers = registered["containerDefinitions"]
    for container in containers:
        _check_mount_points(container, names)
        for each in container.get("volumesFrom", ()):
            source = each.get("sourceContainer", "")
            if source == container["name"] or all(one["name"] != source for one in containers):
                raise _client(f"Invalid 'volumesFrom' setting for container '{container['name']}': '{source}'.")


def _check_volume(volume: Mapping[str, Any]) -> None:
    name = volume["name"]
    found = _kinds(volume)
    if volume.get("host", {}).get("sourcePath"):
        found.append("host")
    if len(found) > 1:
        raise _client(f"Volume '{name}' must have only one of {', '.join(found)}.")
    if S3 in found:
        raise _client(f"Volume '{name}': Amazon S3 Files is not part of the embedded cloud. Use an EFS volume.")
    if FSX in found:
        raise _client(f"Volume '{name}': FSx for Windows File Server needs Windows instances, which are not here.")
    if DOCKER in found:
        settings = volume[DOCKER]
        if settings.get("driver", "local") != "local":
            raise _client(f"Volume '{name}': the embedded cloud has the Docker volume driver 'local' only.")
        if settings.get("scope", "task") == "task" and settings.get("autoprovision"):
            raise _client(f"Volume '{name}': autoprovision is only used with the scope 'shared'.")
    if EFS in found:
        _check_efs(name, volume[EFS])


def _check_efs(name: str, settings: Mapping[str, Any]) -> None:
    encrypted = settings.get("transitEncryption") == "ENABLED"
    authorization = settings.get("authorizationConfig") or {}
    root = settings.get("rootDirectory") or "/"
    if not settings.get("fileSystemId"):
        raise _client(f"EFS volume '{name}': fileSystemId must not be empty.")
    if not root.startswith("/"):
        raise _client(f"EFS volume '{name}': rootDirectory must begin with '/'.")
    if authorization.get("accessPointId") and root != "/":
        raise _client(
            f"EFS volume '{name}': with an access point the rootDirectory must be omitted or set to '/', since the "
            "access point has a root directory of its own."
        )
    needs = [word for word, key in (("an access point", "accessPointId"), ("IAM authorization", "iam"))
             if authorization.get(key) not in (None, "", "DISABLED")]  # fmt: skip
    if needs and not encrypted:
        raise _client(f"EFS volume '{name}': transitEncryption must be ENABLED with {' and '.join(needs)}.")
    if settings.get("transitEncryptionPort") and not encrypted:
        raise _client(f"EFS volume '{name}': a transitEncryptionPort needs transitEncryption ENABLED.")


def _check_mount_points(container: Mapping[str, Any], names: Sequence[str]) -> None:
    seen: set[str] = set()
    for point in container.get("mountPoints", ()):
        if point.get("sourceVolume", "") not in names:
            raise _client(f"Unknown volume '{point.get('sourceVolume', '')}'.")
        path = point.get("containerPath", "")
        if not path.startswith("/") or path.strip("/") == "":
            raise _client(f"Invalid container path '{path}' for volume '{point['sourceVolume']}'.")
        if path.rstrip("/") in seen:
            raise _client(f"The container path '{path}' is used twice in container '{container['name']}'.")
        seen.add(path.rstrip("/"))


def mounts_of(
    container: Mapping[str, Any], containers: Sequence[Mapping[str, Any]], prepared: Mapping[str, Prepared]
) -> tuple[Mount, ...]:
    """What a container sees: its mount points, and those of the containers in ``volumesFrom``.

    Parameters
    ----------
    container : dict
        Its definition.
    containers : sequence of dict
        All of the task.
    prepared : mapping
        The task's volumes by name.
    """
    return tuple(_mounts(container, {each["name"]: each for each in containers}, prepared, ()).values())


def _mounts(
    container: Mapping[str, Any],
    containers: Mapping[str, Mapping[str, Any]],
    prepared: Mapping[str, Prepared],
    seen: tuple[str, ...],
) -> dict[str, Mount]:
    found: dict[str, Mount] = {}
    for each in container.get("volumesFrom", ()):
        source = each["sourceContainer"]
        if source not in seen:
            for path, mount in _mounts(containers[source], containers, prepared, (*seen, container["name"])).items():
                found[path] = Mount(mount.source, path, mount.read_only or bool(each.get("readOnly")))
    for point in container.get("mountPoints", ()):
        volume, path = prepared[point["sourceVolume"]], point["containerPath"].rstrip("/")
        found[path] = Mount(volume.folder, path, volume.read_only or bool(point.get("readOnly")))
    return found


def _client(message: str) -> AwsError:
    return AwsError("ClientException", message)
