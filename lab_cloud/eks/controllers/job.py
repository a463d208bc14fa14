"""The Job controller: pods that run until enough of them have succeeded.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..kubernetes import names
from ..kubernetes.status import ApiError
from . import conditions
from .client import Client
from .replica_set import Pods, is_active, is_ready, new_pod
from .watching import Seen

INDEX = "batch.kubernetes.io/job-completion-index"
FIRST_WAIT, LONGEST_WAIT = 10.0, 360.0
Object = Mapping[str, Any]


@dataclass
class Ended:
    """The pods of a Job that have ended, also those that are not there any more.

    Parameters
    ----------
    succeeded, failed : dict
        From uids to completion indexes; -1 for none.
    last_failure : float
        When a pod was last seen to have failed.
    """

    succeeded: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    last_failure: float = 0.0

    def count(self, pods: Iterable[Object], now: float) -> None:
        """Take in the pods that are there."""
        for pod in pods:
            phase, uid = (pod.get("status") or {}).get("phase"), str(pod["metadata"]["uid"])
            if phase == "Succeeded":
                self.succeeded.setdefault(uid, index_of(pod))
            elif phase == "Failed" and uid not in self.failed:
                self.failed[uid] = index_of(pod)
                self.last_failure = now


@dataclass(frozen=True)
class Plan:
    """What is to be done for one Job.

    Parameters
    ----------
    create : tuple of int
        The completion index of each pod that is missing; -1 for none.
    delete : tuple of str
        The names of pods that are too many.
    status : dict
        What its status should be.
    remove : bool
        Whether it has been over for long enough to go.
    due : float, optional
        When to look again.
    outcome : tuple of str
        The reason and the message of its end, when it ends now.
    """

    create: tuple[int, ...]
    delete: tuple[str, ...]
    status: dict[str, Any]
    remove: bool = False
    due: float | None = None
    outcome: tuple[str, str] = ("", "")


def index_of(pod: Object) -> int:
    """The completion index of a pod; -1 for none."""
    return int((pod["metadata"].get("annotations") or {}).get(INDEX, -1))


def is_over(job: Object) -> Object:
    """The condition by which a Job has ended; empty for none."""
    found = (conditions.of(job, kind) for kind in ("Complete", "Failed"))
    return next((each for each in found if each.get("status") == "True"), {})


def decide(job: Object, pods: Iterable[Object], ended: Ended, now: float, speed: float = 1.0) -> Plan:
    """What a Job needs; pure.

    Parameters
    ----------
    job : mapping
        The Job.
    pods : iterable of mapping
        The pods that belong to it.
    ended : Ended
        What has ended so far.
    now : float
        The time in epoch seconds.
    speed : float
        How many times shorter the waiting after failures is.
    """
    spec = job["spec"]
    active = sorted((each for each in pods if is_active(each)), key=lambda each: str(each["metadata"]["name"]))
    over = is_over(job)
    if over:
        return _over(job, over, active, now)
    if spec.get("suspend"):
        listed = [*_kept(job, "Suspended"), conditions.condition("Suspended", True, "JobSuspended", "Job suspended")]
        return Plan((), _names(active), _status(job, [], ended, listed, now, started=False))
    start = conditions.seconds((job.get("status") or {}).get("startTime")) or now
    limit = spec.get("activeDeadlineSeconds")
    failures = len(ended.failed) + sum(map(_restarts, active))
    if failures > int(spec.get("backoffLimit", 6)):
        return _ends(job, active, ended, now, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if limit is not None and now >= start + limit:
        return _ends(job, active, ended, now, "DeadlineExceeded", "Job was active longer than specified deadline")
    done = _done(spec, ended)
    completions = spec.get("completions")
    if (done >= completions) if completions is not None else (done > 0 and not active):
        return _ends(job, active, ended, now, "CompletionsReached", "Reached expected number of succeeded pods")
    return _goes_on(job, active, ended, now, start + limit if limit is not None else None, speed)


def _goes_on(job: Object, active: list[Object], ended: Ended, now: float, deadline: float | None, speed: float) -> Plan:
    spec = job["spec"]
    parallelism, completions = int(spec.get("parallelism", 1)), spec.get("completions")
    done = _done(spec, ended)
    if completions is None:
        wanted = parallelism if not ended.succeeded else min(parallelism, len(active))
    else:
        wanted = min(parallelism, completions - done)
    extra = active[wanted:] if len(active) > wanted else []
    missing = max(wanted - len(active), 0)
    failed = len(ended.failed)
    again = 0.0
    if failed:
        again = ended.last_failure + min(FIRST_WAIT * 2 ** (failed - 1), LONGEST_WAIT) / speed
    listed = _kept(job, "Suspended")
    if conditions.of(job, "Suspended"):
        listed.append(conditions.condition("Suspended", False, "JobResumed", "Job resumed"))
    left = [each for each in active if each not in extra]
    status = _status(job, left, ended, listed, now)
    waits = missing > 0 and now < again
    due = min((each for each in (deadline, again if waits else None) if each is not None), default=None)
    create = () if waits else _indexes(spec, left, ended, missing)
    return Plan(create, _names(extra), status, due=due)


def _over(job: Object, over: Object, active: list[Object], now: float) -> Plan:
    """A Job that has ended: its last pods go, and some day itself."""
    wait = job["spec"].get("ttlSecondsAfterFinished")
    due = conditions.seconds(over.get("lastTransitionTime")) + wait if wait is not None else None
    gone = due is not None and now >= due
    status = {**job["status"], "active": 0, "ready": 0, "terminating": 0}
    return Plan((), _names(active), _clean(status), remove=gone, due=None if gone else due)


def _ends(job: Object, active: list[Object], ended: Ended, now: float, reason: str, message: str) -> Plan:
    good = reason == "CompletionsReached"
    listed = [
        *_kept(job, "Suspended"),
        conditions.condition("SuccessCriteriaMet" if good else "FailureTarget", True, reason, message),
        conditions.condition("Complete" if good else "Failed", True, reason, message),
    ]
    status = _status(job, [], ended, listed, now)
    if good:
        status["completionTime"] = names.timestamp(now)
    return Plan((), _names(active), status, outcome=(reason, message))


def _status(
    job: Object, active: list[Object], ended: Ended, listed: list[dict[str, Any]], now: float, *, started: bool = True
) -> dict[str, Any]:
    indexed = job["spec"].get("completionMode") == "Indexed"
    status = {
        "active": len(active),
        "ready": sum(map(is_ready, active)),
        "succeeded": _done(job["spec"], ended),
        "failed": len(ended.failed),
        "uncountedTerminatedPods": {},
        "conditions": conditions.timed(job, listed, now, "lastProbeTime"),
    }
    if started:
        status["startTime"] = (job.get("status") or {}).get("startTime") or names.timestamp(now)
    if indexed:
        status["completedIndexes"] = ranges(set(ended.succeeded.values()) - {-1})
    return _clean(status)


def _clean(status: dict[str, Any]) -> dict[str, Any]:
    """Without what the API leaves away when it is zero."""
    optional = ("active", "succeeded", "failed", "conditions", "completedIndexes")
    return {key: value for key, value in status.items() if value or key not in optional}


def _kept(job: Object, *without: str) -> list[dict[str, Any]]:
    """The conditions that a Job has, without their times."""
    kept = ("type", "status", "reason", "message")
    found = (job.get("status") or {}).get("conditions") or ()
    return [{key: each[key] for key in kept if key in each} for each in found if each["type"] not in without]


def _done(spec: Object, ended: Ended) -> int:
    indexed = spec.get("completionMode") == "Indexed"
    return len(set(ended.succeeded.values()) - {-1}) if indexed else len(ended.succeeded)


def _indexes(spec: Object, active: list[Object], ended: Ended, missing: int) -> tuple[int, ...]:
    if spec.get("completionMode") != "Indexed":
        return (-1,) * missing
    taken = {index_of(each) for each in active} | set(ended.succeeded.values())
    free = [index for index in range(int(spec["completions"])) if index not in taken]
    return tuple(free[:missing])


def _restarts(pod: Object) -> int:
    """Failures of a pod that starts its containers again by itself."""
    if pod["spec"].get("restartPolicy") != "OnFailure":
        return 0
    return sum(int(each.get("restartCount", 0)) for each in (pod.get("status") or {}).get("containerStatuses") or ())


def _names(pods: Iterable[Object]) -> tuple[str, ...]:
    return tuple(str(each["metadata"]["name"]) for each in pods)


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as the API writes completed indexes: ``0-2,5``."""
    parts: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1] = parts[-1][0], number
        else:
            parts.append((number, number))
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def pod_of(job: Object, index: int) -> dict[str, Any]:
    """A pod of a Job."""
    made = new_pod(job)
    if index >= 0:
        made["metadata"].setdefault("annotations", {})[INDEX] = str(index)
        made["metadata"]["generateName"] = f"{job['metadata']['name']}-{index}-"
        for container in made["spec"]["containers"]:
            container.setdefault("env", []).append({"name": "JOB_COMPLETION_INDEX", "value": str(index)})
    return made


