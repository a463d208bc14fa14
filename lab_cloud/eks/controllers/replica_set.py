"""The ReplicaSet controller: as many pods as are asked for.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    """

    create: int
    delete: tuple[str, ...]
    status: dict[str, Any]


def owner_of(found: Object) -> str:
    """The uid of the controller that an object belongs to; empty for none."""
    owners = found["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), "")


def is_ready(pod: Object) -> bool:
    """Whether a pod's condition Ready is true."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def is_active(pod: Object) -> bool:
    """Whether a pod counts: it has not ended and is not being deleted."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ENDED and "deletionTimestamp" not in pod["metadata"]


def decide(replica_set: Object, pods: Iterable[Object]) -> Plan:
    """What a ReplicaSet needs; pure.

    Parameters
    ----------
    replica_set : mapping
        The ReplicaSet.
    pods : iterable of mapping
        The pods that belong to it.
    """
    active = [each for each in pods if is_active(each)]
    wanted = int(replica_set["spec"].get("replicas", 1))
    ready = sum(map(is_ready, active))
    template = ((replica_set["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    labelled = sum(template.items() <= (each["metadata"].get("labels") or {}).items() for each in active)
    status: dict[str, Any] = {
        "replicas": len(active),
        "fullyLabeledReplicas": labelled,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
    extra = sorted(active, key=_worth)[: max(len(active) - wanted, 0)]
    create = min(max(wanted - len(active), 0), MOST_AT_ONCE)
    if "deletionTimestamp" in replica_set["metadata"]:
        return Plan(0, (), status)
    return Plan(create, tuple(each["metadata"]["name"] for each in extra), status)


def _worth(pod: Object) -> tuple[bool, bool, bool, str]:
    """What goes first when there are too many: without a node, not running, not ready, then the youngest by name."""
    phase = (pod.get("status") or {}).get("phase")
    return bool(pod["spec"].get("nodeName")), phase == "Running", is_ready(pod), pod["metadata"]["name"]


def new_pod(replica_set: Object) -> dict[str, Any]:
    """A pod of a ReplicaSet."""
    template = replica_set["spec"]["template"]
    own = template.get("metadata") or {}
    metadata: dict[str, Any] = {key: copy.deepcopy(own[key]) for key in ("labels", "annotations") if own.get(key)}
    metadata["generateName"] = replica_set["metadata"]["name"] + "-"
    metadata["ownerReferences"] = [
        {
            "apiVersion": replica_set["apiVersion"],
            "kind": replica_set["kind"],
            "name": replica_set["metadata"]["name"],
            "uid": replica_set["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy.deepcopy(template["spec"])}
