"""What happens to clusters by itself: they become active, updates end, what is deleted goes."""

from dataclasses import dataclass
from typing import Literal

from ..world import World
from .cluster import ACTIVE, CREATING, DELETING, FAILED, UPDATING, Cluster
from .outside import Networks
from .planes import Planes
from .store import Store

Step = Literal["wait", "open", "activate", "fail", "finish-updates", "remove"]


@dataclass(frozen=True)
class View:
    """What is known of one cluster.

    Parameters
    ----------
    status : str
        Its status.
    due : float
        When its step is done.
    answers : bool
        Whether its API server does.
    failed : bool
        Whether that could not be started.
    updates_due : bool
        Whether an update is done.
    """

    status: str
    due: float
    answers: bool
    failed: bool
    updates_due: bool


def decide(view: View, now: float) -> Step:
    """The next step of a cluster; pure."""
    if view.status == CREATING:
        if view.failed:
            return "fail"
        if not view.answers:
            return "open"
        return "activate" if now >= view.due else "wait"
    if view.status == UPDATING and view.updates_due:
        return "finish-updates"
    if view.status == DELETING and now >= view.due:
        return "remove"
    return "wait"


class ClusterReconciler:
    """The loop.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        What wakes it when something is due.
    planes : Planes
        Their API servers.
    networks : Networks
        Where their security groups are.
    """

    def __init__(self, store: Store, world: World, planes: Planes, networks: Networks) -> None:
        self._store = store
        self._world = world
        self._planes = planes
        self._networks = networks

    def tick(self, now: float) -> None:
        """Bring every cluster on."""
        for cluster in self._store.clusters():
            if cluster.status == CREATING and now < cluster.due:
                self._world.wake_at(cluster.due)
            self._apply(cluster, decide(self._observe(cluster, now), now), now)

    def _observe(self, cluster: Cluster, now: float) -> View:
        running = [each for each in cluster.updates.values() if each.status == "InProgress"]
        return View(
            status=cluster.status,
            due=cluster.due,
            answers=self._planes.get(cluster) is not None,
            failed=bool(cluster.failure),
            updates_due=all(now >= each.due for each in running),
        )

    def _apply(self, cluster: Cluster, step: Step, now: float) -> None:
        if step == "open":
            self._planes.open(cluster)
        elif step == "activate":
            cluster.status = ACTIVE
        elif step == "fail":
            cluster.status = FAILED
        elif step == "finish-updates":
            self._finish(cluster)
        elif step == "remove":
            self._planes.close(cluster)
            self._networks.delete_group(cluster.region, cluster.network.cluster_group)
            self._store.region(cluster.region).clusters.pop(cluster.name, None)

    def _finish(self, cluster: Cluster) -> None:
        for update in cluster.updates.values():
            if update.status == "InProgress":
                update.status = "Successful"
                cluster.version = update.version or cluster.version
        cluster.status = ACTIVE
        plane = self._planes.get(cluster)
        if plane is not None:
            plane.api.version = cluster.version
