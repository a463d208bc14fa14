"""Brings add-ons on: what they install in the cluster, and whether they are well."""

import logging
from collections.abc import Iterator

from ..world import World
from .addon import Addon, Step, View, decide, problems
from .cluster import Cluster
from .controllers import conditions
from .kubernetes.status import ApiError
from .nodegroup import ACTIVE, DEGRADED
from .outside import Roles
from .planes import Plane, Planes
from .store import Store

log = logging.getLogger(__name__)

DRIVERS = "/apis/storage.k8s.io/v1/csidrivers"
SPECS = {
    "ebs.csi.aws.com": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "ReadWriteOnceWithFSType"},
    "efs.csi.aws.com": {"attachRequired": False, "podInfoOnMount": False},
    "fsx.csi.aws.com": {"attachRequired": False, "podInfoOnMount": False},
    "s3.csi.aws.com": {"attachRequired": False, "podInfoOnMount": True},
    "csi.trident.netapp.io": {"attachRequired": True, "podInfoOnMount": False},
}
MANAGER = {"app.kubernetes.io/managed-by": "EKS"}


class AddonReconciler:
    """The loop.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        The workers.
    planes : Planes
        The clusters' API servers.
    roles : Roles
        What roles may do.
    """

    def __init__(self, store: Store, world: World, planes: Planes, roles: Roles) -> None:
        self._store = store
        self._world = world
        self._planes = planes
        self._roles = roles

    def tick(self, now: float) -> None:
        """Bring every add-on on."""
        for cluster in self._store.clusters():
            plane = self._planes.get(cluster)
            if plane is None or not cluster.addons:
                continue
            ready = any(conditions.of(each, "Ready").get("status") == "True" for each in plane.seen.all("nodes"))
            for addon in list(cluster.addons.values()):
                if now < addon.due:
                    self._world.wake_at(addon.due)
                view = View(
                    status=addon.status,
                    due=now >= addon.due,
                    installed=addon.installed,
                    needs_node=addon.kind.workload == "deployment",
                    has_node=ready,
                    missing=self._missing(cluster, addon),
                    updating=addon.running() is not None,
                )
                self._apply(cluster, plane, addon, decide(view), view, now)

    def _missing(self, cluster: Cluster, addon: Addon) -> str:
        kind = addon.kind
        if not kind.service_account:
            return ""
        namespace = addon.namespace or kind.namespace
        roles = [*cluster.roles_of_account(namespace, kind.service_account), *_node_roles(cluster)]
        if any(self._roles.allows(each, kind.action) for each in roles):
            return ""
        return (
            f"No role lets {addon.name} call {kind.action}: attach {kind.policy} to a role, and give that to the "
            f"add-on as serviceAccountRoleArn or as a pod identity association of {namespace}/{kind.service_account}."
        )

    def _apply(self, cluster: Cluster, plane: Plane, addon: Addon, step: Step, view: View, now: float) -> None:
        if step == "install":
            addon.installed = True
            self._world.work(lambda: _install(plane, addon))
        elif step == "activate":
            self._turn(addon, ACTIVE, view, now)
        elif step == "degrade":
            self._turn(addon, DEGRADED, view, now)
        elif step == "finish":
            update = addon.running()
            if update is not None:
                update.status = "Successful"
                addon.version = update.version or addon.version
            self._turn(addon, DEGRADED if problems(view) else ACTIVE, view, now)
        elif step == "remove":
            del cluster.addons[addon.name]
            if not addon.preserve:
                self._world.work(lambda: _uninstall(plane, addon))

    def _turn(self, addon: Addon, status: str, view: View, now: float) -> None:
        issues = problems(view)
        if (addon.status, addon.issues) != (status, issues):
            addon.status, addon.issues, addon.modified = status, issues, now


def _node_roles(cluster: Cluster) -> Iterator[str]:
    """Pods without a role of their own act with that of their node."""
    yield from dict.fromkeys(each.role for each in cluster.nodegroups.values())
    yield from (arn for arn, entry in cluster.entries.items() if entry.kind == "EC2_LINUX")


def _install(plane: Plane, addon: Addon) -> None:
    driver = addon.kind.driver
    if not driver:
        return
    metadata = {"name": driver, "labels": MANAGER}
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": metadata, "spec": SPECS[driver]}
    try:
        plane.client.create(DRIVERS, body)
    except ApiError as error:
        log.info("%s: %s", driver, error.message)  # installed by hand already


def _uninstall(plane: Plane, addon: Addon) -> None:
    if addon.kind.driver:
        try:
            plane.client.delete(f"{DRIVERS}/{addon.kind.driver}")
        except ApiError as error:
            log.info("%s: %s", addon.kind.driver, error.message)
