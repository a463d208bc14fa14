"""The ECS agents of EC2 instances: they join clusters when an instance has started, and are gone with it.

An instance joins when its image is ECS-optimized, its user data names a cluster that exists, its instance profile has a
role that may call ``ecs:RegisterContainerInstance``, and its subnet leads to the internet. What keeps it from joining
is written on it as the tag ``embedded-cloud-agent``.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/launch_container_instance.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
"""

import re
from collections.abc import Sequence

from ..delays import Delays
from ..instance_types import instance_types
from ..world import World
from . import names
from .container_instance import ContainerInstance
from .outside import HostRecord, Hosts
from .placer import tasks_on
from .store import Region, Store

CLUSTER = re.compile(r"""ECS_CLUSTER\s*=\s*["']?([A-Za-z0-9_-]+)""")
RUNNING, HALTED = "running", ("stopping", "stopped")
INACTIVE_VISIBLE_SECONDS = 3600.0
TERMINATION = "TerminationNotice"


class Agents:
    """The reconciler of container instances.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The lock and the time.
    hosts : Hosts
        The EC2 instances.
    delays : Delays
        How long an instance takes to start its agent.
    """

    def __init__(self, store: Store, world: World, hosts: Hosts, delays: Delays) -> None:
        self._store = store
        self._world = world
        self._hosts = hosts
        self._delays = delays
        self._seen: dict[str, float] = {}
        self._told: dict[str, str] = {}

    def forget(self) -> None:
        """Begin anew, when everything is reset."""
        self._seen.clear()
        self._told.clear()

    def tick(self, now: float) -> None:
        """Let instances join, and notice those that are gone."""
        for region in self._store.regions.values():
            if not region.clusters:
                continue
            hosts = {host.id: host for host in self._hosts.all(region.name)}
            for instance in list(region.instances.values()):
                self._look_after(region, instance, hosts.get(instance.host), now)
            known = {instance.host for instance in region.instances.values()}
            for host in hosts.values():
                if host.state == RUNNING and host.id not in known:
                    self._join(region, host, now)

    def _join(self, region: Region, host: HostRecord, now: float) -> None:
        due = self._seen.setdefault(host.id, now) + self._delays.real("ec2.agent")
        named = CLUSTER.findall(host.user_data)
        if not host.has_agent and not named:
            return  # no container instance is meant
        if now < due:
            self._world.wake_at(due)
            return
        cluster = named[-1] if named else "default"
        why = self._obstacle(region, host, cluster)
        if why != self._told.get(host.id, ""):
            self._told[host.id] = why
            self._hosts.note(region.name, host.id, why)
        if not why:
            self.register(region, host, cluster, now)

    def _obstacle(self, region: Region, host: HostRecord, cluster: str) -> str:
        if not host.has_agent:
            return f"Does not join {cluster}: the image {host.image} has no ECS agent. Use an ECS-optimized image."
        if host.type not in instance_types():
            return f"Does not join {cluster}: the embedded cloud does not know the size of {host.type}."
        found = region.clusters.get(cluster)
        if found is None or found.status != "ACTIVE":
            return f"Does not join: there is no cluster {cluster}. Set ECS_CLUSTER in the user data."
        why = self._hosts.refusal(region.name, host)
        return f"Does not join {cluster}: {why}" if why else ""

    def register(self, region: Region, host: HostRecord, cluster: str, now: float) -> ContainerInstance:
        """Let an instance join a cluster."""
        provider = next(
            (
                name
                for name in region.clusters[cluster].capacity_providers
                if host.group and region.providers[name].group_arn.endswith(f"autoScalingGroupName/{host.group}")
            ),
            "",
        )
        made = ContainerInstance(
            id=names.hex_id(),
            region=region.name,
            cluster=cluster,
            host=host.id,
            kind=instance_types()[host.type],
            zone=host.zone,
            address=host.address,
            image=host.image,
            registered=now,
            provider=provider,
        )
        region.instances[made.id] = made
        self._world.wake()
        return made

    def _look_after(self, region: Region, instance: ContainerInstance, host: HostRecord | None, now: float) -> None:
        if instance.status == "INACTIVE":
            if instance.ended is not None and now - instance.ended > INACTIVE_VISIBLE_SECONDS:
                del region.instances[instance.id]
            return
        if host is not None and host.state == RUNNING:
            instance.connected = True
            return
        if host is not None and host.state in HALTED:
            instance.connected = False
            self._end_tasks(region, [instance], "stopped", now)
            return
        instance.status, instance.ended, instance.connected = "INACTIVE", now, False
        instance.version += 1
        self._end_tasks(region, [instance], "terminated", now)
        self._world.wake()

    def _end_tasks(self, region: Region, instances: Sequence[ContainerInstance], how: str, now: float) -> None:
        """What ran on a machine that is gone is gone at once."""
        for instance in instances:
            for task in tasks_on(region, instance):
                task.ask_to_stop(TERMINATION, f"Host EC2 (instance {instance.host}) {how}.", now)
                for container in task.containers:
                    if container.alive and container.handle is not None:
                        container.handle.kill()
