"""A scalable target on a clock that the test moves, with alarms that the test sets."""

import math
from typing import Any

from lab_cloud.clock import ManualClock
from lab_cloud.cloudwatch.alarm import ALARM, Alarm, Rule
from lab_cloud.cloudwatch.alarm_store import AlarmStore
from lab_cloud.scaling.activity import Activity
from lab_cloud.scaling.outside import Capacity
from lab_cloud.scaling.policy import STEP, TRACKING, Policy
from lab_cloud.scaling.reconciler import Scaling
from lab_cloud.scaling.steps import Step, StepPolicy
from lab_cloud.scaling.store import ScalingStore
from lab_cloud.scaling.target import ECS_DIMENSION, ScalableTarget
from lab_cloud.scaling.tracking import TrackingPolicy

RESOURCE = "service/DemoCluster/web"


class Service:
    """Stands where an ECS service stands: what is wanted runs at once, unless the test says otherwise."""

    def __init__(self, desired: int) -> None:
        self.desired = desired
        self.running: int | None = None
        self.deploying = False
        self.gone = False

    def capacity(self, region: str, resource: str) -> Capacity | None:
        running = self.desired if self.running is None else self.running
        return None if self.gone else Capacity(self.desired, running, self.deploying)

    def set_capacity(self, region: str, resource: str, count: int, now: float) -> None:
        self.desired = count


class Stage:
    """Everything that scales one service."""

    def __init__(self, desired: int = 2, least: int = 1, most: int = 20, speed: float = 1.0) -> None:
        self.clock = ManualClock(speed)
        self.store, self.alarms = ScalingStore(), AlarmStore()
        self.service = Service(desired)
        self.wakes: list[float] = []
        self.scaling = Scaling(self.clock, self.store, self.alarms, {"ecs": self.service}, self.wakes.append)
        self.region = self.store.region("r")
        self.target = ScalableTarget("r", RESOURCE, ECS_DIMENSION, least, most, "role", self.clock.now(), "arn")
        self.region.targets[self.target.key] = self.target

    def policy(self, name: str, given: dict[str, Any]) -> Policy:
        """A policy of a few words: ``target`` makes it target tracking, ``steps`` step scaling."""
        if "target" in given:
            scale_in = given.get("scale_in", True)
            rule: Any = TrackingPolicy(given["target"], given.get("out", 300), given.get("in", 300), scale_in)
            made = self._add(name, TRACKING, rule, {"DisableScaleIn": not scale_in})
            made.high, made.low = f"{name}-high", f"{name}-low"
            self._alarm(made.high, made, given["target"])
            if scale_in:
                self._alarm(made.low, made, given["target"] * 0.9)
            return made
        rows = [
            Step(-math.inf if low is None else low, math.inf if high is None else high, adjustment)
            for low, high, adjustment in given["steps"]
        ]
        rule = StepPolicy(given["kind"], tuple(rows), given.get("cooldown", 300), given.get("magnitude", 0))
        made = self._add(name, STEP, rule, {})
        self._alarm(f"{name}-alarm", made, given["threshold"])
        return made

    def _add(self, name: str, kind: str, rule: Any, configuration: dict[str, Any]) -> Policy:
        made = Policy(name, f"arn-{name}", RESOURCE, ECS_DIMENSION, kind, rule, configuration, self.clock.now())
        self.region.policies[made.key] = made
        return made

    def _alarm(self, name: str, policy: Policy, threshold: float) -> None:
        rule = Rule("GreaterThanThreshold", threshold, 1, 1)
        settings: dict[str, Any] = {"AlarmActions": [policy.arn]}
        self.alarms.region("r")[name] = Alarm(name, f"arn-{name}", "r", rule, (), "m1", settings, created=0.0)

    def minute(self, values: dict[str, float]) -> list[Activity]:
        """Let exactly these alarms be in ALARM with these values, and say what was noted, newest first."""
        before = list(self.region.activities)
        for alarm in self.alarms.region("r").values():
            alarm.state = ALARM if alarm.name in values else "OK"
            if alarm.name in values:
                alarm.value = alarm.peak = values[alarm.name]
                (arn,) = alarm.actions(ALARM)
                assert self.scaling.on_alarm(alarm, arn, self.clock.now()) == ""
        self.scaling.tick(self.clock.now())
        return [one for one in self.region.activities if one not in before]

    def pass_time(self, seconds: float) -> None:
        """Move the clock and let it tick."""
        self.clock.advance(seconds)
        self.scaling.tick(self.clock.now())
