"""What the claims of a pod say about where it may run.

A volume that is bound limits a pod to the nodes that reach it (an EBS volume: to its zone). A claim whose class waits
for its first consumer is told which node that is to be, by its annotation; who provisions volumes goes by that.

References
----------
https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..kubernetes.status import ApiError
from .affinity import term_holds
from .client import Client
from .cluster_view import NodeView
from .watching import Seen

Object = Mapping[str, Any]
WATCHES = ("persistentvolumeclaims", "persistentvolumes", "storageclasses")
SELECTED = "volume.kubernetes.io/selected-node"
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) had volume node affinity conflict"
NO_VOLUMES = "node(s) didn't find available persistent volumes to bind"


class Claims:
    """The claims of a cluster, as its scheduler sees them.

    Parameters
    ----------
    client : Client
        The cluster's API.
    seen : Seen
        What it watches: `WATCHES`.
    """

    def __init__(self, client: Client, seen: Seen) -> None:
        self._client = client
        self._seen = seen

    def blocked(self, pod: Object) -> str:
        """Why no node at all can take a pod; empty for nothing."""
        for name, claim in self._of(pod):
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if "deletionTimestamp" in claim["metadata"]:
                return f'persistentvolumeclaim "{name}" is being deleted'
            if not _is_bound(claim) and not self._waits(claim):
                return UNBOUND
        return ""

    def refusal(self, pod: Object, node: NodeView) -> str:
        """Why a node cannot take a pod; empty for nothing."""
        for _name, claim in self._of(pod):
            if claim is None:
                continue
            if not _is_bound(claim):
                topologies = (self._class_of(claim) or {}).get("allowedTopologies") or ()
                if topologies and not any(_allows(each, node) for each in topologies):
                    return NO_VOLUMES
                continue
            volume = self._find("persistentvolumes", "", claim["spec"]["volumeName"])
            wanted = ((volume or {}).get("spec") or {}).get("nodeAffinity", {}).get("required")
            if wanted and not any(term_holds(each, node) for each in wanted.get("nodeSelectorTerms") or ()):
                return CONFLICT
        return ""

    def bind(self, pod: Object, node: NodeView) -> bool:
        """Tell claims that wait for their first consumer of its node; returns whether all are bound."""
        done = True
        for name, claim in self._of(pod):
            if claim is None or _is_bound(claim):
                continue
            done = False
            if (claim["metadata"].get("annotations") or {}).get(SELECTED) != node.name:
                path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/persistentvolumeclaims/{name}"
                with contextlib.suppress(ApiError):  # gone or changed meanwhile: the watch tells
                    self._client.merge(path, {"metadata": {"annotations": {SELECTED: node.name}}})
        return done

    def _of(self, pod: Object) -> Iterator[tuple[str, Object | None]]:
        for each in pod["spec"].get("volumes") or ():
            if each.get("persistentVolumeClaim"):
                name = each["persistentVolumeClaim"]["claimName"]
                yield name, self._find("persistentvolumeclaims", pod["metadata"]["namespace"], name)

    def _find(self, resource: str, namespace: str, name: str) -> Object | None:
        found = (each for each in self._seen.all(resource) if each["metadata"]["name"] == name)
        return next((each for each in found if each["metadata"].get("namespace", "") == namespace), None)

    def _class_of(self, claim: Object) -> Object | None:
        name = claim["spec"].get("storageClassName")
        return self._find("storageclasses", "", name) if name else None

    def _waits(self, claim: Object) -> bool:
        return (self._class_of(claim) or {}).get("volumeBindingMode") == "WaitForFirstConsumer"


def _is_bound(claim: Object) -> bool:
    return bool(claim["spec"].get("volumeName")) and (claim.get("status") or {}).get("phase") == "Bound"


def _allows(topology: Object, node: NodeView) -> bool:
    expressions = topology.get("matchLabelExpressions") or ()
    return all(node.labels.get(each["key"]) in each["values"] for each in expressions)
