"""The DaemonSet controller: one pod on each node that its pods bear.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.status import ApiError
from . import affinity
from .client import Client
from .cluster_view import NodeView
from .deployment import hash_of, share
from .replica_set import ENDED, Pods, available_at, is_active, is_ready, new_pod
from .watching import Seen

HASH = "controller-revision-hash"
NODE = "node.kubernetes.io"
BORNE = (
    *((f"{NODE}/{name}", "NoExecute") for name in ("not-ready", "unreachable")),
    *((f"{NODE}/{name}", "NoSchedule") for name in ("disk-pressure", "memory-pressure", "pid-pressure")),
    (f"{NODE}/unschedulable", "NoSchedule"),
)
"""The taints that pods of every DaemonSet bear, so that they are also on nodes where something is wrong."""
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one DaemonSet.

    Parameters
    ----------
    create : tuple of str
        The nodes that lack a pod.
    delete : tuple of str
        The names of pods that are too many, have ended, or are of an old template.
    failed : tuple of str
        Those of them that have ended.
    status : dict
        What its status should be.
    due : float, optional
        When the next pod will have been ready for long enough.
    """

    create: tuple[str, ...]
    delete: tuple[str, ...]
    failed: tuple[str, ...]
    status: dict[str, Any]
    due: float | None = None


def pod_of(daemon_set: Object, node: str) -> dict[str, Any]:
    """A pod for one node; the scheduler gives it to that node, or says why it cannot."""
    made = new_pod(daemon_set)
    made["metadata"].setdefault("labels", {})[HASH] = hash_of(daemon_set["spec"]["template"])
    spec = made["spec"]
    known = spec.setdefault("tolerations", [])
    known += [{"key": key, "operator": "Exists", "effect": effect} for key, effect in BORNE]
    wanted = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    required = wanted.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [{**term, **here} for term in terms]
    return made


def node_of(pod: Object) -> str:
    """The node that a pod is for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    wanted = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    fields = [one for term in wanted.get("nodeSelectorTerms") or () for one in term.get("matchFields") or ()]
    return next((str(one["values"][0]) for one in fields if one.get("key") == "metadata.name"), "")


def suits(daemon_set: Object, node: Object) -> tuple[bool, bool]:
    """Whether a node should get a pod, and whether one that is there may stay."""
    view = NodeView(dict(node))
    pod = pod_of(daemon_set, view.name)
    if not affinity.wants_node(pod, view):
        return False, False
    taint = affinity.untolerated(pod, view.taints)
    stays = affinity.untolerated(pod, [each for each in view.taints if each.get("effect") == "NoExecute"]) is None
    return taint is None, stays


def decide(daemon_set: Object, nodes: Iterable[Object], pods: Iterable[Object], now: float = 0.0) -> Plan:
    """What a DaemonSet needs; pure.

    Parameters
    ----------
    daemon_set : mapping
        The DaemonSet.
    nodes : iterable of mapping
        All nodes.
    pods : iterable of mapping
        The pods that belong to it.
    now : float
        The time in epoch seconds.
    """
    by_node: dict[str, list[Object]] = {}
    for each in sorted(pods, key=lambda one: (not is_ready(one), str(one["metadata"]["name"]))):
        by_node.setdefault(node_of(each), []).append(each)
    suited = {str(each["metadata"]["name"]): suits(daemon_set, each) for each in nodes}
    wanted = [name for name in sorted(suited) if suited[name][0]]
    delete: list[str] = []
    failed: list[str] = []
    kept: dict[str, Object] = {}
    for name, own in by_node.items():
        active = [each for each in own if is_active(each)]
        over = [each for each in own if (each.get("status") or {}).get("phase") in ENDED]
        failed += [_name(each) for each in over if "deletionTimestamp" not in each["metadata"]]
        stays = name in suited and suited[name][1]
        delete += [_name(each) for each in (active[1:] if stays else active)]
        if stays and active:
            kept[name] = active[0]
    # where one ends or has failed, the next comes when it is gone
    create = [name for name in wanted if all(_name(each) in delete for each in by_node.get(name, ()))]
    available, due = _available(daemon_set, kept, now)
    old = _outdated(daemon_set, wanted, kept, available)
    status = _status(daemon_set, wanted, kept, available)
    return Plan(tuple(create), (*delete, *old), tuple(failed), status, due)


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def _available(daemon_set: Object, kept: Mapping[str, Object], now: float) -> tuple[set[str], float | None]:
    """The nodes whose pod has been ready for long enough, and when the next will have been."""
    wait = float(daemon_set["spec"].get("minReadySeconds", 0))
    moments = {name: available_at(pod, wait) for name, pod in kept.items()}
    known = {name: moment for name, moment in moments.items() if moment is not None}
    later = [moment for moment in known.values() if wait and moment > now]
    return {name for name, moment in known.items() if not wait or moment <= now}, min(later, default=None)


def _is_new(daemon_set: Object, pod: Object) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get(HASH) == hash_of(daemon_set["spec"]["template"]))


def _outdated(daemon_set: Object, wanted: list[str], kept: Mapping[str, Object], available: set[str]) -> list[str]:
    """The pods of an old template that may go now."""
    strategy = daemon_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return []
    most = max(share((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(wanted), up=True), 1)
    old = [name for name in wanted if name in kept and not _is_new(daemon_set, kept[name])]
    broken = [name for name in old if name not in available]
    room = most - sum(name not in available for name in wanted)
    working = [name for name in old if name in available][: max(room, 0)]
    # those that do not work anyway may all go at once
    return [_name(kept[name]) for name in (*broken, *working)]


def _status(daemon_set: Object, wanted: list[str], kept: Mapping[str, Object], available: set[str]) -> dict[str, Any]:
    here = [name for name in wanted if name in kept]
    ready = sum(name in available for name in here)
    return {
        "observedGeneration": daemon_set["metadata"].get("generation", 0),
        "desiredNumberScheduled": len(wanted),
        "currentNumberScheduled": len(here),
        "numberMisscheduled": sum(name not in wanted for name in kept),
        "numberReady": sum(is_ready(kept[name]) for name in here),
        "updatedNumberScheduled": sum(_is_new(daemon_set, kept[name]) for name in here),
        "numberAvailable": ready,
        "numberUnavailable": len(wanted) - ready,
    }


class DaemonSets:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("daemonsets", "nodes", "pods")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pods = Pods(client, "daemonset-controller")

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every DaemonSet closer to one pod on each node."""
        dues = []
        for each in seen.all("daemonsets"):
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                if "deletionTimestamp" not in each["metadata"]:
                    own = seen.owned("pods", each["metadata"]["uid"])
                    dues.append(self._sync(each, decide(each, seen.all("nodes"), own, now), now))
        return min((due for due in dues if due is not None), default=None)

    def _sync(self, found: Object, plan: Plan, now: float) -> float | None:
        metadata = found["metadata"]
        for name in plan.failed:
            text = f"Found failed daemon pod {metadata['namespace']}/{name}, will try to kill it"
            self._pods.recorder.tell(found, "FailedDaemonPod", text, now, warning=True)
            self._pods.delete(found, name, now)
        for name in plan.delete:
            self._pods.delete(found, name, now)
        for node in plan.create:
            if not self._pods.create(found, pod_of(found, node), now):
                break
        if found.get("status") != plan.status:
            own = f"/apis/apps/v1/namespaces/{metadata['namespace']}/daemonsets/{metadata['name']}"
            self._client.merge(f"{own}/status", {"status": plan.status})
        return plan.due
