"""Whether a Deployment gets on: its status and conditions.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from collections.abc import Mapping
from typing import Any

from . import conditions

AVAILABLE, CREATED, UPDATED = "NewReplicaSetAvailable", "NewReplicaSetCreated", "ReplicaSetUpdated"
PAUSED, RESUMED, LATE = "DeploymentPaused", "DeploymentResumed", "ProgressDeadlineExceeded"
NO_DEADLINE = 2**31 - 1
Object = Mapping[str, Any]


def status(
    deployment: Object, new: Object | None, sets: list[Object], fewest: int, made: Object | None, now: float
) -> tuple[dict[str, Any], float | None]:
    """The status that a Deployment should have.

    Parameters
    ----------
    deployment : mapping
        The Deployment.
    new : mapping, optional
        The ReplicaSet of its template.
    sets : list of mapping
        All of its ReplicaSets.
    fewest : int
        How many pods must be available.
    made : mapping, optional
        The ReplicaSet that is being made.
    now : float
        The time in epoch seconds.

    Returns
    -------
    dict
        The status.
    float, optional
        When it will have made no progress for too long.
    """
    counts = _counts(deployment, new, sets)
    enough = counts["availableReplicas"] >= fewest
    available = conditions.condition(
        "Available",
        enough,
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    )
    progressing, fresh, due = _progressing(deployment, new, counts, made, now)
    listed = conditions.timed(deployment, [available, progressing], now, fresh=("Progressing",) if fresh else ())
    return {**counts, "conditions": listed}, due


def _counts(deployment: Object, new: Object | None, sets: list[Object]) -> dict[str, Any]:
    wanted = int(deployment["spec"].get("replicas", 1))
    found = [each.get("status") or {} for each in sets]
    available = sum(each.get("availableReplicas", 0) for each in found)
    return {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": sum(each.get("replicas", 0) for each in found),
        "updatedReplicas": int(((new or {}).get("status") or {}).get("replicas", 0)),
        "readyReplicas": sum(each.get("readyReplicas", 0) for each in found),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
    }


def _progressing(
    deployment: Object, new: Object | None, counts: dict[str, Any], made: Object | None, now: float
) -> tuple[dict[str, Any], bool, float | None]:
    """The condition, whether it is updated now, and when it will be too late."""
    before = conditions.of(deployment, "Progressing")
    reason = before.get("reason", "")

    def says(true: bool | None, why: str, text: str) -> dict[str, Any]:
        return conditions.condition("Progressing", true, why, text)

    if deployment["spec"].get("paused"):
        return says(None, PAUSED, "Deployment is paused"), False, None
    if new is None:
        name = made["metadata"]["name"] if made is not None else ""
        return says(True, CREATED, f'Created new replica set "{name}"'), True, None
    name = new["metadata"]["name"]
    if _complete(deployment, new, counts) or (_settled(counts) and before.get("message") == _done(name)):
        # pods that fail or are asked for after a rollout has ended are no rollout
        return says(True, AVAILABLE, _done(name)), False, None
    if reason == PAUSED:
        return says(None, RESUMED, "Deployment is resumed"), True, None
    limit = deployment["spec"].get("progressDeadlineSeconds", NO_DEADLINE)
    if _got_on(deployment.get("status") or {}, counts) or reason in ("", AVAILABLE):
        due = None if limit == NO_DEADLINE else now + limit
        return says(True, UPDATED, f'ReplicaSet "{name}" is progressing.'), True, due
    if limit == NO_DEADLINE:
        return _again(before), False, None
    due = conditions.seconds(before.get("lastUpdateTime")) + limit
    if reason == LATE or now >= due:
        return says(False, LATE, f'ReplicaSet "{name}" has timed out progressing.'), False, None
    return _again(before), False, due


def _again(before: Object) -> dict[str, Any]:
    return {key: before[key] for key in ("type", "status", "reason", "message")}


def _done(name: str) -> str:
    return f'ReplicaSet "{name}" has successfully progressed.'


def _settled(counts: dict[str, Any]) -> bool:
    """Whether all pods are of the newest template."""
    return bool(counts["replicas"] == counts["updatedReplicas"])


def _complete(deployment: Object, new: Object, counts: dict[str, Any]) -> bool:
    wanted = int(deployment["spec"].get("replicas", 1))
    numbers = {counts["replicas"], counts["updatedReplicas"], counts["availableReplicas"]}
    return numbers == {wanted} and int(new["spec"].get("replicas", 1)) == wanted


def _got_on(before: Object, counts: dict[str, Any]) -> bool:
    """Whether there are more new pods, fewer old ones, or more that work than before."""
    more = any(counts[name] > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    old = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    return more or counts["replicas"] - counts["updatedReplicas"] < old
