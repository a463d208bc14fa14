"""The CronJob controller: a Job at each time of a schedule. The times are those of this machine's clock.

References
----------
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

import contextlib
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...schedule import BadSchedule
from ..kubernetes import names
from ..kubernetes.cron import Cron
from ..kubernetes.status import ApiError
from . import conditions
from .client import Client
from .events import Recorder
from .job import is_over
from .replica_set import reference
from .watching import Seen

MOST_MISSED = 100
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is to be done for one CronJob.

    Parameters
    ----------
    run : float
        The time of the schedule for which a Job is to be made; 0 for none.
    delete : tuple of str
        The names of Jobs that have to go: old ones, and those that a new one replaces.
    due : float, optional
        The next time.
    skipped : str
        Why a time was let pass.
    """

    run: float = 0.0
    delete: tuple[str, ...] = ()
    due: float | None = None
    skipped: str = ""


def decide(cron_job: Object, jobs: Iterable[Object], now: float) -> Plan:
    """What a CronJob needs; pure.

    Parameters
    ----------
    cron_job : mapping
        The CronJob.
    jobs : iterable of mapping
        The Jobs that belong to it.
    now : float
        The time in epoch seconds.

    Raises
    ------
    BadSchedule
        When its schedule is none.
    """
    spec, status = cron_job["spec"], cron_job.get("status") or {}
    found = sorted(jobs, key=lambda each: str(each["metadata"]["name"]))
    old = [*_old(found, "Complete", spec.get("successfulJobsHistoryLimit", 3))]
    old += _old(found, "Failed", spec.get("failedJobsHistoryLimit", 1))
    if spec.get("suspend"):
        return Plan(delete=tuple(old))
    last = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    cron, missed = Cron(spec["schedule"], spec.get("timeZone")), 0.0
    due = cron.after(conditions.seconds(last))
    for _ in range(MOST_MISSED):
        if due is None or due > now:
            break
        missed, due = due, cron.after(due)
    if not missed:
        return Plan(delete=tuple(old), due=due)
    limit = spec.get("startingDeadlineSeconds")
    if limit is not None and now > missed + limit:
        return Plan(delete=tuple(old), due=due, skipped="MissSchedule")
    active = [str(each["metadata"]["name"]) for each in found if not is_over(each)]
    if active and spec.get("concurrencyPolicy") == "Forbid":
        return Plan(delete=tuple(old), due=due, skipped="JobAlreadyActive")
    if active and spec.get("concurrencyPolicy") == "Replace":
        old += active
    return Plan(missed, tuple(old), due)


def _old(jobs: list[Object], kind: str, limit: int) -> list[str]:
    over = [str(each["metadata"]["name"]) for each in jobs if is_over(each).get("type") == kind]
    return over[: max(len(over) - int(limit), 0)]


def job_of(cron_job: Object, moment: float) -> dict[str, Any]:
    """The Job of one time of the schedule."""
    template = copy.deepcopy(dict(cron_job["spec"]["jobTemplate"]))
    own = template.get("metadata") or {}
    metadata = {key: own[key] for key in ("labels", "annotations") if own.get(key)}
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        "batch.kubernetes.io/cronjob-scheduled-timestamp": names.timestamp(moment),
    }
    # the minute is in the name, so that one time is never answered twice
    metadata |= {
        "name": f"{cron_job['metadata']['name']}-{int(moment // 60)}",
        "ownerReferences": [reference(cron_job)],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


class CronJobs:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("cronjobs", "jobs")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "cronjob-controller")

    def sync(self, seen: Seen, now: float) -> float | None:
        """Make the Jobs whose time has come."""
        dues = []
        for each in seen.all("cronjobs"):
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError, BadSchedule):
                if "deletionTimestamp" not in each["metadata"]:
                    dues.append(self._sync(each, seen.owned("jobs", each["metadata"]["uid"]), now))
        return min((due for due in dues if due is not None), default=None)

    def _sync(self, cron_job: Object, jobs: list[dict[str, Any]], now: float) -> float | None:
        plan = decide(cron_job, jobs, now)
        metadata = cron_job["metadata"]
        base = f"/apis/batch/v1/namespaces/{metadata['namespace']}"
        for name in plan.delete:
            self._client.delete(f"{base}/jobs/{name}")
        status: dict[str, Any] = {"active": [_reference(each) for each in jobs if not is_over(each)]}
        if plan.run:
            made = self._made(base, job_of(cron_job, plan.run))
            if made is not None:
                self._recorder.tell(cron_job, "SuccessfulCreate", f"Created job {made['metadata']['name']}", now)
                status["active"].append(_reference(made))
        if plan.skipped:
            told = "Not starting job because prior execution is running and concurrency policy is Forbid"
            late = "Missed scheduled time to start a job"
            forbidden = plan.skipped == "JobAlreadyActive"
            self._recorder.tell(cron_job, plan.skipped, told if forbidden else late, now, warning=not forbidden)
        if plan.run or plan.skipped:
            status["lastScheduleTime"] = names.timestamp(plan.run or now)
        over = [each["status"]["completionTime"] for each in jobs if (each.get("status") or {}).get("completionTime")]
        if over:
            status["lastSuccessfulTime"] = max(over)
        before = cron_job.get("status") or {}
        if {**before, **status} != before and (status["active"] or before or plan.run):
            self._client.merge(f"{base}/cronjobs/{metadata['name']}/status", {"status": status})
        return plan.due

    def _made(self, base: str, job: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self._client.create(f"{base}/jobs", job)
        except ApiError as error:
            if error.code == 409:  # this time has its Job already
                return None
            raise


def _reference(job: Object) -> dict[str, Any]:
    metadata = job["metadata"]
    made = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "namespace": metadata["namespace"]}
    return {**made, "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
