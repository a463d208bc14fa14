"""The status of a pod, from the states of its containers. Pure.

References
----------
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]
PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"
OWN = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
"""The conditions that a node agent writes; others write others."""


@dataclass(frozen=True)
class Seen:
    """One container as it is now.

    Parameters
    ----------
    name : str
        Its name.
    state, last : mapping
        As the API writes them: ``waiting``, ``running`` or ``terminated``.
    ready, started : bool
        What its probes say.
    sidecar : bool
        Whether it is an init container that goes on.
    """

    name: str
    state: Object
    last: Object
    ready: bool
    started: bool
    sidecar: bool = False

    @property
    def initialized(self) -> bool:
        """Of an init container: whether the next one may begin."""
        if self.sidecar:
            return self.started
        return (self.state.get("terminated") or {}).get("exitCode") == 0


def phase(policy: str, init: Sequence[Seen], main: Sequence[Seen]) -> str:
    """The phase of a pod.

    Parameters
    ----------
    policy : str
        Its ``restartPolicy``.
    init, main : sequence of Seen
        Its containers.
    """
    for each in init:
        ended = each.state.get("terminated")
        if ended and ended["exitCode"] and policy == "Never" and not each.sidecar:
            return FAILED
    if not all(each.initialized for each in init) and not any("terminated" in each.state for each in main):
        return PENDING
    waiting = [each for each in main if "waiting" in each.state and "terminated" not in each.last]
    running = [each for each in main if "running" in each.state]
    stopped = [each for each in main if each not in waiting and each not in running]
    if waiting:
        return PENDING
    if running or not stopped or policy == "Always":
        return RUNNING
    codes = [(each.state.get("terminated") or each.last["terminated"])["exitCode"] for each in stopped]
    if not any(codes):
        return SUCCEEDED
    return FAILED if policy == "Never" else RUNNING


def conditions(
    now_phase: str, init: Sequence[Seen], main: Sequence[Seen], before: Iterable[Object], now: str, *, network: bool
) -> list[dict[str, Any]]:
    """The conditions of a pod.

    Parameters
    ----------
    now_phase : str
        Its phase.
    init, main : sequence of Seen
        Its containers.
    before : iterable of mapping
        The conditions until now: one that says the same keeps its time.
    now : str
        The time.
    network : bool
        Whether it has its address.
    """
    found: dict[str, tuple[bool, str, str]] = {"PodReadyToStartContainers": (network, "", "")}
    waiting = [each.name for each in init if not each.initialized]
    counted = [*(each for each in init if each.sidecar), *main]
    unready = [each.name for each in counted if not each.ready]
    if now_phase in (SUCCEEDED, FAILED):
        why = "PodCompleted" if now_phase == SUCCEEDED else "PodFailed"
        found["Initialized"] = (now_phase == SUCCEEDED or not waiting, why if now_phase == SUCCEEDED else "", "")
        found["Ready"] = found["ContainersReady"] = (False, why, "")
    else:
        initialized = not waiting
        listed = f"containers with incomplete status: [{' '.join(waiting)}]"
        found["Initialized"] = (True, "", "") if initialized else (False, "ContainersNotInitialized", listed)
        listed = f"containers with unready status: [{' '.join(unready)}]"
        ready = (True, "", "") if not unready and initialized else (False, "ContainersNotReady", listed)
        found["Ready"] = found["ContainersReady"] = ready
    old = {each["type"]: each for each in before}
    made = [_condition(kind, *found[kind], old.get(kind, {}), now) for kind in OWN]
    return made + [dict(each) for kind, each in old.items() if kind not in found]


def _condition(kind: str, true: bool, reason: str, message: str, old: Object, now: str) -> dict[str, Any]:
    same = old.get("status") == str(true)
    made: dict[str, Any] = {
        "type": kind,
        "status": str(true),
        "lastProbeTime": None,
        "lastTransitionTime": old.get("lastTransitionTime", now) if same else now,
    }
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made
