"""The ReplicaSet controller: as many pods as are asked for.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

import contextlib
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.status import ApiError
from . import conditions
from .client import Client
from .events import Recorder
from .watching import Seen

ENDED = ("Succeeded", "Failed")
MOST_AT_ONCE = 500
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one ReplicaSet.

    Parameters
    ----------
    create : int
        How many pods are missing.
    delete : tuple of str
        The names of those that are too many.
    status : dict
        What its status should be.
    due : float, optional
        When the next pod will have been ready for long enough.
    """

    create: int
    delete: tuple[str, ...]
    status: dict[str, Any]
    due: float | None = None


def is_ready(pod: Object) -> bool:
    """Whether a pod's condition Ready is true."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def available_at(pod: Object, wait: float) -> float | None:
    """When a pod has been ready for long enough; None while it is not ready."""
    if not is_ready(pod):
        return None
    return conditions.seconds(conditions.of(pod, "Ready").get("lastTransitionTime")) + wait


def is_active(pod: Object) -> bool:
    """Whether a pod counts: it has not ended and is not being deleted."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ENDED and "deletionTimestamp" not in pod["metadata"]


def decide(replica_set: Object, pods: Iterable[Object], now: float = 0.0) -> Plan:
    """What a ReplicaSet needs; pure.

    Parameters
    ----------
    replica_set : mapping
        The ReplicaSet.
    pods : iterable of mapping
        The pods that belong to it.
    now : float
        The time in epoch seconds; matters only with ``minReadySeconds``.
    """
    active = [each for each in pods if is_active(each)]
    wanted = int(replica_set["spec"].get("replicas", 1))
    wait = float(replica_set["spec"].get("minReadySeconds", 0))
    moments = [moment for moment in (available_at(each, wait) for each in active) if moment is not None]
    later = [moment for moment in moments if wait and moment > now]
    template = ((replica_set["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    labelled = sum(template.items() <= (each["metadata"].get("labels") or {}).items() for each in active)
    status: dict[str, Any] = {
        "replicas": len(active),
        "fullyLabeledReplicas": labelled,
        "readyReplicas": len(moments),
        "availableReplicas": len(moments) - len(later),
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
    extra = sorted(active, key=_worth)[: max(len(active) - wanted, 0)]
    create = min(max(wanted - len(active), 0), MOST_AT_ONCE)
    if "deletionTimestamp" in replica_set["metadata"]:
        return Plan(0, (), status)
    return Plan(create, tuple(each["metadata"]["name"] for each in extra), status, min(later, default=None))


def _worth(pod: Object) -> tuple[bool, bool, bool, str]:
    """What goes first when there are too many: without a node, not running, not ready, then the youngest by name."""
    phase = (pod.get("status") or {}).get("phase")
    return bool(pod["spec"].get("nodeName")), phase == "Running", is_ready(pod), pod["metadata"]["name"]


def new_pod(owner: Object) -> dict[str, Any]:
    """A pod of a ReplicaSet, a DaemonSet or a Job."""
    template = owner["spec"]["template"]
    own = template.get("metadata") or {}
    metadata: dict[str, Any] = {key: copy.deepcopy(own[key]) for key in ("labels", "annotations") if own.get(key)}
    metadata["generateName"] = owner["metadata"]["name"] + "-"
    metadata["ownerReferences"] = [reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy.deepcopy(template["spec"])}


def reference(owner: Object) -> dict[str, Any]:
    """What an object carries that belongs to this controller."""
    metadata = owner["metadata"]
    made = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**made, "controller": True, "blockOwnerDeletion": True}


class Pods:
    """Pods made and deleted for an owner, with the events that tell of it.

    Parameters
    ----------
    client : Client
        The cluster's API.
    component : str
        Who does it.
    """

    def __init__(self, client: Client, component: str) -> None:
        self._client = client
        self.recorder = Recorder(client, component)

    def create(self, owner: Object, pod: dict[str, Any], now: float) -> bool:
        """Make a pod; whether that was possible."""
        try:
            made = self._client.create(f"/api/v1/namespaces/{owner['metadata']['namespace']}/pods", pod)
        except ApiError as error:
            self.recorder.tell(owner, "FailedCreate", f"Error creating: {error.message}", now, warning=True)
            return False
        self.recorder.tell(owner, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}", now)
        return True

    def delete(self, owner: Object, name: str, now: float) -> None:
        """Delete a pod."""
        try:
            self._client.delete(f"/api/v1/namespaces/{owner['metadata']['namespace']}/pods/{name}")
        except ApiError as error:
            if error.code != 404:
                self.recorder.tell(owner, "FailedDelete", f"Error deleting: {error.message}", now, warning=True)
            return
        self.recorder.tell(owner, "SuccessfulDelete", f"Deleted pod: {name}", now)


class ReplicaSets:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("replicasets", "pods")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pods = Pods(client, "replicaset-controller")

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every ReplicaSet closer to as many pods as it should have."""
        dues = []
        for each in seen.all("replicasets"):
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                dues.append(self._sync(each, seen.owned("pods", each["metadata"]["uid"]), now))
        return min((due for due in dues if due is not None), default=None)

    def _sync(self, found: Object, pods: list[dict[str, Any]], now: float) -> float | None:
        plan = decide(found, pods, now)
        metadata = found["metadata"]
        if found.get("status") != plan.status:
            own = f"/apis/apps/v1/namespaces/{metadata['namespace']}/replicasets/{metadata['name']}"
            self._client.merge(f"{own}/status", {"status": plan.status})
        for _ in range(plan.create):
            if not self._pods.create(found, new_pod(found), now):
                break
        for name in plan.delete:
            self._pods.delete(found, name, now)
        return plan.due
