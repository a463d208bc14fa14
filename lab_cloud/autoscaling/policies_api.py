"""Operations on the scaling policies of groups.

References
----------
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
"""

import math
import uuid
from typing import Any

from ..clock import Clock
from ..cloudwatch.alarm_store import AlarmStore
from ..cloudwatch.query import queries_of
from ..errors import AwsError
from ..scaling import steps
from ..scaling.steps import Step, StepPolicy
from ..scaling.tracking import HIGH_PERIODS, LOW_PART, LOW_PERIODS, TrackingPolicy
from ..wire import Call
from .acting import Acting
from .checks import invalid
from .group import Group
from .groups_api import cut
from .outside import Watch
from .policy import PREDICTIVE, SIMPLE, STEP, TRACKING, GroupPolicy
from .store import GroupStore

PREDEFINED = {
    "ASGAverageCPUUtilization": "CPUUtilization",
    "ASGAverageNetworkIn": "",
    "ASGAverageNetworkOut": "",
    "ALBRequestCountPerTarget": "",
}
MANAGED = "ECSManagedAutoScalingPolicy-"


class PolicyOperations:
    """Put, execute, delete and describe policies."""

    _clock: Clock
    _store: GroupStore
    _alarms: AlarmStore
    _watch: Watch
    _acting: Acting

    def put_scaling_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Make a policy, or replace one; a target tracking policy brings its two alarms."""
        region = self._store.region(call.region)
        group = region.find(params["AutoScalingGroupName"])
        kind, name = params.get("PolicyType") or SIMPLE, params["PolicyName"]
        old = region.policies.get((group.name, name))
        if old is not None and old.kind != kind:
            raise invalid(f"The policy {name} is of the type {old.kind}. Delete it first to change its type.")
        where = f"arn:aws:autoscaling:{call.region}:{call.account}:scalingPolicy:{uuid.uuid4()}"
        arn = old.arn if old else f"{where}:autoScalingGroupName/{group.name}:policyName/{name}"
        made = GroupPolicy(name, arn, group.name, kind, _rule(kind, params), dict(params))
        made.warmup, made.enabled = params.get("EstimatedInstanceWarmup"), params.get("Enabled", True)
        if isinstance(made.rule, TrackingPolicy):
            metric = _metric(params["TargetTrackingConfiguration"], group.name)
            made.high, made.low = self._make_alarms(call, made, metric, old)
        region.policies[group.name, name] = made
        return {"PolicyARN": arn, "Alarms": self._alarms_of(call, made)}

    def _make_alarms(
        self, call: Call, policy: GroupPolicy, metric: dict[str, Any], old: GroupPolicy | None
    ) -> tuple[str, str]:
        assert isinstance(policy.rule, TrackingPolicy)
        stem = f"TargetTracking-{policy.group}"
        high = old.high if old is not None else f"{stem}-AlarmHigh-{uuid.uuid4()}"
        low = old.low if old is not None else f"{stem}-AlarmLow-{uuid.uuid4()}"
        common = {
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
            "AlarmActions": [policy.arn],
            **metric,
        }
        # ECS's own policy looks at one minute only before it scales out, and scales in below its target
        managed = policy.name.startswith(MANAGED)
        target, periods = policy.rule.target, 1 if managed else HIGH_PERIODS
        above = {"Threshold": target, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": periods}
        below = {
            "Threshold": target if managed else target * LOW_PART,
            "ComparisonOperator": "LessThanThreshold",
            "EvaluationPeriods": LOW_PERIODS,
        }
        self._watch.put_metric_alarm(call, {"AlarmName": high, **common, **above})
        if policy.rule.scale_in:
            self._watch.put_metric_alarm(call, {"AlarmName": low, **common, **below})
        else:
            self._watch.delete_alarms(call, {"AlarmNames": [low]})
        return high, low

    def _alarms_of(self, call: Call, policy: GroupPolicy) -> list[dict[str, str]]:
        alarms = self._alarms.region(call.region).values()
        found = [alarm for alarm in alarms if policy.arn in alarm.settings.get("AlarmActions", ())]
        return [{"AlarmName": alarm.name, "AlarmARN": alarm.arn} for alarm in sorted(found, key=lambda one: one.name)]

    def execute_policy(self, call: Call, params: dict[str, Any]) -> None:
        """Carry a simple or step policy out now."""
        _group, policy = self._find_policy(call, params)
        if policy.kind not in (SIMPLE, STEP):
            raise invalid(f"A policy of the type {policy.kind} cannot be executed.")
        value, threshold = params.get("MetricValue"), params.get("BreachThreshold")
        if policy.kind == STEP and (value is None or threshold is None):
            raise invalid("MetricValue and BreachThreshold are required to execute a step scaling policy.")
        why = self._acting.execute(call.region, policy, value or 0.0, threshold or 0.0, params.get("HonorCooldown"))
        if why:
            raise AwsError("ScalingActivityInProgress", why)

    def delete_policy(self, call: Call, params: dict[str, Any]) -> None:
        """Delete a policy, with the alarms that it brought."""
        _group, policy = self._find_policy(call, params)
        self._delete_policy(call, policy)

    def _delete_policy(self, call: Call, policy: GroupPolicy) -> None:
        if policy.high:
            self._watch.delete_alarms(call, {"AlarmNames": [policy.high, policy.low]})
        del self._store.region(call.region).policies[policy.group, policy.name]

    def _find_policy(self, call: Call, params: dict[str, Any]) -> tuple[Group, GroupPolicy]:
        region = self._store.region(call.region)
        name, group = params["PolicyName"], params.get("AutoScalingGroupName")
        for policy in region.policies.values():
            if name == policy.arn or (name == policy.name and group in (None, policy.group)):
                return region.find(policy.group), policy
        raise invalid("PolicyName not found")

    def describe_policies(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The policies of a group, or all."""
        region, group = self._store.region(call.region), params.get("AutoScalingGroupName")
        if group:
            region.find(group)
        names, kinds = params.get("PolicyNames"), params.get("PolicyTypes")
        found = [
            policy
            for policy in region.policies.values()
            if group in (None, "", policy.group)
            and (not names or policy.name in names or policy.arn in names)
            and (not kinds or policy.kind in kinds)
        ]
        shown, token = cut(found, params, 50, 100)
        described = [policy.describe(self._alarms_of(call, policy)) for policy in shown]
        return {"ScalingPolicies": described, "NextToken": token}


