"""Brings managed node groups closer to what is wanted: observe, ask `decide`, apply."""

import logging

from ..delays import Delays
from ..errors import AwsError
from ..world import World
from . import aws_auth
from .cluster import Cluster
from .controllers import conditions
from .controllers.client import Object
from .drains import Drains
from .kubernetes.status import ApiError
from .nodegroup import ACTIVE, CREATE_FAILED, CREATING, DEGRADED, DELETING, UPDATING, Issue, Nodegroup
from .nodegroup_maker import Maker, map_role
from .nodegroup_steps import NodeView, Step, View, at_once, decide, roll, troubles
from .nodes import Nodes
from .outside import Networks, Roles, ScalingGroup, ScalingGroups
from .planes import Plane, Planes
from .store import Store
from .update import Update

log = logging.getLogger(__name__)

FULL = "sufficient free ipv4 addresses"


class NodegroupReconciler:
    """The loop.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        The lock, the time, the workers.
    planes : Planes
        The clusters' API servers.
    nodes : Nodes
        Which instances are nodes.
    maker : Maker
        What makes Auto Scaling groups.
    groups, roles, networks
        The services beside EKS.
    delays : Delays
        How long AWS waits.
    drains : Drains
        The nodes that are being emptied.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        planes: Planes,
        nodes: Nodes,
        maker: Maker,
        groups: ScalingGroups,
        roles: Roles,
        networks: Networks,
        delays: Delays,
        drains: Drains,
    ) -> None:
        self._store = store
        self._world = world
        self._planes = planes
        self._nodes = nodes
        self._maker = maker
        self._groups = groups
        self._roles = roles
        self._networks = networks
        self._delays = delays
        self._drains = drains

    def tick(self, now: float) -> None:
        """Bring every node group on."""
        for cluster in self._store.clusters():
            plane = self._planes.get(cluster)
            if plane is None:
                continue
            for group in list(cluster.nodegroups.values()):
                view = self._observe(cluster, plane, group, now)
                self._apply(cluster, plane, group, decide(view), view, now)

    # -- observe ------------------------------------------------------------------------------------------------------

    def _observe(self, cluster: Cluster, plane: Plane, group: Nodegroup, now: float) -> View:
        scaling = self._groups.find(group.region, group.made.group) if group.made.group else None
        update = group.running()
        if scaling is not None and group.status in (ACTIVE, DEGRADED):
            # who changes the Auto Scaling group itself, changes the node group
            group.least, group.most, group.desired = scaling.least, scaling.most, scaling.desired
        view = View(
            status=group.status,
            made=bool(group.made.template),
            desired=group.desired,
            nodes=tuple(self._nodes_of(cluster, plane, group, scaling)),
            issues=self._issues(cluster, group, scaling),
            update=update.kind if update is not None else "",
            due=update is None or now >= update.due,
        )
        if not troubles(view):
            group.blocked_since = None
            return view
        if group.blocked_since is None:
            group.blocked_since = now
        waited = now >= group.blocked_since + self._delays.real("eks.nodegroup-patience")
        return View(view.status, view.made, view.desired, view.nodes, view.issues, waited, view.update, view.due)

    def _nodes_of(
        self, cluster: Cluster, plane: Plane, group: Nodegroup, scaling: ScalingGroup | None
    ) -> list[NodeView]:
        known = {each["metadata"]["name"]: each for each in plane.seen.all("nodes")} if scaling is not None else {}
        found = []
        for member in scaling.members if scaling is not None else ():
            joined = self._nodes.joined.get(member.id)
            node = known.get(joined.name) if joined is not None else None
            why = joined.trouble if joined is not None else self._nodes.obstacles.get(member.id, "")
            found.append(
                NodeView(
                    instance=member.id,
                    current=member.version == group.made.version,
                    leaving=member.leaving,
                    joined=joined is not None,
                    ready=member.serving and node is not None and conditions.of(node, "Ready").get("status") == "True",
                    why=why,
                )
            )
        return found

    def _issues(self, cluster: Cluster, group: Nodegroup, scaling: ScalingGroup | None) -> tuple[Issue, ...]:
        if group.status == DELETING:
            return ()
        found = []
        if not self._roles.has_role(group.role):
            name = group.role.rpartition("/")[2]
            found.append(Issue("IamNodeRoleNotFound", f"The role with name {name} cannot be found.", (group.role,)))
        absent = tuple(each for each in group.subnets if self._networks.subnet(group.region, each) is None)
        if absent:
            message = f"The subnet ID '{absent[0]}' does not exist"
            found.append(Issue("Ec2SubnetNotFound", message, absent))
        silent = [each for each in group.subnets if group.status == CREATING and self._gives_no_address(group, each)]
        if silent and not group.launch_template:
            message = (
                f"One or more Amazon EC2 Subnets of {silent} for node group {group.name} does not automatically assign "
                "public IP addresses to instances launched into it. If you want your instances to be assigned a public "
                "IP address, then you need to enable auto-assign public IP address for the subnet."
            )
            found.append(Issue("Ec2SubnetInvalidConfiguration", message, tuple(silent)))
        if not group.made.group:
            return (*found, *group.issues) if group.made.template else tuple(found)
        if scaling is None:
            message = f"The Auto Scaling group {group.made.group} was not found: it was deleted by hand."
            return (*found, Issue("AutoScalingGroupNotFound", message, (group.made.group,)))
        if not self._roles.has_profile(group.made.profile):
            message = f"Instance profile {group.made.profile} was not found."
            found.append(Issue("IamInstanceProfileNotFound", message, (group.made.profile,)))
        if scaling.failure and len(scaling.members) < scaling.desired and not found:
            code = "InsufficientFreeAddresses" if FULL in scaling.failure.lower() else "AsgInstanceLaunchFailures"
            found.append(Issue(code, scaling.failure, (group.made.group,)))
        if group.status in (ACTIVE, DEGRADED, UPDATING) and not self._nodes.admits(cluster, group.role):
            message = (
                "Amazon EKS or one or more of your managed nodes is failing to authenticate or authorize with your "
                f"Kubernetes cluster API server: {group.role} has neither an access entry of type EC2_LINUX nor a "
                f"place in the ConfigMap {aws_auth.NAME}."
            )
            found.append(Issue("AccessDenied", message, (group.role,)))
        return tuple(found)

    def _gives_no_address(self, group: Nodegroup, subnet_id: str) -> bool:
        subnet = self._networks.subnet(group.region, subnet_id)
        return subnet is not None and subnet.public and not subnet.assigns

    # -- apply --------------------------------------------------------------------------------------------------------

    def _apply(self, cluster: Cluster, plane: Plane, group: Nodegroup, step: Step, view: View, now: float) -> None:
        update = group.running()
        if update is not None and not update.begun:
            update.begun = True
            self._begin(cluster, plane, group, update)
        if step == "make":
            self._make(cluster, plane, group, now)
        elif step in ("activate", "recover"):
            self._turn(group, ACTIVE, (), now)
        elif step == "fail":
            self._turn(group, CREATE_FAILED, troubles(view), now)
        elif step == "degrade":
            self._turn(group, DEGRADED, view.issues, now)
        elif step in ("finish", "fail-update") and update is not None:
            self._end(group, update, troubles(view) if step == "fail-update" else (), now)
        elif step == "roll":
            self._roll(cluster, group, view, now)
        elif step == "empty":
            self._empty(group)
        elif step == "unmake":
            last = not any(each.role == group.role for each in cluster.nodegroups.values() if each.name != group.name)
            self._maker.unmake(cluster, group, last=last)
            if last:
                self._world.work(lambda: map_role(plane, group.role, put=False))
        elif step == "remove":
            cluster.nodegroups.pop(group.name, None)
            self._world.wake()

    def _turn(self, group: Nodegroup, status: str, issues: tuple[Issue, ...], now: float) -> None:
        if (group.status, group.issues) != (status, issues):
            group.status, group.issues, group.modified = status, issues, now

    def _make(self, cluster: Cluster, plane: Plane, group: Nodegroup, now: float) -> None:
        issue = self._maker.make(cluster, group, now)
        if issue is not None:
            self._turn(group, CREATE_FAILED, (issue,), now)
            return
        if cluster.mode == "CONFIG_MAP":
            self._world.work(lambda: map_role(plane, group.role, put=True))
        self._world.wake()

    def _begin(self, cluster: Cluster, plane: Plane, group: Nodegroup, update: Update) -> None:
        try:
            if update.kind == "VersionUpdate":
                self._maker.renew(cluster, group)
            elif "DesiredSize" in update.params:
                size = (group.least, group.most, group.desired)
                self._groups.resize(group.region, group.made.group, size)
        except AwsError as error:
            issue = Issue("AutoScalingGroupInvalidConfiguration", error.message, (group.made.group,))
            self._end(group, update, (issue,), self._world.clock.now())
        before = group.worn or ({}, ())
        group.worn = dict(group.labels), group.taints
        if before != group.worn:
            names = [joined.name for _instance, joined in self._nodes.of_group(group)]
            known = [each for each in plane.seen.all("nodes") if each["metadata"]["name"] in names]
            patches = {each["metadata"]["name"]: dressed(each, before, group.worn) for each in known}
            self._world.work(lambda: _dress(plane, patches))

    def _end(self, group: Nodegroup, update: Update, issues: tuple[Issue, ...], now: float) -> None:
        update.status = "Failed" if issues else "Successful"
        update.errors = [
            {"errorCode": _error_code(each.code), "errorMessage": each.message, "resourceIds": list(each.resources)}
            for each in issues
        ]
        if update.kind == "VersionUpdate":
            if not issues and group.target is not None:
                group.version, group.release = group.target
            group.target = None
            size = (group.least, group.most, group.desired)
            self._groups.resize(group.region, group.made.group, size)
        self._turn(group, ACTIVE, (), now)

    def _roll(self, cluster: Cluster, group: Nodegroup, view: View, now: float) -> None:
        batch = at_once(group.update_config, group.desired)
        minimal = group.update_config.get("updateStrategy") == "MINIMAL"
        step = roll(group.desired, view.nodes, batch, minimal=minimal)
        scaling = self._groups.find(group.region, group.made.group)
        if scaling is None:
            return
        most = max(group.most, group.desired + batch)
        empty = []
        for instance in step.drain:
            joined = self._nodes.joined.get(instance)
            if joined is None or not self._drains.busy(cluster, joined.name, now):
                empty.append(instance)
                if joined is not None and self._drains.late(cluster, joined.name, now) and not group.force:
                    self._give_up(cluster, group, joined.name, now)
                    return
        desired = step.desired + len(step.drain) - len(empty)
        if empty or scaling.desired != desired:
            self._groups.resize(group.region, group.made.group, (0, most, scaling.desired))
        for instance in empty:
            self._groups.terminate(group.region, instance, fewer=True)
        if scaling.desired - len(empty) != desired:
            self._groups.resize(group.region, group.made.group, (0, most, desired))

    def _give_up(self, cluster: Cluster, group: Nodegroup, node: str, now: float) -> None:
        """Pods that do not let themselves be evicted end an update that is not forced."""
        plane, update = self._planes.get(cluster), group.running()
        if plane is None or update is None:
            return
        self._drains.ended(cluster, node)
        uncordoned = {node: {"spec": {"unschedulable": None}}}
        self._world.work(lambda: _dress(plane, uncordoned))
        message = "Reached max retries while trying to evict pods from nodes in node group " + group.name
        self._end(group, update, (Issue("PodEvictionFailure", message, (node,)),), now)

    def _empty(self, group: Nodegroup) -> None:
        scaling = self._groups.find(group.region, group.made.group)
        if scaling is not None and (scaling.least, scaling.desired) != (0, 0):
            self._groups.resize(group.region, group.made.group, (0, max(scaling.most, 1), 0))


def dressed(node: Object, before: tuple[object, object], after: tuple[object, object]) -> Object:
    """The merge patch that brings a node from the group's labels and taints of before to those of now."""
    old_labels, old_taints = before
    labels, taints = after
    assert isinstance(old_labels, dict)
    assert isinstance(labels, dict)
    assert isinstance(old_taints, tuple)
    assert isinstance(taints, tuple)
    gone = {key: None for key in old_labels if key not in labels}
    known = {(each.key, each.kubernetes["effect"]) for each in (*old_taints, *taints)}
    kept = [each for each in node["spec"].get("taints") or () if (each["key"], each["effect"]) not in known]
    wanted = [*kept, *(each.kubernetes for each in taints)]
    return {"metadata": {"labels": {**gone, **labels}}, "spec": {"taints": wanted or None}}


def _dress(plane: Plane, patches: dict[str, Object]) -> None:
    for name, patch in patches.items():
        try:
            plane.client.merge(f"/api/v1/nodes/{name}", patch)
        except ApiError as error:
            log.info("labels of %s: %s", name, error.message)


def _error_code(issue: str) -> str:
    """The code of an update's error: it has fewer than issues have."""
    same = ("NodeCreationFailure", "PodEvictionFailure", "InsufficientFreeAddresses", "AccessDenied")
    return issue if issue in same else {"Ec2SubnetNotFound": "SubnetNotFound"}.get(issue, "Unknown")
