"""The Deployment controller: from one template to the next, with never too few pods and never too many.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

import contextlib
import copy
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.names import LETTERS
from ..kubernetes.status import ApiError
from . import progress
from .client import Client
from .events import Recorder
from .replica_set import reference
from .watching import Seen

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
NOT_HANDED_ON = (REVISION, "kubectl.kubernetes.io/last-applied-configuration")
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one Deployment.

    Parameters
    ----------
    create : dict, optional
        The ReplicaSet that is missing.
    scale : dict
        From the names of ReplicaSets to how many pods each should ask for.
    delete : tuple of str
        The names of old ReplicaSets that are kept no longer.
    patch : dict
        What is to change on the newest ReplicaSet; may be empty.
    revision : int
        That of the Deployment.
    status : dict
        What its status should be.
    due : float, optional
        When it will have made no progress for too long.
    """

    create: dict[str, Any] | None
    scale: dict[str, int]
    delete: tuple[str, ...]
    patch: dict[str, Any]
    revision: int
    status: dict[str, Any]
    due: float | None = None


def template_of(replica_set: Object) -> dict[str, Any]:
    """The template of a ReplicaSet without what the Deployment controller put in."""
    template: dict[str, Any] = copy.deepcopy(replica_set["spec"]["template"])
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(HASH, None)
    return template


