"""EBS volumes and snapshots in moto; every function under the world's lock.

moto attaches volumes to instances only. A task on Fargate has none that the account sees: its volume names the task,
as ``AssociatedResource``.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ..errors import AwsError
from . import moto_load
from .call import ACCOUNT
from .moto_apps import as_aws_error

FARGATE = "fargate.ecs.amazonaws.com"


@dataclass(frozen=True)
class Wish:
    """A volume to make.

    Parameters
    ----------
    zone : str
        Its Availability Zone.
    size : int or None
        GiB; None for that of the snapshot.
    type : str
        For example ``gp3``.
    snapshot, key : str
        A snapshot to begin with, and a KMS key; empty for none.
    encrypted : bool
        Whether it is encrypted.
    iops, throughput : int or None
        What is provisioned.
    tags : mapping
        Its tags.
    """

    zone: str
    size: int | None
    type: str
    snapshot: str
    key: str
    encrypted: bool
    iops: int | None
    throughput: int | None
    tags: Mapping[str, str]


def _backend(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]


def create(region: str, wish: Wish) -> str:
    """Make a volume; its id.

    Raises
    ------
    AwsError
        What EC2 refuses, such as ``InvalidSnapshot.NotFound``.
    """
    try:
        made = _backend(region).create_volume(
            size=wish.size,
            zone_name=wish.zone,
            snapshot_id=wish.snapshot or None,
            encrypted=wish.encrypted,
            kms_key_id=wish.key or None,
            volume_type=wish.type,
            iops=wish.iops,
            throughput=wish.throughput,
        )
    except Exception as bug:
        known = as_aws_error(bug)
        raise known or AwsError("InternalFailure", str(bug)) from bug
    made.add_tags(dict(wish.tags))
    return str(made.id)


def attach(region: str, volume: str, task: str, instance: str = "") -> None:
    """Attach a volume to a task: through its container instance, or without one on Fargate."""
    backend = _backend(region)
    if instance:
        backend.attach_volume(volume, instance, _device(backend, instance))
        return
    models = importlib.import_module("moto.ec2.models.elastic_block_store")
    made = models.VolumeAttachment(backend.volumes[volume], SimpleNamespace(id=None), "", "attached")
    made.associated_resource, made.instance_owning_service = task, FARGATE
    backend.volumes[volume].attachment = made


def _device(backend: Any, instance: str) -> str:
    taken = backend.get_instance(instance).block_device_mapping
    return next(name for name in (f"/dev/xvd{first}{second}" for first in "bcd" for second in "abcdefghijklm")
                if name not in taken)  # fmt: skip


def detach(region: str, volume: str) -> None:
    """Detach a volume; one that is gone is left alone."""
    found = _backend(region).volumes.get(volume)
    if found is None or found.attachment is None:
        return
    instance, device = found.attachment.instance, found.attachment.device
    getattr(instance, "block_device_mapping", {}).pop(device, None)
    found.attachment = None


def delete(region: str, volume: str) -> None:
    """Delete a volume; one that is gone is left alone."""
    _backend(region).volumes.pop(volume, None)


def volumes(region: str) -> set[str]:
    """The ids of all volumes."""
    return set(_backend(region).volumes)


def snapshots(region: str) -> dict[str, tuple[str, int]]:
    """The volume and the GiB of each snapshot by id."""
    return {name: (str(one.volume.id), int(one.volume.size)) for name, one in _backend(region).snapshots.items()}
