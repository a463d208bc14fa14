"""EC2 instances become nodes: managed ones and those that learners launch themselves; and nodes go with them.

What keeps an instance from joining is written on it as the tag ``embedded-cloud-agent``.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from ..delays import Delays
from ..world import World
from . import aws_auth, images, joining
from .cluster import WITH_ENTRIES, Cluster
from .controllers.client import Object
from .drains import Drains
from .kubernetes.status import ApiError
from .nodegroup import Nodegroup
from .outside import Machine, Machines, Networks, Roles
from .planes import Plane, Planes
from .store import Region, Store

log = logging.getLogger(__name__)

RUNNING, HALTED = "running", ("stopping", "stopped")


@dataclass
class Joined:
    """An instance that is a node.

    Parameters
    ----------
    cluster : Cluster
        Where.
    name : str
        Of the node.
    role : str
        The ARN of its role.
    group : str
        The managed node group that it belongs to; empty for none.
    on : bool
        Whether its agent runs.
    """

    cluster: Cluster
    name: str
    role: str
    group: str
    on: bool = True
    trouble: str = ""


class Nodes:
    """The reconciler of nodes.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        The lock, the time, the workers.
    planes : Planes
        Their API servers and their nodes' agents.
    machines, roles, networks
        The services beside EKS.
    delays : Delays
        How long an instance takes to start its agent.
    drains : Drains
        The nodes that are being emptied.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        planes: Planes,
        machines: Machines,
        roles: Roles,
        networks: Networks,
        delays: Delays,
        drains: Drains,
    ) -> None:
        self._store = store
        self._world = world
        self._planes = planes
        self._machines = machines
        self._roles = roles
        self._networks = networks
        self._delays = delays
        self._drains = drains
        self._running_since: dict[str, float] = {}
        self._allowed: dict[tuple[str, str], bool] = {}  # asked once in a tick: policies are long
        self.joined: dict[str, Joined] = {}
        self.obstacles: dict[str, str] = {}

    def clear(self) -> None:
        """Begin anew, when everything is reset."""
        self._running_since.clear()
        self.joined.clear()
        self.obstacles.clear()

    def tick(self, now: float) -> None:
        """Let instances join, and notice those that are gone."""
        self._allowed.clear()
        for region in self._store.regions.values():
            if not region.clusters:
                continue
            machines = {each.id: each for each in self._machines.all(region.name)}
            for instance, joined in list(self.joined.items()):
                if joined.cluster.region == region.name:
                    self._look_after(region, instance, joined, machines.get(instance))
            for machine in machines.values():
                if machine.state == RUNNING and machine.id not in self.joined:
                    self._join(region, machine, now)
        for instance, joined in list(self.joined.items()):
            if self._planes.get(joined.cluster) is None:  # the cluster is gone, and its agents with it
                del self.joined[instance]

    # -- in -----------------------------------------------------------------------------------------------------------

    def _join(self, region: Region, machine: Machine, now: float) -> None:
        named = joining.cluster_of(machine.user_data)
        if not named:
            return  # no node is meant
        due = self._running_since.setdefault(machine.id, now) + self._delays.real("eks.agent")
        if now < due:
            self._world.wake_at(due)
            return
        cluster = region.clusters.get(named)
        role = next(iter(self._roles.roles_of(machine.profile)), "") if machine.profile else ""
        why = joining.obstacle(self._facts(region, machine, named, role))
        if why != self.obstacles.get(machine.id, ""):
            self.obstacles[machine.id] = why
            self._machines.note(region.name, machine.id, f"Does not join {named}: {why}" if why else "")
        plane = self._planes.get(cluster) if cluster is not None else None
        if why or cluster is None or plane is None:
            return
        self.obstacles.pop(machine.id, None)
        group = group_of(cluster, machine)
        known = images.all_images(region.name).get(machine.image)
        version = known.version if known is not None else cluster.version
        node = joining.node_of(region.name, cluster.name, version, machine, role, group)
        joined = Joined(cluster, node.name, role, group.name if group is not None else "")
        self.joined[machine.id] = joined
        joined.trouble = self._trouble(joined)
        plane.fleet.join(node, joined.trouble)

    def _allows(self, role: str, action: str) -> bool:
        key = role, action
        if key not in self._allowed:
            self._allowed[key] = self._roles.allows(role, action)
        return self._allowed[key]

    def _facts(self, region: Region, machine: Machine, named: str, role: str) -> joining.Facts:
        cluster = region.clusters.get(named)
        return joining.Facts(
            cluster=named,
            cluster_status=cluster.status if cluster is not None else "",
            image_name=self._machines.image(region.name, machine.image),
            type=machine.type,
            role=role,
            denied=tuple(each for each in joining.JOIN_ACTIONS if role and not self._allows(role, each)),
            admitted=cluster is not None and bool(role) and self.admits(cluster, role),
            mode=cluster.mode if cluster is not None else "",
            unreachable=self._networks.unreachable(region.name, machine),
        )

    def admits(self, cluster: Cluster, role: str) -> bool:
        """Whether a role's instances may be nodes of a cluster."""
        entry = cluster.entries.get(role)
        if cluster.mode in WITH_ENTRIES and entry is not None and entry.kind == "EC2_LINUX":
            return True
        plane = self._planes.get(cluster)
        if cluster.mode not in aws_auth.WITH_MAP or plane is None:
            return False
        found = aws_auth.principals(plane.config_map(aws_auth.NAMESPACE, aws_auth.NAME)).get(role)
        return found is not None and found.is_node

    # -- while it is there --------------------------------------------------------------------------------------------

    def _look_after(self, region: Region, instance: str, joined: Joined, machine: Machine | None) -> None:
        plane = self._planes.get(joined.cluster)
        if plane is None:
            return
        if machine is not None and machine.state == RUNNING:
            if not joined.on:
                self._running_since.pop(instance, None)
                del self.joined[instance]  # it joins again as any other
                return
            trouble = self._trouble(joined)
            if trouble != joined.trouble:
                joined.trouble = trouble
                plane.fleet.tell(joined.name, trouble)
            return
        if joined.on:
            joined.on = False
            plane.fleet.leave(joined.name)
        if machine is not None and machine.state in HALTED:
            return  # the Node stays, and is not heard of
        del self.joined[instance]
        self._running_since.pop(instance, None)
        self._drains.ended(joined.cluster, joined.name)
        self._world.work(lambda: _forget(plane, joined.name))

    def _trouble(self, joined: Joined) -> str:
        return joining.no_network(
            role=joined.role,
            pulls=self._allows(joined.role, joining.PULL_ACTION),
            addresses=any(
                self._allows(each, joining.CNI_ACTION)
                for each in (joined.role, *joined.cluster.roles_of_account("kube-system", "aws-node"))
            ),
        )

    # -- asked by others ----------------------------------------------------------------------------------------------

    def of_group(self, group: Nodegroup) -> Iterator[tuple[str, Joined]]:
        """The nodes of a managed node group, by instance."""
        for instance, joined in self.joined.items():
            if joined.group == group.name and joined.cluster.key == (group.region, group.cluster):
                yield instance, joined

    def holds(self, region: str, instance: str, _since: float) -> bool:
        """Whether an instance that is to be terminated must wait: a managed node is emptied first."""
        joined = self.joined.get(instance)
        if joined is None or not joined.group or not joined.on:
            return False
        return self._drains.busy(joined.cluster, joined.name, self._world.clock.now())


def group_of(cluster: Cluster, machine: Machine) -> Nodegroup | None:
    """The managed node group that an instance belongs to."""
    found = (each for each in cluster.nodegroups.values() if machine.group and each.made.group == machine.group)
    return next(found, None)


def _forget(plane: Plane, name: str) -> None:
    """Delete the node of a terminated instance, and its pods: the next one may get its address, and so its name."""
    paths = [
        f"/api/v1/namespaces/{each['metadata']['namespace']}/pods/{each['metadata']['name']}"
        for each in plane.seen.all("pods")
        if each["spec"].get("nodeName") == name
    ]
    _delete(plane, f"/api/v1/nodes/{name}")
    for path in paths:
        _delete(plane, path, {"gracePeriodSeconds": 0})


def _delete(plane: Plane, path: str, options: Object | None = None) -> None:
    try:
        plane.client.delete(path, options)
    except ApiError as error:
        log.info("%s was not deleted: %s", path, error.message)