def hash_of(template: Object) -> str:
    """What tells templates apart in names."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:10])


def revision_of(found: Object) -> int:
    """The revision that an object carries; 0 for none."""
    text = (found["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdecimal() else 0


def share(value: Any, of: int, *, up: bool) -> int:
    """``maxSurge`` and ``maxUnavailable``: a number, or a percentage of the pods that are wanted."""
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * of / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)


def bounds(spec: Object) -> tuple[int, int]:
    """The fewest pods that must be available, and the most that there may be."""
    wanted = int(spec.get("replicas", 1))
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, wanted
    rolling = strategy.get("rollingUpdate") or {}
    surge = share(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not missing:
        missing = 1
    return max(wanted - missing, 0), wanted + surge


def decide(deployment: Object, sets: Iterable[Object], now: float = 0.0) -> Plan:
    """What a Deployment needs; pure.

    Parameters
    ----------
    deployment : mapping
        The Deployment.
    sets : iterable of mapping
        The ReplicaSets that belong to it.
    now : float
        The time in epoch seconds.
    """
    spec = deployment["spec"]
    own = sorted(sets, key=revision_of)
    new = next((each for each in own if template_of(each) == spec["template"]), None)
    old = [each for each in own if each is not new]
    newest = max(map(revision_of, old), default=0)
    revision = revision_of(new) if new is not None else 0
    if revision <= newest:
        revision = newest + 1
    made = _new_set(deployment, revision) if new is None and not spec.get("paused") else None
    status, due = progress.status(deployment, new, own, bounds(spec)[0], made, now)
    if spec.get("paused"):
        scale = {} if new is None or any(map(_asked, old)) else _scaled(new, old, spec)
        return Plan(None, scale, (), {}, revision_of(deployment), status, due)
    scale = _scaled(new, old, spec) if new is not None else {}
    limit = int(spec.get("revisionHistoryLimit", 10))
    empty = [each for each in old if not _asked(each) and not (each.get("status") or {}).get("replicas", 0)]
    delete = tuple(each["metadata"]["name"] for each in empty[: max(len(empty) - limit, 0)])
    return Plan(made, scale, delete, _patch(deployment, new, revision), revision, status, due)


def _handed_on(deployment: Object) -> dict[str, str]:
    """The annotations that a ReplicaSet takes over, such as the reason of a change."""
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in NOT_HANDED_ON}


def _patch(deployment: Object, new: Object | None, revision: int) -> dict[str, Any]:
    """What the newest ReplicaSet should carry and does not."""
    if new is None:
        return {}
    wanted = {**_handed_on(deployment), REVISION: str(revision)}
    known = new["metadata"].get("annotations") or {}
    patch: dict[str, Any] = {}
    if any(known.get(key) != value for key, value in wanted.items()):
        patch["metadata"] = {"annotations": wanted}
    wait = deployment["spec"].get("minReadySeconds", 0)
    if new["spec"].get("minReadySeconds", 0) != wait:
        patch["spec"] = {"minReadySeconds": wait}
    return patch


def _asked(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Object) -> int:
    """Pods that are available and stay: the status still counts those that were just asked to go."""
    return min(int((replica_set.get("status") or {}).get("availableReplicas", 0)), _asked(replica_set))


def _there(replica_set: Object) -> int:
    return int((replica_set.get("status") or {}).get("replicas", 0))


def _scaled(new: Object, old: list[Object], spec: Object) -> dict[str, int]:
    """How many pods each ReplicaSet should ask for now."""
    wanted = int(spec.get("replicas", 1))
    fewest, most = bounds(spec)
    sizes = {each["metadata"]["name"]: _asked(each) for each in (new, *old)}
    name = new["metadata"]["name"]
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        for each in old:
            sizes[each["metadata"]["name"]] = 0
        if not any(_there(each) or _asked(each) for each in old):
            sizes[name] = wanted
        return _changes(sizes, new, old)
    others = sum(max(_asked(each), _there(each)) for each in old)
    if sizes[name] > wanted:
        sizes[name] = wanted
    else:
        sizes[name] = max(min(wanted, most - others), sizes[name])
    # pods that are not available may go at once; those that are, only while enough others are
    spare = sum(map(_available, (new, *old))) - fewest
    for each in old:
        idle = max(_asked(each) - _available(each), 0)
        gone = min(idle, sizes[each["metadata"]["name"]])
        working = min(max(spare, 0), _asked(each) - gone)
        spare -= working
        sizes[each["metadata"]["name"]] -= gone + working
    return _changes(sizes, new, old)


def _changes(sizes: dict[str, int], new: Object, old: list[Object]) -> dict[str, int]:
    return {
        each["metadata"]["name"]: sizes[each["metadata"]["name"]]
        for each in (new, *old)
        if sizes[each["metadata"]["name"]] != _asked(each)
    }


def _new_set(deployment: Object, revision: int) -> dict[str, Any]:
    spec = deployment["spec"]
    template = copy.deepcopy(dict(spec["template"]))
    mark = hash_of(template)
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[HASH] = mark
    metadata = deployment["metadata"]
    selector = copy.deepcopy(dict(spec["selector"]))
    selector.setdefault("matchLabels", {})[HASH] = mark
    wait = {"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{mark}",
            "labels": dict(labels),
            "annotations": {**_handed_on(deployment), REVISION: str(revision)},
            "ownerReferences": [reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template, **wait},
    }


class Deployments:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("deployments", "replicasets")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "deployment-controller")

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every Deployment closer to what it asks for."""
        dues = []
        for each in seen.all("deployments"):
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                dues.append(self._sync(each, seen.owned("replicasets", each["metadata"]["uid"]), now))
        return min((due for due in dues if due is not None), default=None)

    def _sync(self, found: Object, sets: list[dict[str, Any]], now: float) -> float | None:
        metadata = found["metadata"]
        if "deletionTimestamp" in metadata:
            return None
        plan = decide(found, sets, now)
        base = f"/apis/apps/v1/namespaces/{metadata['namespace']}"
        own = f"{base}/deployments/{metadata['name']}"
        if plan.create is not None:
            self._client.create(f"{base}/replicasets", plan.create)
        if plan.patch:
            new = next(each for each in sets if template_of(each) == found["spec"]["template"])
            self._client.merge(f"{base}/replicasets/{new['metadata']['name']}", plan.patch)
        sizes = {each["metadata"]["name"]: _asked(each) for each in sets}
        for name, count in plan.scale.items():
            self._client.merge(f"{base}/replicasets/{name}", {"spec": {"replicas": count}})
            way = "up" if count > sizes[name] else "down"
            told = f"Scaled {way} replica set {name} from {sizes[name]} to {count}"
            self._recorder.tell(found, "ScalingReplicaSet", told, now)
        for name in plan.delete:
            self._client.delete(f"{base}/replicasets/{name}")
        if revision_of(found) != plan.revision:
            self._client.merge(own, {"metadata": {"annotations": {REVISION: str(plan.revision)}}})
        if found.get("status") != plan.status:
            self._client.merge(f"{own}/status", {"status": plan.status})
        return plan.due
