"""The volumes of tasks: folders of this machine, made before a task's containers start and removed when it has ended.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html
"""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..efs.mounting import Client, Mounting
from ..errors import MountRefused
from ..runtime.mounts import remove_folder
from ..runtime.spec import Mount
from ..wire import moto_ec2
from ..world import World
from .ebs_volumes import EbsVolumes
from .roles import Roles
from .task import Container, Host, Task
from .volumes import DOCKER, EBS, EFS, Prepared, kind_of, mounts_of

UTILS = "failed to invoke EFS utils commands to set up EFS volumes: stderr: "


class NoVolume(Exception):  # noqa: N818
    """A volume cannot be had; the task stops with this as its reason."""


class Storage:
    """Gives tasks their volumes. Its methods are called under the world's lock.

    Parameters
    ----------
    folder : Path
        Below which the folders of tasks and of container instances are.
    world : World
        The workers.
    mounting : Mounting
        The way to the files of EFS.
    roles : Roles
        In whose name that is done.
    ebs : EbsVolumes
        What makes volumes of EBS.
    """

    def __init__(self, folder: Path, world: World, mounting: Mounting, roles: Roles, ebs: EbsVolumes) -> None:
        self._folder = folder
        self._world = world
        self._mounting = mounting
        self._roles = roles
        self.ebs = ebs

    def prepare(self, task: Task) -> str:
        """Find or make the volumes of a task; why one cannot be had, or an empty text."""
        try:
            for volume in task.definition.registered.get("volumes", ()):
                if volume["name"] not in task.volumes:
                    task.volumes[volume["name"]] = self._prepare(task, volume)
        except NoVolume as why:
            return str(why)
        return ""

    def _prepare(self, task: Task, volume: Mapping[str, Any]) -> Prepared:
        kind = kind_of(volume)
        if kind == EFS:
            return self._efs(task, volume)
        if kind == EBS:
            found, why = self.ebs.create(task, volume["name"])
            if found is None:
                raise NoVolume(f"ResourceInitializationError: unable to create the EBS volume: {why}.")
            return Prepared(found)
        docker = volume[DOCKER] if kind == DOCKER else None
        place = self._docker(task, volume["name"], docker) if docker is not None else self._bind(task, volume)
        place.mkdir(parents=True, exist_ok=True)
        return Prepared(place)

    def _bind(self, task: Task, volume: Mapping[str, Any]) -> Path:
        path = volume.get("host", {}).get("sourcePath", "")
        if path and task.host is not None:
            steps = posixpath.normpath(f"/{path}").strip("/").split("/")
            return self._of_host(task.host).joinpath("root", *steps)
        return self._of_task(task) / str(volume["name"])

    def _docker(self, task: Task, name: str, settings: Mapping[str, Any]) -> Path:
        if settings.get("scope", "task") == "task" or task.host is None:
            return self._of_task(task) / name
        place = self._of_host(task.host) / "volumes" / name
        if not place.exists() and not settings.get("autoprovision"):
            raise NoVolume(
                f"CannotCreateVolumeError: the Docker volume {name} does not exist on the container instance. Set "
                "autoprovision, or make it there first."
            )
        return place

    def _of_task(self, task: Task) -> Path:
        return self._folder / "tasks" / task.id

    def _of_host(self, host: Host) -> Path:
        return self._folder / "instances" / host.id

    def _efs(self, task: Task, volume: Mapping[str, Any]) -> Prepared:
        settings = volume[EFS]
        authorization = settings.get("authorizationConfig") or {}
        client = self._client(task, settings, authorization.get("iam") == "ENABLED")
        try:
            found = self._mounting.mount(
                task.region,
                settings["fileSystemId"],
                client,
                access_point=authorization.get("accessPointId", ""),
                path=settings.get("rootDirectory") or "/",
            )
        except MountRefused as why:
            if task.host is not None:
                text = f"CannotCreateVolumeError: Error response from daemon: create {volume['name']}: "
                raise NoVolume(
                    f"{text}VolumeDriver.Create: mounting volume failed: {why.message}. {why.remedy}"
                ) from None
            raise NoVolume(
                f"ResourceInitializationError: {UTILS}{why.message} : unsuccessful EFS utils command execution; code: "
                f"{why.code}. {why.remedy}"
            ) from None
        return Prepared(found.folder, found.read_only)

    def _client(self, task: Task, settings: Mapping[str, Any], iam: bool) -> Client:
        role = self._roles.of_task(task) if iam else None
        if iam and role is None:
            raise NoVolume(
                f"ResourceInitializationError: {UTILS}mount.nfs4: access denied by server while mounting 127.0.0.1:/ : "
                "unsuccessful EFS utils command execution; code: 32. IAM authorization is on and the task has no task "
                "role."
            )
        encrypted = settings.get("transitEncryption") == "ENABLED"
        if task.interface is not None:
            subnet = moto_ec2.subnet(task.region, task.interface.subnet)
            vpc = subnet.vpc_id if subnet is not None else ""
            one = task.interface
            return Client("the task", one.zone, vpc, one.address, one.security_groups, role, encrypted)
        assert task.host is not None
        groups = moto_ec2.network(task.region).members.get(task.host.id, ())
        _state, vpc = moto_ec2.instance_state(task.region, task.host.id) or ("", "")
        return Client("the container instance", task.host.zone, vpc, task.host.address, groups, role, encrypted)

    def mounts(self, task: Task, container: Container) -> tuple[Mount, ...]:
        """What one container sees of them."""
        return mounts_of(container.definition, task.definition.containers, task.volumes)

    def release(self, task: Task) -> None:
        """A task has ended and its processes are gone: what lived as long as it is removed."""
        self.ebs.release(task)
        if task.volumes:
            place = self._of_task(task)
            self._world.work(lambda: remove_folder(place))

    def clear(self) -> None:
        """Nothing is left; slow."""
        self.ebs.clear()
        remove_folder(self._folder)
