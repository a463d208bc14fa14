"""Carries scaling out: triggered policies, scheduled actions, new bounds, and how activities end."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..clock import Clock
from ..cloudwatch.alarm import ALARM, Alarm
from ..cloudwatch.alarm_store import AlarmStore
from ..schedule import Rate
from .activity import FAILED, IN_PROGRESS, SUCCESSFUL, UNFULFILLED, Activity
from .decide import IN, OUT, Decision, TargetView, Trigger, decide
from .outside import Capacity, Scalable
from .policy import TRACKING, Policy
from .store import Key, Region, ScalingStore, ScheduledAction
from .target import ScalableTarget

PATIENCE_SECONDS = 600.0
"""AWS seconds after which a change that has not come about counts as unfulfilled; AWS does not say how many."""


class Scaling:
    """The reconciler of Application Auto Scaling.

    Parameters
    ----------
    clock : Clock
        The time, the lab calendar and the speed.
    store : ScalingStore
        Targets and policies.
    alarms : AlarmStore
        The alarms that call policies.
    services : mapping of str to Scalable
        Who scales the resources of a namespace.
    wake_at : callable
        Asks for a tick at a moment.
    """

    def __init__(
        self,
        clock: Clock,
        store: ScalingStore,
        alarms: AlarmStore,
        services: Mapping[str, Scalable],
        wake_at: Callable[[float], None],
    ) -> None:
        self._clock = clock
        self._store = store
        self._alarms = alarms
        self._services = services
        self._wake_at = wake_at
        self._called: dict[tuple[str, Key], list[tuple[Alarm, Policy]]] = defaultdict(list)

    def on_alarm(self, alarm: Alarm, arn: str, now: float) -> str:
        """An alarm calls a policy: note it, so that all that were called in one tick are weighed together."""
        region = self._store.region(alarm.region)
        found = next((policy for policy in region.policies.values() if policy.arn == arn), None)
        if found is None:
            return f"there is no scaling policy {arn}"
        self._called[alarm.region, (found.resource, found.dimension)].append((alarm, found))
        return ""

    def tick(self, now: float) -> None:
        """Observe, decide, apply."""
        called, self._called = self._called, defaultdict(list)
        for (name, key), calls in called.items():
            region = self._store.region(name)
            if key in region.targets:
                self._weigh(region, region.targets[key], calls, now)
        for region in self._store.regions.values():
            for action in list(region.scheduled.values()):
                self._follow(region, action, now)
            for target in list(region.targets.values()):
                self._settle(region, target, now)

    # -- policies ------------------------------------------------------------------------------------------------------

    def _weigh(self, region: Region, target: ScalableTarget, calls: list[tuple[Alarm, Policy]], now: float) -> None:
        capacity = self.capacity(region, target)
        if capacity is None:
            return
        triggers = [trigger for alarm, policy in calls for trigger in _triggers(alarm, policy)]
        decision = decide(self._view(region, target, capacity), triggers, now, self._clock.speed)
        if decision.trigger is None:
            return
        cause = f"monitor alarm {decision.trigger.alarm} in state ALARM triggered policy {decision.trigger.policy}"
        if decision.capacity is not None:
            region.cooldowns[target.key] = decision.cooldown
            self.scale(region, target, decision.capacity, cause, now)
        elif decision.not_scaled is not None and decision.not_scaled.code:
            _note_not_scaled(region, target, capacity.desired, decision, cause, now)

    def _view(self, region: Region, target: ScalableTarget, capacity: Capacity) -> TargetView:
        trackers = {
            policy.name: policy
            for policy in region.policies_of(target.key)
            if policy.kind == TRACKING and not policy.configuration.get("DisableScaleIn")
        }
        alarms = self._alarms.region(region.name)
        calm = {name for name, policy in trackers.items() if policy.low in alarms and alarms[policy.low].state == ALARM}
        view = TargetView(
            capacity=capacity.desired,
            least=target.least,
            most=target.most,
            deploying=capacity.deploying,
            out_suspended=target.suspended["DynamicScalingOutSuspended"],
            in_suspended=target.suspended["DynamicScalingInSuspended"],
            calm=frozenset(calm),
            trackers=frozenset(trackers),
        )
        known = region.cooldowns.get(target.key)
        return view if known is None else replace(view, cooldown=known)

    def capacity(self, region: Region, target: ScalableTarget) -> Capacity | None:
        """The capacity of a target's resource; None when the resource has gone."""
        return self._services[target.namespace].capacity(region.name, target.resource)

    def scale(self, region: Region, target: ScalableTarget, count: int, cause: str, now: float) -> None:
        """Set a target's capacity, and note the activity."""
        activity = region.begin(target.key, f"Setting desired count to {count}.", cause, now)
        activity.wanted = count
        activity.message = f"Successfully set desired count to {count}. Waiting for change to be fulfilled by ecs."
        self._services[target.namespace].set_capacity(region.name, target.resource, count, now)

    # -- bounds and schedules ------------------------------------------------------------------------------------------

    def bring_inside(self, region: Region, target: ScalableTarget, now: float) -> None:
        """Bring a capacity that is outside its bounds inside."""
        capacity = self.capacity(region, target)
        if capacity is None:
            return
        if capacity.desired < target.least:
            self.scale(region, target, target.least, f"minimum capacity was set to {target.least}", now)
        elif capacity.desired > target.most:
            self.scale(region, target, target.most, f"maximum capacity was set to {target.most}", now)

    def _follow(self, region: Region, action: ScheduledAction, now: float) -> None:
        rate = isinstance(action.schedule, Rate)
        read = now * self._clock.speed if rate else self._clock.calendar()
        if action.due is None:
            return
        if read < action.due:
            self._wake_at(now + (action.due - read) / self._clock.speed)
            return
        fired, action.due = action.due, action.schedule.after(read)
        moment = now if rate else fired
        target = region.targets.get((action.resource, action.dimension))
        outside = (action.start is not None and moment < action.start) or (
            action.end is not None and moment > action.end
        )
        if target is None or outside or target.suspended["ScheduledScalingSuspended"]:
            return
        target.least = action.change.get("MinCapacity", target.least)
        target.most = action.change.get("MaxCapacity", target.most)
        words = [
            f"{name} capacity to {action.change[member]}"
            for name, member in (("min", "MinCapacity"), ("max", "MaxCapacity"))
            if member in action.change
        ]
        what = " and ".join(words)
        cause = f"scheduled action name {action.name} was triggered"
        activity = region.begin(target.key, f"Setting {what}", cause, now)
        activity.end(SUCCESSFUL, f"Successfully set {what}", now)
        if target.least > target.most:  # an action that sets one bound beyond the other moves both, as on AWS
            target.least = target.most = action.change.get("MinCapacity", target.most)
        self.bring_inside(region, target, now)

    # -- how activities end --------------------------------------------------------------------------------------------

    def _settle(self, region: Region, target: ScalableTarget, now: float) -> None:
        for activity in region.activities:
            if (activity.resource, activity.dimension) == target.key and activity.status == IN_PROGRESS:
                self._look(activity, self.capacity(region, target), now)
                return

    def _look(self, activity: Activity, capacity: Capacity | None, now: float) -> None:
        done = f"Successfully set desired count to {activity.wanted}."
        if capacity is None:
            activity.end(FAILED, "The resource does not exist any more.", now)
        elif capacity.desired != activity.wanted:
            activity.end(UNFULFILLED, f"{done} Found it was later changed to {capacity.desired}.", now)
        elif capacity.running == activity.wanted:
            activity.end(SUCCESSFUL, f"{done} Change successfully fulfilled by ecs.", now)
        elif now - activity.started > self._clock.real(PATIENCE_SECONDS):
            activity.end(UNFULFILLED, f"{done} Only {capacity.running} are running; see the service's events.", now)


