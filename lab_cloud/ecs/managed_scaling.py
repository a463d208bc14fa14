"""How many instances a capacity provider needs, and the metric that says so. Pure.

``CapacityProviderReservation`` is M / N x 100. N is how many instances the group has; M is how many it needs: those
that run tasks (tasks of daemons do not count), and as many as the waiting tasks need beyond the instances that are on
their way, held between the smallest and the largest step. Without instances it is 200 when tasks wait, else 100.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
https://aws.amazon.com/blogs/containers/deep-dive-on-amazon-ecs-cluster-auto-scaling/
https://aws.amazon.com/blogs/containers/faster-scaling-in-for-amazon-ecs-cluster-auto-scaling/
"""

import math
from dataclasses import dataclass

METRIC, NAMESPACE = "CapacityProviderReservation", "AWS/ECS/ManagedScaling"
SCALE_IN_PART = 0.5
"""Scaling in takes half of the instances at most in one step, and one at least."""


@dataclass(frozen=True)
class ProviderView:
    """A capacity provider as managed scaling sees it.

    Parameters
    ----------
    size : int
        Instances of the group, those on their way included.
    busy : int
        Instances that run a task that is not a daemon's.
    coming : int
        Instances that have not joined the cluster yet.
    waiting : int
        New instances that the waiting tasks need; 0 when none waits.
    least_step, most_step : int
        ``minimumScalingStepSize`` and ``maximumScalingStepSize``.
    target : int
        ``targetCapacity`` in percent.
    """

    size: int
    busy: int = 0
    coming: int = 0
    waiting: int = 0
    least_step: int = 1
    most_step: int = 10_000
    target: int = 100


def needed(provider: ProviderView) -> int:
    """M: how many instances are needed."""
    missing = max(provider.waiting - provider.coming, 0)
    if missing:
        return provider.size + min(max(missing, provider.least_step), provider.most_step)
    return min(provider.busy + min(provider.coming, provider.waiting), provider.size)


def reservation(provider: ProviderView) -> float:
    """The metric, in percent."""
    want = needed(provider)
    if provider.size == 0:
        return 200.0 if want else 100.0
    return 100.0 * want / provider.size


def wanted(provider: ProviderView, direction: str) -> int:
    """The capacity that the group is to have.

    Parameters
    ----------
    provider : ProviderView
        The provider as it is.
    direction : str
        ``out`` when the high alarm calls, ``in`` when the low one does.
    """
    goal = math.ceil(needed(provider) * 100 / provider.target - 1e-9)
    if direction == "out":
        return max(provider.size, min(goal, provider.size + provider.most_step))
    most = max(1, math.floor(provider.size * SCALE_IN_PART))
    return min(provider.size, max(goal, provider.size - most))
