"""A canary deployment: which stage it is in, how much traffic its tasks get, and what comes next. Pure.

The new revision is scaled up beside the old one, gets a small share of the traffic for a while, then all of it; both
run until the bake time is over, so that going back is only a matter of weights.

A phase that alarms watch is over when its time is up and they have looked at all of it: data comes by whole minutes,
and what the last of them holds is known only after it. So a phase lasts up to a minute longer than was asked for, and
longer still while something in it may yet set an alarm off.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCALE_UP, SHIFT, BAKE, CLEAN_UP = "SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"
"""The lifecycle stages that a deployment goes through here; those between them are for hooks and test traffic."""
WHOLE = 100.0
DEFAULT_PERCENT, DEFAULT_MINUTES = 5.0, 10


@dataclass(frozen=True)
class Shift:
    """How traffic is shifted.

    Parameters
    ----------
    percent : float
        The share of the new revision in the canary phase.
    canary_seconds, bake_seconds : float
        AWS seconds that it keeps this share, and that both revisions run afterwards.
    """

    percent: float
    canary_seconds: float
    bake_seconds: float

    @staticmethod
    def of(configuration: Mapping[str, Any]) -> "Shift":
        """Of a ``deploymentConfiguration``."""
        canary = configuration.get("canaryConfiguration") or {}
        return Shift(
            float(canary.get("canaryPercent", DEFAULT_PERCENT)),
            60.0 * canary.get("canaryBakeTimeInMinutes", DEFAULT_MINUTES),
            60.0 * configuration.get("bakeTimeInMinutes", 0),
        )


@dataclass(frozen=True)
class View:
    """A deployment on its way.

    Parameters
    ----------
    stage : str
        The stage that it is in; empty before the first.
    seconds : float
        AWS seconds that it has been in this stage.
    percent : float
        The share of the traffic that it gets.
    ready : bool
        Whether all its tasks are there and healthy.
    ringing : tuple of str
        The deployment's alarms that are in ALARM.
    clear : bool
        Whether the alarms have looked at all of this phase, and nothing in it can set them off any more.
    """

    stage: str = ""
    seconds: float = 0.0
    percent: float = 0.0
    ready: bool = False
    ringing: tuple[str, ...] = ()
    clear: bool = True


@dataclass(frozen=True)
class Step:
    """What comes next; `alarms` are those for which the deployment is rolled back, `due` when to look again."""

    stage: str
    percent: float
    alarms: tuple[str, ...] = ()
    due: float | None = None


def decide(view: View, shift: Shift) -> Step:
    """Say which stage a deployment enters, or that it has failed.

    Parameters
    ----------
    view : View
        The deployment as it is.
    shift : Shift
        How its traffic is shifted.
    """
    if view.ringing and view.percent:
        return Step(view.stage, view.percent, view.ringing)
    if view.stage == SHIFT:
        left = shift.canary_seconds - view.seconds
        if left > 0:
            return Step(SHIFT, view.percent, due=left)
        return Step(BAKE, WHOLE, due=shift.bake_seconds) if view.clear else Step(SHIFT, view.percent)
    if view.stage == BAKE:
        left = shift.bake_seconds - view.seconds
        if left > 0:
            return Step(BAKE, WHOLE, due=left)
        return Step(CLEAN_UP if view.clear else BAKE, WHOLE)
    if view.stage == CLEAN_UP:
        return Step(CLEAN_UP, WHOLE)
    if not view.ready:
        return Step(SCALE_UP, 0.0)
    return Step(SHIFT, shift.percent, due=shift.canary_seconds)


def weights(percent: float) -> tuple[int, int]:
    """The load balancer's weights of the old and the new target group; they are whole numbers up to 999."""
    if percent == int(percent):
        return 100 - int(percent), int(percent)
    new = min(max(round(percent * 10), 1), 999)
    return 1000 - new, new
