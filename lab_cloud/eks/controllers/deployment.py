"""The Deployment controller: from one template to the next, with never too few pods and never too many.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

import copy
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.names import LETTERS

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
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
    revisions : dict
        From the names of ReplicaSets to the revision that each should carry.
    revision : int
        That of the Deployment.
    status : dict
        What its status should be, without its conditions' times.
    """

    create: dict[str, Any] | None
    scale: dict[str, int]
    delete: tuple[str, ...]
    revisions: dict[str, int]
    revision: int
    status: dict[str, Any]


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


def decide(deployment: Object, sets: Iterable[Object]) -> Plan:
    """What a Deployment needs; pure.

    Parameters
    ----------
    deployment : mapping
        The Deployment.
    sets : iterable of mapping
        The ReplicaSets that belong to it.
    """
    spec = deployment["spec"]
    own = sorted(sets, key=revision_of)
    new = next((each for each in own if template_of(each) == spec["template"]), None)
    old = [each for each in own if each is not new]
    newest = max(map(revision_of, old), default=0)
    revision = revision_of(new) if new is not None else 0
    if revision <= newest:
        revision = newest + 1
    status = _status(deployment, new, own)
    if spec.get("paused"):
        scale = {} if new is None else _scaled(new, old, spec)
        return Plan(None, scale if not any(map(_asked, old)) else {}, (), {}, revision_of(deployment), status)
    made = _new_set(deployment, revision) if new is None else None
    revisions = {new["metadata"]["name"]: revision} if new is not None and revision_of(new) != revision else {}
    scale = _scaled(new, old, spec) if new is not None else {}
    limit = int(spec.get("revisionHistoryLimit", 10))
    empty = [each for each in old if not _asked(each) and not (each.get("status") or {}).get("replicas", 0)]
    delete = tuple(each["metadata"]["name"] for each in empty[: max(len(empty) - limit, 0)])
    return Plan(made, scale, delete, revisions, revision, status)


def _asked(replica_set: Object) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Object) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas", 0))


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
    template = copy.deepcopy(dict(deployment["spec"]["template"]))
    mark = hash_of(template)
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[HASH] = mark
    metadata = deployment["metadata"]
    selector = copy.deepcopy(dict(deployment["spec"]["selector"]))
    selector.setdefault("matchLabels", {})[HASH] = mark
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{mark}",
            "labels": dict(labels),
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }


def _status(deployment: Object, new: Object | None, sets: list[Object]) -> dict[str, Any]:
    wanted = int(deployment["spec"].get("replicas", 1))
    fewest, _most = bounds(deployment["spec"])
    counts = [each.get("status") or {} for each in sets]
    available = sum(each.get("availableReplicas", 0) for each in counts)
    total, updated = sum(each.get("replicas", 0) for each in counts), _there(new) if new is not None else 0
    done = new is not None and updated == total == available == wanted and _asked(new) == wanted
    enough = available >= fewest
    return {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": sum(each.get("readyReplicas", 0) for each in counts),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
        "conditions": [
            _condition(
                "Available",
                enough,
                "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
                f"Deployment {'has' if enough else 'does not have'} minimum availability.",
            ),
            _condition(
                "Progressing",
                True,
                "NewReplicaSetAvailable" if done else "ReplicaSetUpdated",
                f'ReplicaSet "{new["metadata"]["name"] if new is not None else ""}" '
                + ("has successfully progressed." if done else "is progressing."),
            ),
        ],
    }


def _condition(kind: str, true: bool, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": str(true), "reason": reason, "message": message}
