"""The state of a pod in a few words, as ``kubectl get pods`` shows it."""

from collections.abc import Callable, Mapping
from typing import Any

Object = Mapping[str, Any]


def ready(found: Object) -> str:
    """How many containers are ready, of how many."""
    statuses = found.get("status", {}).get("containerStatuses") or ()
    return f"{sum(bool(each.get('ready')) for each in statuses)}/{len(found['spec'].get('containers') or ())}"


def state(found: Object) -> str:
    """What keeps the pod from running, or its phase."""
    status = found.get("status", {})
    text = str(status.get("reason") or status.get("phase") or "Unknown")
    starting = _starting(found)
    if starting:
        text = starting
    else:
        for each in reversed(status.get("containerStatuses") or ()):
            text = _of_container(each.get("state") or {}) or text
        if text == "Completed" and any(_runs(each) for each in status.get("containerStatuses") or ()):
            text = "Running" if _is_ready(status) else "NotReady"
    if found["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return text


def _starting(found: Object) -> str:
    statuses = found.get("status", {}).get("initContainerStatuses") or ()
    total = len(found["spec"].get("initContainers") or ())
    for place, each in enumerate(statuses):
        own = each.get("state") or {}
        if (own.get("terminated") or {}).get("exitCode") == 0:
            continue
        reason = _of_container(own)
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{place}/{total}"
    return ""


def _of_container(own: Object) -> str:
    if (own.get("waiting") or {}).get("reason"):
        return str(own["waiting"]["reason"])
    ended = own.get("terminated")
    if ended is None:
        return ""
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _runs(each: Object) -> bool:
    return bool(each.get("ready")) and "running" in (each.get("state") or {})


def _is_ready(status: Object) -> bool:
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in status.get("conditions") or ())


def restarts(found: Object, now: float, age_of: Callable[[str | None, float], str]) -> str:
    """How often its containers were started again, and when last."""
    statuses = found.get("status", {}).get("containerStatuses") or ()
    count = sum(each.get("restartCount", 0) for each in statuses)
    ends = [((each.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for each in statuses]
    last = max((each for each in ends if each), default="")
    return f"{count} ({age_of(last, now)} ago)" if count and last else str(count)
