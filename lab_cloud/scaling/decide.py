"""Which capacity a scalable target gets, when policies were triggered. Pure.

Several policies: the largest capacity wins. A policy that would scale in counts only when every target tracking policy
that may scale in is ready to. Cooldowns follow the API reference: what a scale-out has added counts as part of the next
one, a larger one overrides the cooldown; a scale-in waits, and a scale-out never waits for it.

References
----------
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .steps import StepPolicy, adjusted, step_for
from .tracking import TrackingPolicy, spared, wanted

OUT, IN = "out", "in"


@dataclass(frozen=True)
class Trigger:
    """A policy whose alarm is in ALARM now.

    Parameters
    ----------
    policy, alarm : str
        Their names.
    rule : StepPolicy or TrackingPolicy
        What the policy does.
    metric : float
        The metric's newest value.
    threshold : float
        The alarm's threshold; step scaling counts from it.
    direction : str
        Of a target tracking policy's alarm: ``out`` for the high one, ``in`` for the low one; empty for step scaling.
    """

    policy: str
    alarm: str
    rule: StepPolicy | TrackingPolicy
    metric: float
    threshold: float = 0.0
    direction: str = ""


@dataclass(frozen=True)
class Cooldown:
    """What the last scaling activity left behind.

    Parameters
    ----------
    direction : str
        ``out`` or ``in``; empty when there was none.
    until : float
        Epoch seconds.
    base : int
        The capacity before the scale-out that began it.
    """

    direction: str = ""
    until: float = 0.0
    base: int = 0


@dataclass(frozen=True)
class TargetView:
    """A scalable target as the decision sees it.

    Parameters
    ----------
    capacity : int
        The desired count now.
    least, most : int
        The bounds.
    cooldown : Cooldown
        Of the last activity.
    deploying : bool
        Whether a deployment is in progress: no scale-in then.
    out_suspended, in_suspended : bool
        Of the suspended state.
    calm : frozenset of str
        Target tracking policies with scale-in whose low alarm is in ALARM now.
    trackers : frozenset of str
        All target tracking policies with scale-in.
    """

    capacity: int
    least: int
    most: int
    cooldown: Cooldown = Cooldown()
    deploying: bool = False
    out_suspended: bool = False
    in_suspended: bool = False
    calm: frozenset[str] = frozenset()
    trackers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NotScaled:
    """Why nothing happens, as ``NotScaledReasons`` has it; `code` may be empty where AWS has no code for it."""

    code: str
    why: str


@dataclass(frozen=True)
class Decision:
    """What happens.

    Parameters
    ----------
    capacity : int or None
        The new desired count; None when it stays.
    trigger : Trigger or None
        The policy that won.
    cooldown : Cooldown
        What begins now; the old one when nothing happens.
    not_scaled : NotScaled or None
        Why nothing happens.
    """

    capacity: int | None
    trigger: Trigger | None
    cooldown: Cooldown
    not_scaled: NotScaled | None = None


def decide(target: TargetView, triggers: Sequence[Trigger], now: float, speed: float = 1.0) -> Decision:
    """Choose the capacity.

    Parameters
    ----------
    target : TargetView
        The target as it is.
    triggers : sequence of Trigger
        All policies whose alarms are in ALARM.
    now : float
        Epoch seconds.
    speed : float
        What divides cooldowns.
    """
    cooling = target.cooldown if now < target.cooldown.until else Cooldown()
    wishes = [(_wish(target, trigger, cooling), trigger) for trigger in triggers]
    counted = [(wish, trigger) for wish, trigger in wishes if wish is not None]
    if not counted:
        return Decision(None, None, target.cooldown)
    asked, trigger = max(counted, key=lambda pair: pair[0])
    capacity = min(max(asked, target.least), target.most)
    refusal = _refusal(target, trigger, asked, capacity, cooling)
    if refusal is not None:
        return Decision(None, trigger, target.cooldown, refusal)
    if capacity > target.capacity:
        base = cooling.base if cooling.direction == OUT else target.capacity
        following = Cooldown(OUT, now + _cooldown(trigger, OUT) / speed, base)
    else:
        following = Cooldown(IN, now + _cooldown(trigger, IN) / speed, target.capacity)
    return Decision(capacity, trigger, following)


def _wish(target: TargetView, trigger: Trigger, cooling: Cooldown) -> int | None:
    """The capacity that one policy asks for; None when it asks for nothing."""
    rule = trigger.rule
    # what the last scale-out has added is part of what this one asks for
    base = cooling.base if cooling.direction == OUT else target.capacity
    if isinstance(rule, StepPolicy):
        step = step_for(rule.steps, trigger.metric - trigger.threshold)
        if step is None:
            return None
        asked = adjusted(rule, step, target.capacity)
        return max(adjusted(rule, step, base), target.capacity) if asked > target.capacity else asked
    if trigger.direction == OUT:
        return max(wanted(base, trigger.metric, rule.target), target.capacity)
    if not rule.scale_in:
        return None
    return spared(target.capacity, trigger.metric, rule.target)


def _refusal(target: TargetView, trigger: Trigger, asked: int, capacity: int, cooling: Cooldown) -> NotScaled | None:
    # outside the bounds is brought back inside, also by a policy that asks for less than that
    if capacity == target.capacity:
        if asked > target.most:
            return NotScaled("AlreadyAtMaxCapacity", f"the maximum of {target.most} has been reached")
        if asked < target.least:
            return NotScaled("AlreadyAtMinCapacity", f"the minimum of {target.least} has been reached")
        if trigger.direction == IN and _would_return(target, trigger):
            return NotScaled("AutoScalingAnticipatedFlapping", "with less capacity the policy would scale out again")
        return NotScaled("AlreadyAtDesiredCapacity", f"{target.capacity} is what the policy asks for")
    if capacity > target.capacity:
        return NotScaled("", "scaling out is suspended") if target.out_suspended else None
    if target.in_suspended:
        return NotScaled("", "scaling in is suspended")
    if target.deploying:
        return NotScaled("", "no scaling in while a deployment is in progress")
    waiting = sorted(target.trackers - target.calm - {trigger.policy})
    if waiting and trigger.direction == IN:
        return NotScaled("", f"the policy {waiting[0]} is not ready to scale in")
    if cooling.direction == IN:
        return NotScaled("", "the cooldown of the last scale-in has not ended")
    return None


def _would_return(target: TargetView, trigger: Trigger) -> bool:
    """Whether the plain formula would take capacity away that the policy would soon ask for again."""
    rule = trigger.rule
    return isinstance(rule, TrackingPolicy) and wanted(target.capacity, trigger.metric, rule.target) < target.capacity


def _cooldown(trigger: Trigger, direction: str) -> float:
    rule = trigger.rule
    if isinstance(rule, StepPolicy):
        return rule.cooldown
    return rule.out_cooldown if direction == OUT else rule.in_cooldown
