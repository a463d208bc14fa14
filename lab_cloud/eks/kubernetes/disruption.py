"""How many pods may be evicted now: what PodDisruptionBudgets allow.

References
----------
https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from . import selectors
from .resources import find
from .status import ApiError
from .store import Store

ENDED = ("Succeeded", "Failed")
SCALED = {"ReplicaSet": ("apps", "replicasets"), "Deployment": ("apps", "deployments")}
Object = Mapping[str, Any]


def _share(value: Any, of: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * of / 100)
    return int(value)


def is_healthy(pod: Object) -> bool:
    """Whether a pod counts as one that works."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def status_of(budget: Object, pods: Iterable[Object], scales: Mapping[str, int]) -> dict[str, Any]:
    """The numbers of a budget's status; pure.

    Parameters
    ----------
    budget : mapping
        The PodDisruptionBudget.
    pods : iterable of mapping
        The pods that it selects.
    scales : mapping
        From the uids of the pods' owners to how many pods each asks for.
    """
    spec = budget["spec"]
    found = [each for each in pods if (each.get("status") or {}).get("phase") not in ENDED]
    owners = {_owner(each) for each in found}
    expected = sum(scales.get(uid, 0) for uid in owners) if owners and owners <= scales.keys() else len(found)
    healthy = sum(map(is_healthy, found))
    if spec.get("maxUnavailable") is not None:
        desired = max(expected - _share(spec["maxUnavailable"], expected), 0)
    else:
        least = spec.get("minAvailable", 1)
        desired = _share(least, expected)
        expected = expected if isinstance(least, str) else len(found)
    return {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": max(healthy - desired, 0) if expected else 0,
        "expectedPods": expected,
        "observedGeneration": budget["metadata"].get("generation", 0),
    }


def _owner(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), "")


def selected(budget: Object, pods: Iterable[Object]) -> list[Object]:
    """The pods of a budget, among those of its namespace."""
    matches = selectors.of_spec(budget["spec"].get("selector"))
    namespace = budget["metadata"]["namespace"]
    return [
        each
        for each in pods
        if each["metadata"]["namespace"] == namespace and matches(each["metadata"].get("labels") or {})
    ]


def check_eviction(store: Store, pod: Object) -> None:
    """Refuse an eviction that a budget does not allow; under the store's lock.

    Raises
    ------
    ApiError
        429.
    """
    budgets = find("policy", "v1", "poddisruptionbudgets")
    assert budgets is not None
    if (pod.get("status") or {}).get("phase") in (*ENDED, "Pending") or "deletionTimestamp" in pod["metadata"]:
        return
    namespace = pod["metadata"]["namespace"]
    own = [each for each in store.all(budgets, namespace) if selected(each, [pod])]
    if len(own) > 1:
        why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(500, "InternalError", why)
    for each in own:
        pods = selected(each, store.all(_resource("", "pods"), namespace))
        found = status_of(each, pods, scales_of(store, namespace))
        broken = not is_healthy(pod) and found["currentHealthy"] >= found["desiredHealthy"] > 0
        if broken or found["disruptionsAllowed"] > 0:
            continue
        name, healthy = each["metadata"]["name"], found["currentHealthy"]
        told = f"The disruption budget {name} needs {found['desiredHealthy']} healthy pods and has {healthy} currently"
        details = {"causes": [{"reason": "DisruptionBudget", "message": told}]}
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        raise ApiError(429, "TooManyRequests", message, details)


def scales_of(store: Store, namespace: str) -> dict[str, int]:
    """How many pods each owner in a namespace asks for, by uid."""
    return {
        each["metadata"]["uid"]: int(each["spec"].get("replicas", 1))
        for group, name in SCALED.values()
        for each in store.all(_resource(group, name), namespace)
    }


def _resource(group: str, name: str) -> Any:
    found = find(group, "v1", name)
    assert found is not None
    return found
