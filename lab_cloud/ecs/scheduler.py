"""The service scheduler: how many tasks of which deployment to start and to stop. Pure.

Follows "Amazon ECS services", "Deploy Amazon ECS services by replacing tasks" and "How the Amazon ECS deployment
circuit breaker detects failures" of the Amazon ECS Developer Guide. Floor: ceil(desired x minimumHealthyPercent);
ceiling: floor(desired x maximumPercent).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

BREAKER_MIN, BREAKER_MAX = 3, 200
BACKOFF_FREE_FAILURES = 2
BACKOFF_FIRST_SECONDS = 10.0
BACKOFF_MAX_SECONDS = 15 * 60.0


@dataclass(frozen=True)
class TaskView:
    """One task of the service, as far as the scheduler cares.

    Parameters
    ----------
    id : str
        Its id.
    deployment : str
        The deployment it belongs to.
    running : bool
        Whether its ``lastStatus`` is RUNNING.
    healthy : bool
        Whether it counts as healthy: all checks it has pass, or it has none and has run long enough.
    unhealthy : str
        Why a check says it is bad; empty when none does.
    created : float
        Epoch seconds; the youngest are stopped first.
    protected : bool
        Whether it asked not to be stopped by scaling in or by a deployment.
    zone : str
        Its Availability Zone; empty until it has one.
    draining : bool
        Whether its container instance is DRAINING: it is replaced elsewhere, as by a deployment.
    """

    id: str
    deployment: str
    running: bool = False
    healthy: bool = False
    unhealthy: str = ""
    created: float = 0.0
    protected: bool = False
    zone: str = ""
    draining: bool = False


@dataclass(frozen=True)
class DeploymentView:
    """One deployment of the service.

    Parameters
    ----------
    id : str
        Its id.
    in_progress : bool
        Whether its rollout is still IN_PROGRESS.
    failed : bool
        Whether the circuit breaker has opened on it; then nothing more of it is started.
    failures : int
        Tasks of it that failed before they were healthy, since the last healthy one.
    retry_at : float
        Epoch seconds before which no further task of it is started.
    placeable : bool
        Whether there is any capacity on which a task of it may be, or wait.
    """

    id: str
    in_progress: bool = True
    failed: bool = False
    failures: int = 0
    retry_at: float = 0.0
    placeable: bool = True


@dataclass(frozen=True)
class ServiceView:
    """A service, as far as the scheduler cares.

    Parameters
    ----------
    desired : int
        ``desiredCount``; 0 while the service drains.
    deployments : tuple of DeploymentView
        The primary first.
    tasks : tuple of TaskView
        Tasks whose desired status is RUNNING.
    minimum_percent, maximum_percent : int
        Of the deployment configuration.
    breaker_threshold : int
        Failures at which the deployment fails; 0 when the circuit breaker is off.
    rollback_to : str
        The last deployment that was completed, when the breaker rolls back; empty otherwise.
    zones : tuple of str
        The Availability Zones over which tasks are to be balanced; empty when rebalancing is off.
    """

    desired: int
    deployments: tuple[DeploymentView, ...]
    tasks: tuple[TaskView, ...] = ()
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaker_threshold: int = 0
    rollback_to: str = ""
    zones: tuple[str, ...] = ()

    @property
    def floor(self) -> int:
        """Healthy tasks that there must be at least."""
        return math.ceil(self.desired * self.minimum_percent / 100)

    @property
    def ceiling(self) -> int:
        """Tasks that there may be at most."""
        return math.floor(self.desired * self.maximum_percent / 100)


@dataclass(frozen=True)
class Stop:
    """Stop one task; `unhealthy` says why when a check failed."""

    task: str
    unhealthy: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do now.

    Parameters
    ----------
    start : int
        Tasks of the primary deployment to start.
    stop : tuple of Stop
        Tasks to stop.
    complete : bool
        The primary deployment is completed.
    fail : bool
        The circuit breaker opens: the primary deployment has failed.
    roll_back : str
        The deployment to return to, when it fails and may.
    steady : bool
        All that is wanted is there, and nothing else.
    rebalance : str
        The Availability Zone for which the one task to start is meant, when it only moves a task there.
    """

    start: int = 0
    stop: tuple[Stop, ...] = field(default=())
    complete: bool = False
    fail: bool = False
    roll_back: str = ""
    steady: bool = False
    rebalance: str = ""


def breaker_threshold(desired: int, kind: str = "BOUNDED_PERCENT", value: int = 50) -> int:
    """Failures at which the circuit breaker opens.

    Parameters
    ----------
    desired : int
        The service's desired count.
    kind : str
        ``thresholdConfiguration.type``: COUNT, BOUNDED_PERCENT (at least 3, at most 200) or UNBOUNDED_PERCENT.
    value : int
        ``thresholdConfiguration.value``; half of the desired count by default.
    """
    if kind == "COUNT":
        return max(value, 1)
    share = math.ceil(desired * value / 100)
    if kind == "UNBOUNDED_PERCENT":
        return max(share, 1)
    return min(max(share, BREAKER_MIN), BREAKER_MAX)


