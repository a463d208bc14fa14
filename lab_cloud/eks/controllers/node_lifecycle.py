"""The node lifecycle controller: nodes that are not heard of are Unknown, and lose their pods.

Kubernetes' own waits (the 300 seconds that pods tolerate a lost node) go with the speed; a lease lasts as long as its
agent says, since it races with the agent.

References
----------
https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
"""

import contextlib
import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes import names
from ..kubernetes.status import ApiError
from . import conditions
from .client import Client
from .events import Recorder
from .watching import Seen

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OWN = (NOT_READY, UNREACHABLE, UNSCHEDULABLE)
GRACE_SECONDS = 40
"""How long a lease is good that does not say it."""
ORPHAN_SECONDS = 40.0
LEAST_ORPHAN_SECONDS = 2.0
SILENT = "Kubelet stopped posting node status."
SILENT_REASON = "NodeStatusUnknown"
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one node.

    Parameters
    ----------
    lost : bool
        Whether its conditions are to become Unknown.
    taints : list, optional
        Those that it should have; None when it has them.
    due : float
        When it is lost unless it is heard of.
    """

    lost: bool
    taints: list[dict[str, Any]] | None
    due: float


def decide(node: Object, lease: Object | None, now: float) -> Plan:
    """What a node needs; pure.

    Parameters
    ----------
    node : mapping
        The node.
    lease : mapping or None
        The lease of the same name.
    now : float
        Epoch seconds.
    """
    spec = (lease or {}).get("spec") or {}
    heard = names.epoch(spec.get("renewTime") or node["metadata"]["creationTimestamp"])
    due = heard + int(spec.get("leaseDurationSeconds") or GRACE_SECONDS)
    ready = conditions.of(node, "Ready").get("status")
    lost = now >= due and ready != "Unknown"
    found = list((node.get("spec") or {}).get("taints") or ())
    wanted = wanted_taints(node, "Unknown" if lost else ready, now)
    return Plan(lost, None if found == wanted else wanted, due)


def wanted_taints(node: Object, ready: str | None, now: float) -> list[dict[str, Any]]:
    """The taints that a node should have: those of others stay."""
    spec = node.get("spec") or {}
    found = {(each["key"], each["effect"]): dict(each) for each in spec.get("taints") or ()}
    own: list[tuple[str, str]] = []
    if ready != "True":
        key = UNREACHABLE if ready == "Unknown" else NOT_READY
        own = [(key, "NoSchedule"), (key, "NoExecute")]
    if spec.get("unschedulable"):
        own.append((UNSCHEDULABLE, "NoSchedule"))
    kept = [each for (key, effect), each in found.items() if key not in OWN or (key, effect) in own]
    added = [{"key": key, "effect": effect} for key, effect in own if (key, effect) not in found]
    wanted = [*kept, *added]
    for each in wanted:
        if each["effect"] == "NoExecute" and not each.get("timeAdded"):
            each["timeAdded"] = names.timestamp(now)  # pods tolerate it from now on
    return wanted


def tolerated(pod: Object, taint: Object) -> float | None:
    """How many seconds a pod stays with a taint: without end (infinity), or None when it must go at once."""
    longest: float | None = None
    for each in (pod.get("spec") or {}).get("tolerations") or ():
        if each.get("effect") not in (None, "", taint["effect"]):
            continue
        exists = each.get("operator") == "Exists"
        if each.get("key") and each["key"] != taint["key"]:
            continue
        if not each.get("key") and not exists:
            continue
        if not exists and (each.get("value") or "") != (taint.get("value") or ""):
            continue
        seconds = each.get("tolerationSeconds")
        if seconds is None:
            return float("inf")
        longest = float(seconds) if longest is None else min(longest, float(seconds))
    return longest


def leaves_at(pod: Object, node: Object, now: float, real: Callable[[float], float]) -> float:
    """When a pod has to leave its node because of taints with NoExecute; infinity for never.

    Parameters
    ----------
    pod, node : mapping
        Which.
    now : float
        Epoch seconds.
    real : callable
        From Kubernetes' seconds to real ones.
    """
    earliest = float("inf")
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint["effect"] != "NoExecute":
            continue
        stays = tolerated(pod, taint)
        if stays is None:
            return now
        if stays != float("inf"):
            since = names.epoch(taint["timeAdded"]) if taint.get("timeAdded") else now
            earliest = min(earliest, since + real(max(stays, 0.0)))
    return earliest


class NodeLifecycle:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    real : callable
        From Kubernetes' seconds to real ones.
    """

    watches = ("nodes", "leases", "pods")

    def __init__(self, client: Client, real: Callable[[float], float]) -> None:
        self._client = client
        self._real = real
        self._events = Recorder(client, "node-controller")
        self._orphaned: dict[str, float] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Look at every node and at what runs there."""
        leases = {
            each["metadata"]["name"]: each
            for each in seen.all("leases")
            if each["metadata"].get("namespace") == "kube-node-lease"
        }
        nodes = {each["metadata"]["name"]: each for each in seen.all("nodes")}
        pods: dict[str, list[Object]] = {}
        for pod in seen.all("pods"):
            if pod["spec"].get("nodeName"):
                pods.setdefault(pod["spec"]["nodeName"], []).append(pod)
        due = float("inf")
        for name, node in nodes.items():
            plan = decide(node, leases.get(name), now)
            with contextlib.suppress(ApiError):  # gone or changed meanwhile: the watch tells
                self._sync_node(node, plan, pods.get(name, []), now)
            due = min(due, plan.due if plan.due > now else float("inf"), self._evict(node, pods.get(name, []), now))
        due = min(due, self._bury(nodes, pods, now))
        return due if due != float("inf") else None

    def _sync_node(self, node: Object, plan: Plan, pods: Iterable[Object], now: float) -> None:
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        if plan.lost:
            when = names.timestamp(now)
            told = copy.deepcopy((node.get("status") or {}).get("conditions") or [{"type": "Ready"}])
            for each in told:
                if each.get("status") != "Unknown":
                    each |= {"status": "Unknown", "reason": SILENT_REASON, "message": SILENT}
                    each["lastTransitionTime"] = when
            self._client.merge(f"{path}/status", {"status": {"conditions": told}})
            message = f"Node {node['metadata']['name']} status is now: NodeNotReady"
            self._events.tell(node, "NodeNotReady", message, now)
            for pod in pods:
                self._unready(pod, now)
        if plan.taints is not None:
            self._client.merge(path, {"spec": {"taints": plan.taints or None}})

    def _unready(self, pod: Object, now: float) -> None:
        """A pod on a lost node serves nobody."""
        status = pod.get("status") or {}
        ready = conditions.of(pod, "Ready")
        if ready.get("status") != "True":
            return
        told = copy.deepcopy(status["conditions"])
        for each in told:
            if each["type"] == "Ready":
                each |= {"status": "False", "lastTransitionTime": names.timestamp(now), "reason": "NodeNotReady"}
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        with contextlib.suppress(ApiError):
            self._client.merge(path, {"status": {"conditions": told}})

    def _evict(self, node: Object, pods: Iterable[Object], now: float) -> float:
        """Delete the pods that have stayed as long as they tolerate; when the next has."""
        earliest = float("inf")
        for pod in pods:
            if "deletionTimestamp" in pod["metadata"]:
                continue
            when = leaves_at(pod, node, now, self._real)
            if when > now:
                earliest = min(earliest, when)
                continue
            self._events.tell(pod, "TaintManagerEviction", f"Marking for deletion Pod {_name(pod)}", now)
            with contextlib.suppress(ApiError):
                self._client.delete(_path(pod))
        return earliest

    def _bury(self, nodes: Mapping[str, Object], pods: Mapping[str, list[Object]], now: float) -> float:
        """Delete the pods of nodes that are gone, a while later; when the next is due."""
        gone = {name for name in pods if name not in nodes}
        self._orphaned = {name: self._orphaned.get(name, now) for name in gone}
        wait = max(self._real(ORPHAN_SECONDS), LEAST_ORPHAN_SECONDS)
        earliest = float("inf")
        for name, since in self._orphaned.items():
            if now < since + wait:
                earliest = min(earliest, since + wait)
                continue
            for pod in pods[name]:
                with contextlib.suppress(ApiError):
                    self._client.delete(_path(pod), {"gracePeriodSeconds": 0})
        return earliest


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _path(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
