"""The columns of what runs to an end, and of what keeps pods from being evicted."""

from typing import Any

from . import names
from .cells import AGE, NONE, WORKLOAD_WIDE, Column, Object, age_of, at, field, number, share


def _job_status(found: Object, _now: float) -> str:
    for each in at(found, "status.conditions", ()):
        if each.get("status") == "True" and each.get("type") in ("Complete", "Failed"):
            return str(each["type"])
    return "Suspended" if at(found, "spec.suspend", False) else "Running"


def _duration(found: Object, now: float) -> str:
    start, end = at(found, "status.startTime"), at(found, "status.completionTime")
    return age_of(start, names.epoch(end) if end else now) if start else ""


def _last_schedule(found: Object, now: float) -> str:
    last = at(found, "status.lastScheduleTime")
    return age_of(last, now) if last else NONE


def _active(found: Object, _now: float) -> int:
    return len(at(found, "status.active", ()))


def _available(path: str) -> Column:
    title = "Min Available" if path.endswith("minAvailable") else "Max Unavailable"
    return Column(title, lambda found, _now: str(at(found, path, "N/A")))


def _suspended(found: Object, _now: float) -> str:
    return str(bool(at(found, "spec.suspend", False)))


COLUMNS: dict[str, tuple[Any, ...]] = {
    "Job": (
        Column("Status", _job_status),
        Column("Completions", share("status.succeeded", "spec.completions")),
        *(Column("Duration", _duration), AGE, *WORKLOAD_WIDE),
    ),
    "CronJob": (
        *(field("Schedule", "spec.schedule"), field("Timezone", "spec.timeZone", NONE), Column("Suspend", _suspended)),
        *(Column("Active", _active, type="integer"), Column("Last Schedule", _last_schedule), AGE),
    ),
    "PodDisruptionBudget": (
        *(_available("spec.minAvailable"), _available("spec.maxUnavailable")),
        *(number("Allowed Disruptions", "status.disruptionsAllowed"), AGE),
    ),
}
