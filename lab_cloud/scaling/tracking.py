"""Target tracking: the capacity that would bring a metric to its target, and the two alarms that watch it. Pure.

AWS publishes no formula. Here the load is thought to spread evenly, so that capacity times metric stays the same:
``ceil(capacity * metric / target)``, as the documentation's wording ("proportionally to the metric") suggests. Scaling
in is more gradual, and flapping is anticipated: capacity is taken away only as far as the metric stays five percent
below its target, at the highest of the values that the low alarm has looked at. Both are ours.

References
----------
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
from dataclasses import dataclass

HIGH_PERIODS, LOW_PERIODS = 3, 15
LOW_PART = 0.9
"""The low alarm's threshold as a part of the target."""
STEADY_PART = 0.95
"""Where scaling in may bring the metric at most, as a part of the target."""
ALMOST = 1e-9


@dataclass(frozen=True)
class TrackingPolicy:
    """How a target tracking policy adjusts.

    Parameters
    ----------
    target : float
        What the metric is to be.
    out_cooldown, in_cooldown : float
        AWS seconds.
    scale_in : bool
        Whether it may take capacity away.
    """

    target: float
    out_cooldown: float = 300.0
    in_cooldown: float = 300.0
    scale_in: bool = True


def wanted(capacity: int, metric: float, target: float) -> int:
    """The capacity at which the metric would be at its target or below.

    Parameters
    ----------
    capacity : int
        The capacity at which the metric was measured.
    metric, target : float
        In the metric's unit; the target is greater than 0.
    """
    return math.ceil(capacity * metric / target - ALMOST)


def spared(capacity: int, metric: float, target: float) -> int:
    """The capacity that scaling in may leave; parameters as for `wanted`."""
    return min(wanted(capacity, metric, target * STEADY_PART), capacity)