def _rule(kind: str, given: dict[str, Any]) -> StepPolicy | TrackingPolicy | None:
    if kind == PREDICTIVE:
        return None
    if kind == TRACKING:
        asked = given.get("TargetTrackingConfiguration")
        if not asked:
            raise invalid("TargetTrackingConfiguration is required for a target tracking policy.")
        target = asked["TargetValue"]
        if not math.isfinite(target) or target <= 0:
            raise invalid(f"TargetValue must be greater than 0, not {target:g}.")
        return TrackingPolicy(float(target), 0.0, 0.0, not asked.get("DisableScaleIn", False))
    if kind not in (SIMPLE, STEP):
        raise invalid(f"The policy type {kind} is not valid.")
    adjustment = given.get("AdjustmentType")
    if adjustment not in (steps.CHANGE, steps.PERCENT, steps.EXACT):
        raise invalid(f"AdjustmentType must be {steps.CHANGE}, {steps.PERCENT} or {steps.EXACT}.")
    magnitude = given.get("MinAdjustmentMagnitude") or given.get("MinAdjustmentStep") or 0
    if magnitude and adjustment != steps.PERCENT:
        raise invalid("MinAdjustmentMagnitude goes with PercentChangeInCapacity only.")
    if kind == SIMPLE:
        if given.get("StepAdjustments") or given.get("ScalingAdjustment") is None:
            raise invalid("A simple scaling policy needs ScalingAdjustment, and has no StepAdjustments.")
        only = Step(-math.inf, math.inf, given["ScalingAdjustment"])
        return StepPolicy(adjustment, (only,), float(given.get("Cooldown", -1)), magnitude)
    if given.get("ScalingAdjustment") is not None or given.get("Cooldown") is not None:
        raise invalid("ScalingAdjustment and Cooldown are not supported for step scaling policies.")
    found = [
        Step(
            one.get("MetricIntervalLowerBound", -math.inf),
            one.get("MetricIntervalUpperBound", math.inf),
            one["ScalingAdjustment"],
        )
        for one in given.get("StepAdjustments") or ()
    ]
    wrong = steps.problem(found, adjustment)
    if wrong:
        raise invalid(wrong)
    ordered = tuple(sorted(found, key=lambda step: step.lower))
    return StepPolicy(adjustment, ordered, 0.0, magnitude, given.get("MetricAggregationType") or "Average")


def _metric(given: dict[str, Any], group: str) -> dict[str, Any]:
    predefined, custom = given.get("PredefinedMetricSpecification"), given.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise invalid("Give either PredefinedMetricSpecification or CustomizedMetricSpecification, and not both.")
    if predefined is not None:
        kind = predefined["PredefinedMetricType"]
        if not PREDEFINED.get(kind):
            raise invalid(f"The embedded cloud measures ASGAverageCPUUtilization of groups, not {kind}.")
        dimensions = [{"Name": "AutoScalingGroupName", "Value": group}]
        return {
            "MetricName": PREDEFINED[kind],
            "Namespace": "AWS/EC2",
            "Dimensions": dimensions,
            "Statistic": "Average",
            "Period": 60,
        }
    assert custom is not None
    if custom.get("Metrics"):
        metrics = [
            {**one, "MetricStat": {"Period": 60, **one["MetricStat"]}} if "MetricStat" in one else dict(one)
            for one in custom["Metrics"]
        ]
        queries_of(metrics, "ValidationError")
        return {"Metrics": metrics}
    for name in ("MetricName", "Namespace", "Statistic"):
        if not custom.get(name):
            raise invalid(f"CustomizedMetricSpecification needs {name}, unless it has Metrics.")
    return {
        "MetricName": custom["MetricName"],
        "Namespace": custom["Namespace"],
        "Dimensions": custom.get("Dimensions") or [],
        "Statistic": custom["Statistic"],
        "Period": 60,
    }
