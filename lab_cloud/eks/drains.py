"""Nodes are emptied before their instances go: no new pods, and those that are there are evicted.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html
https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ..clock import Clock
from ..world import World
from .cluster import Cluster
from .controllers.client import Client
from .kubernetes.status import ApiError
from .planes import Plane, Planes

log = logging.getLogger(__name__)

ENDED = ("Succeeded", "Failed")
PATIENCE_SECONDS = 900.0
"""How long EKS waits for pods to go, in AWS seconds."""
LEAST_SECONDS = 45.0
"""How long at least while pods end, in real seconds: they have their own real time for that."""
LEAST_BLOCKED_SECONDS = 10.0
"""How long at least when none of them ends, for a budget does not let them go: their like may still be starting."""
MIRROR = "kubernetes.io/config.mirror"
Object = Mapping[str, Any]


def stays(pod: Object) -> bool:
    """Whether a pod is no reason to wait: it belongs to a DaemonSet or to the node itself, or it has ended."""
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or ()
    daemon = any(each.get("controller") and each.get("kind") == "DaemonSet" for each in owners)
    ended = (pod.get("status") or {}).get("phase") in ENDED
    return daemon or ended or MIRROR in (metadata.get("annotations") or {})


def left(pods: Iterable[Object], node: str) -> list[Object]:
    """The pods of a node that have to go."""
    return [each for each in pods if each["spec"].get("nodeName") == node and not stays(each)]


class Drains:
    """All drains.

    Parameters
    ----------
    world : World
        Where slow work is done.
    planes : Planes
        The clusters' API servers.
    """

    def __init__(self, world: World, planes: Planes) -> None:
        self._world = world
        self._planes = planes
        self._begun: dict[tuple[tuple[str, str], str], float] = {}
        self._cordoned: set[tuple[tuple[str, str], str]] = set()

    def clear(self) -> None:
        """Forget all, when everything is reset."""
        self._begun.clear()
        self._cordoned.clear()

    def busy(self, cluster: Cluster, node: str, now: float) -> bool:
        """Whether a node has yet to be waited for; its drain begins with the first question.

        Parameters
        ----------
        cluster : Cluster
            Its cluster.
        node : str
            Its name.
        now : float
            Epoch seconds.
        """
        plane = self._planes.get(cluster)
        if plane is None:
            return False
        key = cluster.key, node
        if key not in self._begun:
            self._begun[key] = now
            self._world.work(lambda: self._cordon(plane, key))
        if self.late(cluster, node, now):
            return False
        if key not in self._cordoned:
            return True
        waiting = left(plane.seen.all("pods"), node)
        fresh = [each for each in waiting if "deletionTimestamp" not in each["metadata"]]
        if fresh:
            self._world.work(lambda: evict(plane.client, fresh))
        return bool(waiting)

    def late(self, cluster: Cluster, node: str, now: float) -> bool:
        """Whether a drain has taken too long."""
        begun, plane = self._begun.get((cluster.key, node)), self._planes.get(cluster)
        if begun is None or plane is None:
            return False
        ending = any("deletionTimestamp" in each["metadata"] for each in left(plane.seen.all("pods"), node))
        return now - begun > patience(self._world.clock, ending=ending)

    def ended(self, cluster: Cluster, node: str) -> None:
        """The node is gone."""
        self._begun.pop((cluster.key, node), None)
        self._cordoned.discard((cluster.key, node))

    def _cordon(self, plane: Plane, key: tuple[tuple[str, str], str]) -> None:
        try:
            plane.client.merge(f"/api/v1/nodes/{key[1]}", {"spec": {"unschedulable": True}})
        except ApiError as error:
            log.info("%s could not be cordoned: %s", key[1], error.message)  # gone already
        self._world.post(lambda: self._cordoned.add(key))


def patience(clock: Clock, *, ending: bool = True) -> float:
    """How long a drain may take, in real seconds; `ending` when pods are about to go."""
    return max(clock.real(PATIENCE_SECONDS), LEAST_SECONDS if ending else LEAST_BLOCKED_SECONDS)


def evict(client: Client, pods: Iterable[Object]) -> None:
    """Ask for pods to go."""
    for each in pods:
        metadata = each["metadata"]
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        }
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction"
        try:
            client.create(path, body)
        except ApiError as error:
            log.info("%s was not evicted: %s", metadata["name"], error.message)