class Jobs:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    speed : float
        How many times shorter its waiting after failures is.
    """

    watches = ("jobs", "pods")

    def __init__(self, client: Client, speed: float) -> None:
        self._client = client
        self._speed = speed
        self._pods = Pods(client, "job-controller")
        self._ended: dict[str, Ended] = {}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Bring every Job closer to its end."""
        dues = []
        jobs = seen.all("jobs")
        self._ended = {uid: self._ended.get(uid, Ended()) for uid in (str(each["metadata"]["uid"]) for each in jobs)}
        for each in jobs:
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                if "deletionTimestamp" not in each["metadata"]:
                    dues.append(self._sync(each, seen.owned("pods", each["metadata"]["uid"]), now))
        return min((due for due in dues if due is not None), default=None)

    def _sync(self, job: Object, pods: list[dict[str, Any]], now: float) -> float | None:
        metadata = job["metadata"]
        ended = self._ended[metadata["uid"]]
        ended.count(pods, now)
        plan = decide(job, pods, ended, now, self._speed)
        own = f"/apis/batch/v1/namespaces/{metadata['namespace']}/jobs/{metadata['name']}"
        if plan.remove:
            self._client.delete(own)
            return None
        for name in plan.delete:
            self._pods.delete(job, name, now)
        for index in plan.create:
            if not self._pods.create(job, pod_of(job, index), now):
                break
        before = job.get("status") or {}
        if before != plan.status:
            gone = {key: None for key in before if key not in plan.status}
            self._client.merge(f"{own}/status", {"status": {**gone, **plan.status}})
        self._tell(job, plan, now)
        return plan.due

    def _tell(self, job: Object, plan: Plan, now: float) -> None:
        reason, message = plan.outcome
        if reason == "CompletionsReached":
            self._pods.recorder.tell(job, "Completed", "Job completed", now)
        elif reason:
            self._pods.recorder.tell(job, reason, message, now, warning=True)
        suspended, before = conditions.of({"status": plan.status}, "Suspended"), conditions.of(job, "Suspended")
        if suspended and suspended.get("status") != before.get("status"):
            word = "Suspended" if suspended["status"] == "True" else "Resumed"
            self._pods.recorder.tell(job, word, f"Job {word.lower()}", now)