def backoff_seconds(failures: int) -> float:
    """AWS seconds to wait before the next try after this many failures in a row.

    AWS throttles launches of tasks that keep failing, up to 15 minutes, and publishes no formula; doubling from 10
    seconds after the second failure is ours.
    """
    if failures <= BACKOFF_FREE_FAILURES:
        return 0.0
    doubled = BACKOFF_FIRST_SECONDS * 2.0 ** min(failures - BACKOFF_FREE_FAILURES - 1, 20)
    return min(doubled, BACKOFF_MAX_SECONDS)


def decide(service: ServiceView, now: float) -> Decision:
    """Say what brings the service closer to what is wanted.

    Parameters
    ----------
    service : ServiceView
        The service as it is.
    now : float
        Epoch seconds.
    """
    primary = service.deployments[0]
    if primary.in_progress and service.breaker_threshold and primary.failures >= service.breaker_threshold:
        back = service.rollback_to if service.rollback_to != primary.id else ""
        return Decision(fail=True, roll_back=back)
    ours = [task for task in service.tasks if task.deployment == primary.id and not task.draining]
    old = [task for task in service.tasks if task.deployment != primary.id or task.draining]
    bad = [task for task in ours if task.unhealthy]
    ours = [task for task in ours if not task.unhealthy]

    surplus = [] if _moving(ours, service) else _surplus(ours, service.desired)
    kept = [task for task in ours if task not in surplus]
    retired = _retired(old, kept, service)
    left = len(kept) + len(old) - len(retired)
    wanted = service.desired - len(kept)
    given_up = _given_up(bad, kept, service, room=service.ceiling - left - wanted)
    stops = [Stop(task.id, task.unhealthy) for task in (*surplus, *retired, *given_up)]

    room = max(service.ceiling - left - len(bad) + len(given_up), 0)
    start = min(wanted, room)
    if now < primary.retry_at or primary.failed or not primary.placeable:
        start = 0
    healthy = sum(task.healthy for task in kept)
    whole = not old and not bad and not stops and start <= 0 and len(kept) == service.desired == healthy
    emptiest = emptiest_zone(kept, service.zones) if whole and not primary.in_progress else ""
    if emptiest and len(kept) < service.ceiling and now >= primary.retry_at:
        return Decision(start=1, rebalance=emptiest)
    return Decision(start=max(start, 0), stop=tuple(stops), complete=whole and primary.in_progress, steady=whole)


def emptiest_zone(tasks: Sequence[TaskView], zones: Sequence[str]) -> str:
    """The Availability Zone to which a task is to be moved; empty when the tasks are balanced as far as they can be.

    Follows "Balancing an Amazon ECS service across Availability Zones": the fullest zone has at most one task more than
    the emptiest. A protected task is not moved.
    """
    if len(zones) < 2:
        return ""
    counts = {zone: sum(task.zone == zone for task in tasks) for zone in zones}
    least = min(zones, key=lambda zone: counts[zone])
    movable = [zone for zone in zones if counts[zone] - counts[least] > 1]
    return least if any(task.zone in movable and not task.protected for task in tasks) else ""


def _moving(tasks: list[TaskView], service: ServiceView) -> bool:
    """Whether a task above the desired count is on its way to a zone that needs it; then nothing is stopped yet."""
    serving = [task for task in tasks if task.healthy]
    one_more = len(tasks) == service.desired + 1 == len(serving) + 1
    return one_more and bool(emptiest_zone(serving, service.zones))


def _surplus(tasks: list[TaskView], desired: int) -> list[TaskView]:
    """The tasks above the desired count: what does not run yet first, then from the fullest zone, then the youngest."""
    free = [task for task in tasks if not task.protected]
    zones = Counter(task.zone for task in tasks)
    chosen: list[TaskView] = []
    for _ in range(min(len(tasks) - desired, len(free))):
        task = min(free, key=lambda each: (each.healthy, each.running, -zones[each.zone], -each.created))
        free.remove(task)
        zones[task.zone] -= 1
        chosen.append(task)
    return chosen


def _given_up(bad: list[TaskView], kept: list[TaskView], service: ServiceView, room: int) -> list[TaskView]:
    """The unhealthy tasks to stop now.

    An unhealthy task stays until its replacement is healthy, as long as `room` is left for both of them; when the
    replacement turns out unhealthy too, the older one goes.
    """
    missing = max(service.desired - sum(task.healthy for task in kept), 0)
    staying = min(missing, max(room, 0))
    return sorted(bad, key=lambda task: task.created)[: max(len(bad) - staying, 0)]


def _retired(old: list[TaskView], kept: list[TaskView], service: ServiceView) -> list[TaskView]:
    """Tasks of older deployments that may go: the healthy ones only as far as the floor allows."""
    healthy_kept = sum(task.healthy for task in kept)
    spare = healthy_kept + sum(task.healthy for task in old) - service.floor
    retired = []
    free = [task for task in old if not task.protected]
    for task in sorted(free, key=lambda each: (each.healthy, each.running, each.created)):
        if not task.healthy:
            # never healthy: it serves nobody, unless it is all there is while it warms up
            if task.running and not healthy_kept and spare < 0:
                continue
            retired.append(task)
        elif spare > 0:
            retired.append(task)
            spare -= 1
    return retired
