"""What controllers see: the objects of the API, as watches tell them."""

from collections.abc import Callable, Iterable
from typing import Any

from .client import Client

Object = dict[str, Any]

PATHS = {
    **{
        name: f"/api/v1/{name}"
        for name in ("configmaps", "endpoints", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes")
    },
    **{name: f"/api/v1/{name}" for name in ("pods", "services")},
    **{name: f"/apis/apps/v1/{name}" for name in ("daemonsets", "deployments", "replicasets")},
    **{name: f"/apis/batch/v1/{name}" for name in ("cronjobs", "jobs")},
    "poddisruptionbudgets": "/apis/policy/v1/poddisruptionbudgets",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "leases": "/apis/coordination.k8s.io/v1/leases",
    **{name: f"/apis/storage.k8s.io/v1/{name}" for name in ("csidrivers", "storageclasses")},
}
"""Where a watch of each resource is."""


class Cache:
    """The objects of one resource as a watch tells them, by uid.

    Parameters
    ----------
    changed : callable
        Called after each change, on the thread that wrote.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._found: dict[str, Object] = {}
        self.changes = 0

    def deliver(self, kind: str, found: Object) -> None:
        """Take in what a watch tells."""
        if kind == "BOOKMARK":
            return
        uid = found["metadata"]["uid"]
        if kind == "DELETED":
            self._found.pop(uid, None)
        else:
            self._found[uid] = found
        self.changes += 1
        self._changed()

    def all(self) -> list[Object]:
        """The objects now."""
        return list(self._found.values())


class Seen:
    """The caches that a group of controllers shares.

    Parameters
    ----------
    changed : callable
        Called after each change, on the thread that wrote.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._caches: dict[str, Cache] = {}
        self._owned: dict[str, tuple[int, dict[str, list[Object]]]] = {}

    def watch(self, client: Client, resources: Iterable[str]) -> list[Callable[[], None]]:
        """Begin to watch; returns what ends that."""
        ends = []
        for name in dict.fromkeys(resources):
            cache = self._caches[name] = Cache(self._changed)
            ends.append(client.watch(PATHS[name], cache.deliver))
        return ends

    def all(self, resource: str) -> list[Object]:
        """The objects of a resource."""
        return self._caches[resource].all()

    def version(self, resource: str) -> int:
        """How many changes of a resource there have been."""
        return self._caches[resource].changes

    def owned(self, resource: str, uid: str) -> list[Object]:
        """The objects of a resource that belong to this controlling owner."""
        changes, found = self._owned.get(resource, (-1, {}))
        if changes != self.version(resource):
            changes, found = self.version(resource), {}
            for each in self.all(resource):
                found.setdefault(owner_of(each), []).append(each)
            self._owned[resource] = changes, found
        return found.get(uid, [])


def owner_of(found: Object) -> str:
    """The uid of the controller that an object belongs to; empty for none."""
    owners = found["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), "")
