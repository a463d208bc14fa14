"""Step scaling: which step a metric falls into, and what it makes of the capacity. Pure.

References
----------
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

CHANGE, PERCENT, EXACT = "ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"


@dataclass(frozen=True)
class Step:
    """One step.

    Parameters
    ----------
    lower, upper : float
        Bounds of the difference between metric and threshold; infinite where the request has none.
    adjustment : int
        What to do, in the unit of the policy's adjustment type.
    """

    lower: float
    upper: float
    adjustment: int


@dataclass(frozen=True)
class StepPolicy:
    """How a step scaling policy adjusts.

    Parameters
    ----------
    kind : str
        ``ChangeInCapacity``, ``PercentChangeInCapacity`` or ``ExactCapacity``.
    steps : tuple of Step
        In the order of their bounds.
    cooldown : float
        AWS seconds.
    magnitude : int
        ``MinAdjustmentMagnitude``; 0 when there is none.
    aggregation : str
        ``Average``, ``Minimum`` or ``Maximum``.
    """

    kind: str
    steps: tuple[Step, ...]
    cooldown: float = 300.0
    magnitude: int = 0
    aggregation: str = "Average"


def problem(steps: Sequence[Step], kind: str) -> str:
    """What is wrong with these steps, in AWS's rules; empty when nothing is.

    Parameters
    ----------
    steps : sequence of Step
        In any order.
    kind : str
        The adjustment type.
    """
    if not steps:
        return "StepAdjustments must contain at least one step adjustment."
    ordered = sorted(steps, key=lambda step: step.lower)
    for step in ordered:
        if math.isinf(step.lower) and math.isinf(step.upper):
            return "The upper and lower bound can't be null in the same step adjustment."
        if step.upper <= step.lower:
            return "MetricIntervalUpperBound must be greater than MetricIntervalLowerBound."
        if kind == EXACT and step.adjustment < 0:
            return "ScalingAdjustment must not be negative for ExactCapacity."
    for below, above in itertools.pairwise(ordered):
        if below.upper > above.lower:
            return "StepAdjustment intervals can't overlap."
        if below.upper < above.lower:
            return "StepAdjustment intervals can't have gaps between them."
    if ordered[0].lower < 0 and not math.isinf(ordered[0].lower):
        return "There must be a step adjustment with a null lower bound when one lower bound is negative."
    if ordered[-1].upper > 0 and not math.isinf(ordered[-1].upper):
        return "There must be a step adjustment with a null upper bound when one upper bound is positive."
    return ""


def step_for(steps: Sequence[Step], difference: float) -> Step | None:
    """The step that a difference between metric and threshold falls into.

    Parameters
    ----------
    steps : sequence of Step
        Without overlaps.
    difference : float
        Metric minus threshold. At or above the threshold a step holds its lower bound and not its upper one; below it
        is the other way round. At the threshold itself a step that ends there counts when none begins there: AWS does
        not say so, but an alarm on "less than or equal" could not scale in otherwise.
    """
    for step in steps:
        if difference >= 0 and step.lower <= difference < step.upper:
            return step
    if difference <= 0:
        for step in steps:
            if step.lower < difference <= step.upper:
                return step
    return None


def adjusted(policy: StepPolicy, step: Step, capacity: int) -> int:
    """The capacity that a step asks for, before it is held between minimum and maximum.

    Parameters
    ----------
    policy : StepPolicy
        Whose adjustment type counts.
    step : Step
        The step.
    capacity : int
        What to count from.

    Notes
    -----
    Percentages are rounded as AWS documents it: values beyond 1 toward zero, between 0 and 1 to 1, between -1 and 0 to
    -1.
    """
    if policy.kind == EXACT:
        return step.adjustment
    change = step.adjustment
    if policy.kind == PERCENT:
        exact = capacity * step.adjustment / 100
        change = math.trunc(exact) if abs(exact) >= 1 else (exact > 0) - (exact < 0)
        if policy.magnitude and change and abs(change) < policy.magnitude:
            change = int(math.copysign(policy.magnitude, change))
    return capacity + change
