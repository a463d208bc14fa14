"""EBS volumes of tasks: made when a task starts, in its zone, attached to it alone, and mostly gone with it.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ebs-volumes.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html
"""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from ..errors import AwsError
from ..iam.authority import Authority
from ..runtime.mounts import remove_folder
from ..wire import ACCOUNT, PARTITION, moto_volumes
from ..world import World
from . import names
from .ebs import DEFAULT_TYPE, configuration_of, tags_of
from .task import EbsVolume, Task

ECS = "ecs.amazonaws.com"
SESSION = "ECSTaskVolumesForEBS"
COPIED_WITHIN = 120.0


class EbsVolumes:
    """Makes and ends them. Its methods are called under the world's lock, but `fill`.

    Parameters
    ----------
    folder : Path
        Below which each volume and each snapshot has a folder.
    world : World
        The workers.
    authority : Authority
        What knows what the infrastructure role may do.
    service_tags : callable
        From a task to the tags of its service.
    """

    def __init__(
        self, folder: Path, world: World, authority: Authority, service_tags: Callable[[Task], dict[str, str]]
    ) -> None:
        self._folder = folder
        self._world = world
        self._authority = authority
        self._service_tags = service_tags
        self._volumes: dict[str, str] = {}  # the region of each
        self._snapshots: dict[str, threading.Event] = {}

    def create(self, task: Task, name: str) -> tuple[Path | None, str]:
        """Make the volume of a task, and attach it: its folder, or why it cannot be had."""
        settings = configuration_of(task.volume_configurations)
        role, snapshot = str(settings["roleArn"]), settings.get("snapshotId", "")
        managed = {"AmazonECSCreated": task.arn, "AmazonECSManaged": "true"}
        managed |= {"aws:ecs:clusterName": task.cluster, "aws:ecs:taskArn": task.arn}
        if task.service:
            managed["aws:ecs:serviceName"] = task.service
        why = self._refusal(task.region, role, snapshot, managed)
        size = settings.get("sizeInGiB")
        _source, least = moto_volumes.snapshots(task.region).get(snapshot, ("", 0))
        if not why and size is not None and size < least:
            why = f"InvalidParameterValue: the volume of {size} GiB is smaller than the snapshot's {least} GiB"
        if why:
            return None, why
        wish = moto_volumes.Wish(
            zone=task.zone,
            size=size,
            type=settings.get("volumeType", DEFAULT_TYPE),
            snapshot=snapshot,
            key=settings.get("kmsKeyId", ""),
            encrypted=bool(settings.get("encrypted")),
            iops=settings.get("iops"),
            throughput=settings.get("throughput"),
            tags=tags_of(settings, managed, task.definition.tags, self._service_tags(task)),
        )
        try:
            made = moto_volumes.create(task.region, wish)
        except AwsError as error:
            return None, f"{error.code}: {error.message}"
        moto_volumes.attach(task.region, made, task.arn, task.host.id if task.host is not None else "")
        keep = (settings.get("terminationPolicy") or {}).get("deleteOnTermination") is False
        task.ebs = EbsVolume(made, name, role, snapshot, delete=not keep, attachment=names.uuid())
        self._volumes[made] = task.region
        place = self._folder / made
        place.mkdir(parents=True)
        return place, ""

    def _refusal(self, region: str, role: str, snapshot: str, tags: dict[str, str]) -> str:
        if not self._authority.trusts(role, ECS):
            return (
                f"ECS was unable to assume the configured ECS Infrastructure Role '{role}'. Please verify that the "
                "role being passed has the proper trust relationship with Amazon ECS"
            )
        who = self._authority.session_of(role, SESSION)
        context: dict[str, str | tuple[str, ...]] = {
            f"aws:requesttag/{key}".lower(): each for key, each in tags.items()
        }
        base = f"arn:{PARTITION}:ec2:{region}"
        volume = f"{base}:{ACCOUNT}:volume/*"
        asked = [("ec2:CreateVolume", volume, context)]
        asked.append(("ec2:CreateTags", volume, {**context, "ec2:createaction": "CreateVolume"}))
        asked.append(("ec2:AttachVolume", volume, {"aws:resourcetag/amazonecsmanaged": "true"}))
        if snapshot:
            asked.append(("ec2:CreateVolume", f"{base}::snapshot/{snapshot}", {}))
        for action, resource, keys in asked:
            decision = self._authority.ask(who, action, resource, keys)
            if not decision.allowed:
                return f"UnauthorizedOperation: {decision.message}"
        return ""

    def fill(self, task: Task) -> None:
        """Put the files of a snapshot into the volume of a task; slow, on a worker, without the lock."""
        if task.ebs is None or not task.ebs.snapshot:
            return
        copied = self._snapshots.get(task.ebs.snapshot)
        if copied is not None:
            copied.wait(COPIED_WITHIN)
            _copy(self._folder / task.ebs.snapshot, self._folder / task.ebs.id)

    def release(self, task: Task) -> None:
        """A task has ended: detach its volume, and delete it where nobody wanted to keep it."""
        if task.ebs is not None and not task.ebs.released:
            task.ebs.released = True
            moto_volumes.detach(task.region, task.ebs.id)
            if task.ebs.delete:
                moto_volumes.delete(task.region, task.ebs.id)

    def tick(self, now: float) -> None:
        """Copy what snapshots were taken of; remove the files of volumes and snapshots that are gone."""
        for region in set(self._volumes.values()):
            kept, taken = moto_volumes.volumes(region), moto_volumes.snapshots(region)
            for snapshot, (volume, _size) in taken.items():
                if snapshot not in self._snapshots and self._volumes.get(volume) == region:
                    self._take(snapshot, volume)
            for volume in [one for one, place in self._volumes.items() if place == region and one not in kept]:
                del self._volumes[volume]
                self._remove(volume)
            for snapshot in [one for one in self._snapshots if one not in taken]:
                del self._snapshots[snapshot]
                self._remove(snapshot)

    def _take(self, snapshot: str, volume: str) -> None:
        copied = self._snapshots[snapshot] = threading.Event()

        def work() -> None:
            try:
                _copy(self._folder / volume, self._folder / snapshot)
            finally:
                copied.set()

        self._world.work(work)

    def _remove(self, name: str) -> None:
        waited = [event for event in self._snapshots.values() if not event.is_set()]

        def work() -> None:
            for event in waited:  # a snapshot of it may still be copied
                event.wait(COPIED_WITHIN)
            remove_folder(self._folder / name)

        self._world.work(work)

    def forget(self) -> None:
        """Begin anew, when everything is reset."""
        for name in (*self._volumes, *self._snapshots):
            self._remove(name)
        self._volumes.clear()
        self._snapshots.clear()

    def clear(self) -> None:
        """Nothing is left; slow."""
        remove_folder(self._folder)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
