"""Carries out the policies and the scheduled changes of groups.

While new instances warm up, what they add counts as part of the next scale-out, and nothing is scaled in; a simple
policy waits for its cooldown. Which capacity comes of several policies is decided as for Application Auto Scaling.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from ..clock import Clock
from ..cloudwatch.alarm import ALARM, Alarm
from ..cloudwatch.alarm_store import AlarmStore
from ..scaling.decide import IN, OUT, Cooldown, TargetView, Trigger, decide
from ..scaling.steps import StepPolicy
from .group import Group, stamp
from .policy import SIMPLE, TRACKING, GroupPolicy
from .store import GroupStore, Region

DEFAULT_WARMUP = 300.0
DEFAULT_COOLDOWN = 300.0

Wished = Callable[[str, str, str], int | None]
"""Given region, name of a policy, and direction: the capacity that ECS asks for in its name, or None."""


class Acting:
    """The reconciler of policies.

    Parameters
    ----------
    clock : Clock
        The time and the speed.
    store : GroupStore
        Groups and policies.
    alarms : AlarmStore
        The alarms that call policies.
    wake_at : callable
        Asks for a tick at a moment.
    """

    def __init__(self, clock: Clock, store: GroupStore, alarms: AlarmStore, wake_at: Callable[[float], None]) -> None:
        self._clock = clock
        self._store = store
        self._alarms = alarms
        self._wake_at = wake_at
        self._called: dict[tuple[str, str], list[Trigger]] = defaultdict(list)
        self.wished: Wished = lambda region, policy, direction: None

    def on_alarm(self, alarm: Alarm, arn: str, now: float) -> str:
        """An alarm calls a policy: note it, so that all that were called in one tick are weighed together."""
        region = self._store.region(alarm.region)
        found = next((policy for policy in region.policies.values() if policy.arn == arn), None)
        if found is None:
            return f"there is no scaling policy {arn}"
        if found.rule is None or not found.enabled:
            return ""
        direction = "" if found.kind != TRACKING else OUT if alarm.name == found.high else IN
        metric = alarm.value if alarm.value is not None else alarm.rule.threshold
        trigger = Trigger(found.name, alarm.name, found.rule, metric, alarm.rule.threshold, direction)
        self._called[alarm.region, found.group].append(trigger)
        return ""

    def execute(self, region: str, policy: GroupPolicy, value: float, threshold: float, honor: bool | None) -> str:
        """Carry out a policy that somebody calls by hand; returns why not, or an empty text."""
        group, now = self._store.region(region).groups[policy.group], self._clock.now()
        if honor and now < group.cooling_until:
            return "The cooldown of the last scaling activity has not ended."
        assert policy.rule is not None
        trigger = Trigger(policy.name, "", policy.rule, value, threshold)
        self._weigh(self._store.region(region), group, [trigger], now)
        return ""

    def tick(self, now: float) -> None:
        """Weigh what was called, and follow the schedules."""
        called, self._called = self._called, defaultdict(list)
        for (name, group_name), triggers in called.items():
            region = self._store.region(name)
            group = region.groups.get(group_name)
            if group is not None and "AlarmNotification" not in group.suspended:
                self._weigh(region, group, triggers, now)
        for region in self._store.regions.values():
            if region.scheduled:
                self._follow(region, now)

    def _weigh(self, region: Region, group: Group, triggers: list[Trigger], now: float) -> None:
        policies = {policy.name: policy for policy in region.policies.values() if policy.group == group.name}
        free = [
            one
            for one in triggers
            if one.policy in policies and (policies[one.policy].kind != SIMPLE or now >= group.cooling_until or not
                                           one.alarm)
        ]  # fmt: skip
        for one in list(free):
            wanted = self.wished(region.name, one.policy, one.direction)
            if wanted is not None:
                free.remove(one)
                self._scale(group, policies[one.policy], one, wanted, now)
        view = self._view(region, group, policies, free, now)
        decision = decide(view, free, now)
        if decision.capacity is not None and decision.trigger is not None:
            self._scale(group, policies[decision.trigger.policy], decision.trigger, decision.capacity, now)

    def _scale(self, group: Group, policy: GroupPolicy, trigger: Trigger, wanted: int, now: float) -> None:
        cause = (
            f"At {stamp(now)} a monitor alarm {trigger.alarm} in state ALARM triggered policy {policy.name}"
            if trigger.alarm
            else f"At {stamp(now)} a user request executed policy {policy.name}"
        )
        wanted = min(max(wanted, group.least), group.most)
        if wanted == group.desired:
            return
        group.want(wanted, cause)
        if policy.kind == SIMPLE and isinstance(policy.rule, StepPolicy):
            own = policy.rule.cooldown
            seconds = own if own >= 0 else group.settings.get("DefaultCooldown", DEFAULT_COOLDOWN)
            group.cooling_until = now + self._clock.real(seconds)

    def _view(
        self,
        region: Region,
        group: Group,
        policies: Mapping[str, GroupPolicy],
        triggers: list[Trigger],
        now: float,
    ) -> TargetView:
        warmups = [self._warmup(group, policies[one.policy]) for one in triggers if policies[one.policy].kind != SIMPLE]
        warm_after = self._clock.real(max(warmups, default=0.0))
        warming = sum(member.served_since is None or now - member.served_since < warm_after for member in group.counted)
        warming += max(group.desired - len(group.counted), 0)
        base = max(group.desired - warming, 0)
        alarms = self._alarms.region(region.name)
        trackers = {
            policy.name: policy
            for policy in policies.values()
            if policy.kind == TRACKING and policy.enabled and policy.low in alarms
        }
        return TargetView(
            capacity=group.desired,
            least=group.least,
            most=group.most,
            cooldown=Cooldown(OUT, float("inf"), base) if warming else Cooldown(),
            in_suspended=bool(warmups) and warming > 0,
            calm=frozenset(name for name, policy in trackers.items() if alarms[policy.low].state == ALARM),
            trackers=frozenset(trackers),
        )

    def _warmup(self, group: Group, policy: GroupPolicy) -> float:
        if policy.warmup is not None:
            return float(policy.warmup)
        usual = group.settings.get("DefaultInstanceWarmup")
        return float(
            usual if usual is not None and usual >= 0 else group.settings.get("DefaultCooldown", DEFAULT_WARMUP)
        )

    def _follow(self, region: Region, now: float) -> None:
        today = self._clock.calendar()
        for key, one in list(region.scheduled.items()):
            if one.due is None:
                continue
            if today < one.due:
                self._wake_at(now + self._clock.real(one.due - today))
                continue
            fired, one.due = one.due, one.schedule.after(today) if one.recurrence else None
            ended = one.end is not None and (one.due is None or one.due > one.end)
            if ended or one.due is None:
                del region.scheduled[key]
            group = region.groups.get(one.group)
            if group is None or "ScheduledActions" in group.suspended or (one.end is not None and fired > one.end):
                continue
            least, most = one.change.get("MinSize", group.least), one.change.get("MaxSize", group.most)
            if least > most:
                continue
            wanted = min(max(one.change.get("DesiredCapacity", group.desired), least), most)
            group.least, group.most = least, most
            sizes = f"min: {least}, max: {most}, desired: {wanted}"
            group.want(wanted, f"At {stamp(now)} a scheduled action update of AutoScalingGroup constraints to {sizes}")