def _triggers(alarm: Alarm, policy: Policy) -> list[Trigger]:
    if policy.rule is None:
        return []
    direction = ""
    if policy.kind == TRACKING:
        direction = OUT if alarm.name == policy.high else IN
    # one quiet minute is no reason to scale in: the busiest of those that the low alarm looks at is
    seen = alarm.peak if direction == IN else alarm.value
    metric = seen if seen is not None else alarm.rule.threshold
    return [Trigger(policy.name, alarm.name, policy.rule, metric, alarm.rule.threshold, direction)]


def _note_not_scaled(
    region: Region, target: ScalableTarget, desired: int, decision: Decision, cause: str, now: float
) -> None:
    assert decision.not_scaled is not None
    reason = {"Code": decision.not_scaled.code, "CurrentCapacity": desired}
    if decision.not_scaled.code == "AlreadyAtMaxCapacity":
        reason["MaxCapacity"] = target.most
    if decision.not_scaled.code == "AlreadyAtMinCapacity":
        reason["MinCapacity"] = target.least
    last = next((one for one in region.activities if (one.resource, one.dimension) == target.key), None)
    if last is not None and last.not_scaled == reason and last.cause == cause:
        last.ended = now  # the same again: one line for all of it
        return
    made = Activity(str(uuid.uuid4()), *target.key, "Attempting to scale due to alarm triggered", cause, now, ended=now)
    made.status, made.not_scaled = FAILED, reason
    made.message = f"Not scaled: {decision.not_scaled.why}."
    region.activities.appendleft(made)
